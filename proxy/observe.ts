import type { Server } from "node:http";
import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import type { FastifyInstance } from "fastify";
import type { Logger } from "./log.ts";
import type { EdgeTally } from "./metrics.ts";
import type { Peer } from "./peer.ts";
import { targetOf } from "./target.ts";

export interface ObserverOptions {
  readonly tally: EdgeTally;
  readonly log: Logger;
  /** Share of requests that get a log line. */
  readonly logSample: number;
  readonly peerOf: (socket: Socket) => Peer;
}

/** A request that is over. */
export interface ObservedRequest {
  /** `-` for bytes that never became a request. */
  readonly requestId: string;
  readonly method: string | null;
  /** With its query string, which is not logged. */
  readonly path: string | null;
  /** 0: the client left before it was answered. */
  readonly status: number;
  /** The answer was written to its end. */
  readonly complete: boolean;
  readonly durationMs: number;
}

/** Counts every request, whatever became of it, and logs a sampled share: one line each. */
export class Observer {
  readonly #options: ObserverOptions;

  constructor(options: ObserverOptions) {
    this.#options = options;
  }

  /** The client of a request that gets a line, null for all others. At its start: a connection that has ended has no address. */
  sample(socket: Socket): Peer | null {
    const { logSample, peerOf } = this.#options;
    return logSample > 0 && Math.random() < logSample ? peerOf(socket) : null;
  }

  /** `client`: as `sample` said. */
  over(client: Peer | null, { requestId, method, path, status, complete, durationMs }: ObservedRequest): void {
    const { tally, log } = this.#options;
    tally.request(status, durationMs);
    if (client === null) return;
    log.info({
      event: "request",
      requestId,
      client: client.address,
      method,
      path: path?.split("?", 1)[0] ?? null,
      status,
      complete,
      durationMs: Math.round(durationMs * 1_000) / 1_000,
    });
  }
}

/** Observes the requests that fastify serves, and counts TLS handshakes. */
export function observe(app: FastifyInstance<Server>, observer: Observer, tally: EdgeTally): void {
  app.addHook("onRequest", (request, { raw }, done) => {
    const startedAt = performance.now();
    const client = observer.sample(request.raw.socket);
    raw.on("close", () => {
      observer.over(client, {
        requestId: request.id,
        method: request.method,
        path: client === null ? null : (targetOf(request.raw)?.path ?? null),
        status: raw.headersSent ? raw.statusCode : 0,
        complete: raw.writableFinished,
        durationMs: performance.now() - startedAt,
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
