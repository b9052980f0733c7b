import type { Server } from "node:http";
import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import type { FastifyInstance } from "fastify";
import type { Logger } from "./log.ts";
import type { EdgeTally } from "./metrics.ts";
import type { Peer } from "./peer.ts";
import { targetOf } from "./target.ts";

export interface ObserveOptions {
  readonly tally: EdgeTally;
  readonly log: Logger;
  /** Share of requests that get a log line. */
  readonly logSample: number;
  readonly peerOf: (socket: Socket) => Peer;
}

/** Counts every request and TLS handshake, and logs the sampled share of requests: one line each, without query string. */
export function observe(app: FastifyInstance<Server>, { tally, log, logSample, peerOf }: ObserveOptions): void {
  app.addHook("onRequest", (request, { raw }, done) => {
    const startedAt = performance.now();
    // Now: a connection that has ended has no address.
    const peer = logSample > 0 && Math.random() < logSample ? peerOf(request.raw.socket) : null;
    raw.on("close", () => {
      const status = raw.headersSent ? raw.statusCode : 0;
      const durationMs = performance.now() - startedAt;
      tally.request(status, durationMs);
      if (peer === null) return;
      log.info({
        event: "request",
        requestId: request.id,
        client: peer.address,
        method: request.method,
        path: targetOf(request.raw)?.path.split("?", 1)[0] ?? null,
        status,
        complete: raw.writableFinished,
        durationMs: Math.round(durationMs * 1_000) / 1_000,
      });
    });
    done();
  });

  app.server.on("secureConnection", (socket: TLSSocket) => {
    tally.tlsHandshakes++;
    if (socket.isSessionReused()) tally.tlsResumptions++;
  });
  app.server.on("tlsClientError", () => {
    tally.tlsFailures++;
  });
}
