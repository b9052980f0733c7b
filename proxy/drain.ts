import type { Server } from "node:http";
import type { Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

export interface DrainTimes {
  /** Between failing readiness and refusing connections. */
  readonly delayMs: number;
  /** From then until what is left is cut. */
  readonly timeoutMs: number;
}

/**
 * Ends a server without cutting a request: readiness fails, then no connection is accepted, idle ones close, each
 * answer in progress finishes, and at the deadline the rest is cut.
 */
export class Drain {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #draining = false;
  #cut = 0;

  constructor(server: Server) {
    this.#server = server;
    // closeAllConnections knows neither a connection in its TLS handshake nor an upgraded one.
    server.on("connection", (socket: Socket) => {
      this.#sockets.add(socket);
      socket.once("close", () => this.#sockets.delete(socket));
    });
  }

  /** True from the moment a shutdown began. Answers then say `Connection: close`. */
  get draining(): boolean {
    return this.#draining;
  }

  /** Readiness check. */
  readonly accepting = (): string | null => (this.#draining ? "draining" : null);

  /**
   * `close` must stop the listener and resolve once every connection has ended.
   * Resolves to the number of connections that were cut at the deadline.
   */
  async run(close: () => PromiseLike<unknown>, times: DrainTimes): Promise<number> {
    this.#draining = true;
    if (times.delayMs > 0) await sleep(times.delayMs);
    // A connection whose answer had begun before the drain was told to stay, so it goes idle and must be looked for.
    const sweep = setInterval(() => this.#server.closeIdleConnections(), 50);
    const deadline = setTimeout(() => this.cutAll(), times.timeoutMs);
    try {
      await close();
    } finally {
      clearInterval(sweep);
      clearTimeout(deadline);
    }
    return this.#cut;
  }

  /** The end of patience: every connection that is left is destroyed. */
  cutAll(): void {
    this.#cut += this.#sockets.size;
    for (const socket of this.#sockets) socket.destroy();
  }
}
