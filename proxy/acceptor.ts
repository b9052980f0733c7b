import { createServer, type Server, type Socket } from "node:net";
import { bind } from "./service.ts";

/** Where a service listens. `setting` is the variable that a user changes when the port is taken. */
export interface ListenAddress {
  readonly host: string;
  /** 0: the system chooses. */
  readonly port: number;
  readonly setting: string;
}

/** Whoever serves connections: a worker. */
export interface Taker {
  /**
   * Resolves to false when it takes no more, or has ended before it said that it took this one; to true, too, when the
   * connection has been closed. Never rejects.
   */
  hand(socket: Socket): Promise<boolean>;
}

export interface AcceptorLimits {
  readonly maxWaiting: number;
  readonly waitTimeoutMs: number;
}

const defaultLimits: AcceptorLimits = {
  // A crash loop and a flood of clients must not fill the primary: who comes beyond is cut off at once.
  maxWaiting: 4_096,
  // Nobody waits without end; but on a starved machine a worker gets a connection only now and then, and cutting off those
  // behind would make failures of what was slow. Clients give up sooner.
  waitTimeoutMs: 60_000,
};

/**
 * The listening socket of a service. It accepts connections and hands each to a worker that is free, in turn; where
 * none is, they wait: from a worker's death to the start of the next, none is refused.
 *
 * Not node:cluster's own: that closes the port with the last worker, and forgets a connection handed to one that dies.
 * Here a copy is kept until a worker has said that the connection is its own; only then may it read from it.
 */
export class Acceptor {
  readonly #limits: AcceptorLimits;
  #server: Server | null = null;
  #address: ListenAddress | null = null;
  #port = 0;
  /** In order of arrival. */
  readonly #waiting = new Set<Socket>();
  readonly #takers = new Set<Taker>();
  /** Those that hold no connection which they have not confirmed; the one free for longest first. */
  readonly #free = new Set<Taker>();

  constructor(limits: AcceptorLimits = defaultLimits) {
    this.#limits = limits;
  }

  /** Connections that nobody has yet been free for. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Listens there, and no more at the address before. Resolves to the port as bound. Rejects with BindError; then all is as it was. */
  async listen(address: ListenAddress): Promise<number> {
    const { host, port, setting } = address;
    if (this.#server !== null && this.#address?.host === host && this.#address.port === port) return this.#port;
    // The worker reads; and it has no say in the options of a connection that is accepted here.
    const server = createServer({ pauseOnConnect: true, noDelay: true }, (socket) => this.#accept(server, socket));
    const listen = (at: { host: string; port: number }) =>
      new Promise<void>((resolve, reject) => {
        server.once("error", reject);
        server.listen(at, () => {
          server.off("error", reject);
          resolve();
        });
      });
    const bound = await bind({ server, listen }, host, port, setting);
    // An accept can fail, for want of descriptors; the next one may succeed.
    server.on("error", () => {});
    this.#server?.close();
    this.#server = server;
    this.#address = address;
    this.#port = bound;
    return bound;
  }

  /** From now on it is handed connections. */
  add(taker: Taker): void {
    this.#takers.add(taker);
    this.#free.add(taker);
    this.#pump();
  }

  remove(taker: Taker): void {
    this.#takers.delete(taker);
    this.#free.delete(taker);
  }

  /** Accepts no more; those that wait are cut off, for nobody will serve them. */
  close(): void {
    this.#server?.close();
    this.#server = null;
    for (const socket of this.#waiting) socket.destroy();
  }

  #accept(server: Server, socket: Socket): void {
    socket.on("error", () => {});
    socket.on("close", () => this.#waiting.delete(socket));
    if (server !== this.#server || this.#waiting.size >= this.#limits.maxWaiting) {
      socket.destroy();
      return;
    }
    socket.setTimeout(this.#limits.waitTimeoutMs, () => socket.destroy());
    this.#waiting.add(socket);
    this.#pump();
  }

  #pump(): void {
    for (const socket of this.#waiting) {
      for (const taker of this.#free) {
        this.#waiting.delete(socket);
        this.#free.delete(taker);
        void this.#hand(socket, taker);
        break;
      }
      if (this.#free.size === 0) return;
    }
  }

  async #hand(socket: Socket, taker: Taker): Promise<void> {
    const taken = await taker.hand(socket);
    // Ours is a copy: that it is closed concerns the client no more.
    if (taken || this.#server === null) socket.destroy();
    else if (!socket.destroyed) this.#waiting.add(socket);
    if (!taken) this.remove(taker);
    else if (this.#takers.has(taker)) this.#free.add(taker);
    this.#pump();
  }
}
