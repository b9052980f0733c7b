import type { Connection } from "./connection.ts";

/** First in, first out, in a ring of fixed size: the longest idle connection is used next, so that none goes stale unused. */
export class FreeList {
  readonly #ring: (Connection | null)[];
  #head = 0;
  #length = 0;

  constructor(capacity: number) {
    this.#ring = new Array<Connection | null>(Math.max(1, capacity)).fill(null);
  }

  get isEmpty(): boolean {
    return this.#length === 0;
  }

  push(connection: Connection): void {
    this.#ring[(this.#head + this.#length++) % this.#ring.length] = connection;
  }

  shift(): Connection | null {
    if (this.#length === 0) return null;
    const connection = this.#ring[this.#head] as Connection;
    this.#ring[this.#head] = null;
    this.#head = (this.#head + 1) % this.#ring.length;
    this.#length--;
    return connection;
  }
}
