import type { ServerResponse } from "node:http";

/**
 * Clients that take their time: over the body they send, or the answer they read. Each holds a place among the requests in
 * flight and an upstream connection, so that a few dozen of them would stop the edge. As long as there is room they are
 * nobody's concern. When others wait for a place, the one that has taken its time for longest goes on beside the requests
 * in flight; there is a number of such places, too, and when they are taken as well the one at it for longest is cut.
 */
export class SlowClients {
  readonly #max: number;
  readonly #othersWait: () => boolean;
  readonly #leave: (response: ServerResponse) => void;
  /** Take their time, in places among the requests in flight; who began first comes first, here and below. */
  readonly #amongRequests = new Set<ServerResponse>();
  /** In places of their own; true: take their time just now. */
  readonly #beside = new Map<ServerResponse, boolean>();
  readonly #known = new WeakSet<ServerResponse>();
  #cut = 0;

  /** `leave` gives back the place among the requests in flight. */
  constructor(max: number, othersWait: () => boolean, leave: (response: ServerResponse) => void) {
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
  waitsFor(response: ServerResponse): void {
    if (response.closed) return;
    if (this.#beside.has(response)) {
      // Behind those that have been at it for longer.
      this.#beside.delete(response);
      this.#beside.set(response, true);
      return;
    }
    if (this.#amongRequests.has(response)) return;
    this.#amongRequests.add(response);
    // One that reads in fits and starts comes by here again and again.
    if (!this.#known.has(response)) {
      this.#known.add(response);
      response.once("close", () => this.#forget(response));
    }
    if (this.#othersWait()) this.makeRoom();
  }

  /** The client has done its part. */
  goesOn(response: ServerResponse): void {
    this.#amongRequests.delete(response);
    if (this.#beside.has(response)) this.#beside.set(response, false);
  }

  /** Somebody waits for a place. */
  makeRoom(): void {
    for (const response of this.#amongRequests) {
      if (this.#beside.size >= this.#max && !this.#cutSlowest()) return;
      this.#amongRequests.delete(response);
      this.#beside.set(response, true);
      this.#leave(response);
      return;
    }
  }

  #cutSlowest(): boolean {
    for (const [response, isSlow] of this.#beside) {
      if (!isSlow) continue;
      this.#beside.delete(response);
      this.#cut++;
      // What was not read or sent is broken off, for the client to see.
      response.destroy();
      return true;
    }
    return false;
  }

  #forget(response: ServerResponse): void {
    this.#amongRequests.delete(response);
    this.#beside.delete(response);
  }
}
