import type { IncomingMessage, Server } from "node:http";
import type { FastifyInstance } from "fastify";
import { faultOf } from "./framing.ts";

/** Larger bodies, and those of unknown length, are streamed. */
const gatheredBytes = 65_536;

/**
 * Of bodies that are awaited at once, in each worker: nothing else bounds how many connections have one under way. Beyond it
 * small bodies are streamed like large ones, and their senders are slow clients.
 */
const awaitedBytes = 32 * 1_024 * 1_024;

const kBody = Symbol("body");
type GatheredRequest = IncomingMessage & { [kBody]?: Buffer };

/**
 * Waits for a small body before the request is let in. A client that sends a byte now and then would otherwise hold a
 * place and an upstream connection for as long as it likes: a few dozen of them would stop the edge.
 */
export function gatherBody(app: FastifyInstance<Server>): void {
  let awaited = 0;
  app.addHook("onRequest", ({ raw }: { raw: GatheredRequest }, _reply, done) => {
    const length = Number(raw.headers["content-length"] ?? 0);
    const isStreamed = length > gatheredBytes || raw.headers["transfer-encoding"] !== undefined;
    if (length === 0 || isStreamed || awaited + length > awaitedBytes || faultOf(raw) !== null) {
      done();
      return;
    }
    awaited += length;
    const chunks: Buffer[] = [];
    raw.on("data", (chunk: Buffer) => chunks.push(chunk));
    // A client that leaves half way is nobody's concern yet; the server's request timeout ends one that dawdles.
    raw.on("error", () => {});
    raw.on("close", () => {
      if (raw[kBody] === undefined) awaited -= length;
    });
    raw.on("end", () => {
      awaited -= length;
      raw[kBody] = Buffer.concat(chunks);
      done();
    });
  });
}

/** The whole body where it was gathered, the request to read it from where not. */
export function bodyOf(raw: GatheredRequest): Buffer | IncomingMessage {
  return raw[kBody] ?? raw;
}
