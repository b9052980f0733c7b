/** Whose answer it is: a response of Node's, or a handshake that was refused. */
export interface SlowClient {
  readonly closed: boolean;
  once(event: "close", listener: () => void): unknown;
  destroy(): unknown;
}

/**
 * Clients that take their time: over the body they send, or the answer they read. Each holds a place among the requests in
 * flight and an upstream connection, so that a few dozen of them would stop the edge. As long as there is room they are
 * nobody's concern. When others wait for a place, the one that has taken its time for longest goes on beside the requests
 * in flight; there is a number of such places, too, and when they are taken as well the one at it for longest is cut.
 */
export class SlowClients<Client extends SlowClient> {
  readonly #max: number;
  readonly #othersWait: () => boolean;
  readonly #leave: (client: Client) => void;
  /** Take their time, in places among the requests in flight; who began first comes first, here and below. */
  readonly #amongRequests = new Set<Client>();
  /** In places of their own; true: take their time just now. */
  readonly #beside = new Map<Client, boolean>();
  readonly #known = new WeakSet<Client>();
  #cut = 0;

  /** `leave` gives back the place among the requests in flight. */
  constructor(max: number, othersWait: () => boolean, leave: (client: Client) => void) {
    this.#max = max;
    this.#othersWait = othersWait;
    this.#leave = leave;
  }

  /** In places of their own. */
  get open(): number {
    return this.#beside.size;
  }

  /** Cut since start, because others came. */
  get cut(): number {
    return this.#cut;
  }

  /** From now on it depends on the client when this request goes on. */
  waitsFor(client: Client): void {
    if (client.closed) return;
    if (this.#beside.has(client)) {
      // Behind those that have been at it for longer.
      this.#beside.delete(client);
      this.#beside.set(client, true);
      return;
    }
    if (this.#amongRequests.has(client)) return;
    this.#amongRequests.add(client);
    // One that reads in fits and starts comes by here again and again.
    if (!this.#known.has(client)) {
      this.#known.add(client);
      client.once("close", () => this.forget(client));
    }
    if (this.#othersWait()) this.makeRoom();
  }

  /** The client has done its part. */
  goesOn(client: Client): void {
    this.#amongRequests.delete(client);
    if (this.#beside.has(client)) this.#beside.set(client, false);
  }

  /** Somebody waits for a place. */
  makeRoom(): void {
    for (const client of this.#amongRequests) {
      if (this.#beside.size >= this.#max && !this.#cutSlowest()) return;
      this.#amongRequests.delete(client);
      this.#beside.set(client, true);
      this.#leave(client);
      return;
    }
  }

  #cutSlowest(): boolean {
    for (const [client, isSlow] of this.#beside) {
      if (!isSlow) continue;
      this.#beside.delete(client);
      this.#cut++;
      // What was not read or sent is broken off, for the client to see.
      client.destroy();
      return true;
    }
    return false;
  }

  /** Whatever it does now keeps nobody out. */
  forget(client: Client): void {
    this.#amongRequests.delete(client);
    this.#beside.delete(client);
  }
}
