import type { IncomingMessage, Server } from "node:http";
import type { Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { Intake } from "./intake.ts";
import { lingerMs } from "./linger.ts";

export interface DrainTimes {
  /** Between failing readiness and accepting no further connection. */
  readonly delayMs: number;
  /** From then for idle connections to send one more request, whose answer tells the client to go. */
  readonly idleMs: number;
  /** From then until what is left is cut. */
  readonly timeoutMs: number;
}

/** Node keeps the answer in progress and the parser at the socket; an upgraded connection has neither. */
type HttpSocket = Socket & { readonly _httpMessage?: object | null; readonly parser?: object | null };

const sweepMs = 50;
/** A connection is idle when nothing has come for this long: the rest of a request's head follows faster. */
const quietMs = 150;

/**
 * Ends a server without cutting a request: readiness fails, then no connection is accepted; each answer says
 * `Connection: close`; connections that stay idle are closed after a while; at the deadline the rest is cut.
 *
 * A request may be under way to us while we close its connection as idle. It is not executed, and its client sees an
 * orderly end before any byte of an answer, which RFC 9112, 9.3.1 lets it repeat: we end our side alone and go on
 * reading, for to close a socket with unread bytes is to reset it.
 */
export class Drain {
  readonly #server: Server;
  readonly #intake: Intake;
  /** As accepted: closeAllConnections knows neither a connection in its TLS handshake nor an upgraded one. */
  readonly #sockets = new Set<Socket>();
  /** As http sees them: over TLS, the decrypted side. */
  readonly #connections = new Set<HttpSocket>();
  /** Bytes received when last looked at, and since when there were no more. */
  readonly #quiet = new WeakMap<Socket, { bytes: number; sinceMs: number }>();
  /** Our side is ended, since when. */
  readonly #ended = new Map<Socket, number>();
  #draining = false;
  #onEmpty: (() => void) | null = null;
  #cut = 0;
  #idleEndsAtMs = Number.POSITIVE_INFINITY;
  #cutsAtMs = Number.POSITIVE_INFINITY;
  #finished: Promise<number> | null = null;

  constructor(server: Server, intake: Intake) {
    this.#server = server;
    this.#intake = intake;
    server.on("connection", (socket: Socket) => keep(this.#sockets, socket, () => this.#onEmpty?.()));
    const secure = "setSecureContext" in server;
    server.on(secure ? "secureConnection" : "connection", (socket: Socket) => keep(this.#connections, socket));
  }

  /** True from the moment a shutdown began. Answers then say `Connection: close`. */
  get draining(): boolean {
    return this.#draining;
  }

  /** Connections open. */
  get connections(): number {
    return this.#sockets.size;
  }

  /** Readiness check. */
  readonly accepting = (): string | null => (this.#draining ? "draining" : null);

  /**
   * `close` is called once every connection has ended. Resolves to the number of connections that were cut at the
   * deadline. Called again, it hastens the drain that runs, without a delay.
   */
  async run(close: () => PromiseLike<unknown>, times: DrainTimes): Promise<number> {
    const again = this.#draining;
    this.#draining = true;
    if (!again && times.delayMs > 0) await sleep(times.delayMs);
    this.#intake.close();
    const now = performance.now();
    this.#idleEndsAtMs = Math.min(this.#idleEndsAtMs, now + times.idleMs);
    this.#cutsAtMs = Math.min(this.#cutsAtMs, now + times.timeoutMs);
    this.#finished ??= this.#finish(close);
    return this.#finished;
  }

  /** The end of patience: every connection that is left is destroyed. */
  cutAll(): void {
    this.#cutsAtMs = 0;
    this.#cut += this.#sockets.size - this.#ended.size;
    for (const socket of this.#sockets) socket.destroy();
  }

  async #finish(close: () => PromiseLike<unknown>): Promise<number> {
    this.#ignoreLateRequests();
    const sweep = setInterval(() => this.#sweep(), sweepMs);
    if (this.#sockets.size > 0) {
      await new Promise<void>((resolve) => {
        this.#onEmpty = () => this.#sockets.size === 0 && resolve();
      });
    }
    clearInterval(sweep);
    await close();
    return this.#cut;
  }

  #sweep(): void {
    const now = performance.now();
    if (now >= this.#cutsAtMs) this.cutAll();
    for (const socket of this.#connections) {
      const endedAtMs = this.#ended.get(socket);
      if (endedAtMs !== undefined) {
        if (now - endedAtMs >= lingerMs) socket.destroy();
      } else if (this.#isIdle(socket, now) && now >= this.#idleEndsAtMs) {
        this.#ended.set(socket, now);
        socket.once("close", () => this.#ended.delete(socket));
        socket.end();
      }
    }
  }

  #isIdle(socket: HttpSocket, now: number): boolean {
    // Nobody but its own protocol knows what an upgraded connection is doing.
    if (socket.parser == null || socket._httpMessage != null) {
      this.#quiet.delete(socket);
      return false;
    }
    const before = this.#quiet.get(socket);
    if (before?.bytes !== socket.bytesRead) {
      this.#quiet.set(socket, { bytes: socket.bytesRead, sinceMs: now });
      return false;
    }
    return now - before.sinceMs >= quietMs;
  }

  /** What arrives on a connection that we have ended cannot be answered, so it must have no effect. */
  #ignoreLateRequests(): void {
    for (const event of ["request", "checkContinue", "checkExpectation", "upgrade"]) {
      const listeners = this.#server.listeners(event);
      if (listeners.length === 0) continue;
      this.#server.removeAllListeners(event);
      this.#server.on(event, (request: IncomingMessage, ...rest: unknown[]) => {
        if (this.#ended.has(request.socket)) request.resume();
        else for (const listener of listeners) listener.call(this.#server, request, ...rest);
      });
    }
  }
}

function keep(sockets: Set<Socket>, socket: Socket, onClosed?: () => void): void {
  sockets.add(socket);
  socket.once("close", () => {
    sockets.delete(socket);
    onClosed?.();
  });
}
