/** A sum over the lives of something whose own count begins at zero in each. Never falls. */
export class Counter {
  #total = 0;
  #last: number | null = null;

  /** Null stays null; the first value is where it begins to count. */
  see(value: number | null): number | null {
    if (value === null) return null;
    const from = this.#last ?? value;
    // below the last one it has begun again without anybody having said so
    this.#total += value < from ? value : value - from;
    this.#last = value;
    return this.#total;
  }

  /** What is seen next began at zero. */
  beginAgain(): void {
    if (this.#last !== null) this.#last = 0;
  }

  get total(): number {
    return this.#total;
  }
}
