export interface AdmissionLimits {
  readonly maxInFlight: number;
  readonly maxQueued: number;
  readonly queueTimeoutMs: number;
}

/** Gauges of now, and counters since start. */
export interface AdmissionStats {
  readonly inFlight: number;
  readonly queued: number;
  readonly refused: number;
  readonly timedOut: number;
}

interface Waiting {
  readonly decide: (admitted: boolean) => void;
  readonly expiresAt: number;
}

/**
 * Bounds the requests in flight and those that wait for a place, first come first served. Beyond both, refusal is
 * immediate: a client that hears no at once can go elsewhere, one that waits makes the overload worse.
 *
 * Whoever was let in calls `leave` once. A request that finds a free place allocates nothing here.
 */
export class Admission {
  readonly #limits: AdmissionLimits;
  // A Set keeps the order of arrival and lets a client that gave up leave from the middle.
  readonly #queue = new Set<Waiting>();
  #inFlight = 0;
  #refused = 0;
  #leaving = 0;
  #timedOut = 0;
  #timer: NodeJS.Timeout | null = null;

  constructor(limits: AdmissionLimits) {
    this.#limits = limits;
  }

  /** True: there was a place, and it is the caller's now. */
  tryEnter(): boolean {
    // While anyone waits every place is taken, so nobody can overtake here.
    if (this.#inFlight >= this.#limits.maxInFlight) return false;
    this.#inFlight++;
    return true;
  }

  /**
   * Queues for a place. `decide` is called once, later, unless the returned function gave the wait up before.
   * Returns null when the queue is full: refused.
   */
  wait(decide: (admitted: boolean) => void): (() => void) | null {
    if (this.#queue.size >= this.#limits.maxQueued) {
      this.#refused++;
      return null;
    }
    const waiting: Waiting = { decide, expiresAt: performance.now() + this.#limits.queueTimeoutMs };
    this.#queue.add(waiting);
    this.#timer ??= setTimeout(() => this.#expire(), this.#limits.queueTimeoutMs).unref();
    return () => {
      this.#queue.delete(waiting);
    };
  }

  /** Gives a place back; it goes to the one who has waited longest. */
  leave(): void {
    for (const next of this.#queue) {
      this.#queue.delete(next);
      next.decide(true);
      return;
    }
    this.#inFlight--;
  }

  /**
   * As `leave`, once the connection of the request is free: undici sees to that at the end of the loop's turn. Who came in
   * before would find every connection taken, and open one more than there should be.
   */
  leaveLater(): void {
    if (this.#leaving++ === 0) setImmediate(settle, this);
  }

  /** The end of the turn: one callback for all that left in it. */
  settle(): void {
    const leaving = this.#leaving;
    this.#leaving = 0;
    // Nobody can come before the turn is over; but those who wait must not, and some of undici's callbacks are behind this one.
    if (this.#queue.size === 0) this.#inFlight -= leaving;
    else setImmediate(leaveAll, this, leaving);
  }

  get isWaitedFor(): boolean {
    return this.#queue.size > 0;
  }

  stats(): AdmissionStats {
    return { inFlight: this.#inFlight, queued: this.#queue.size, refused: this.#refused, timedOut: this.#timedOut };
  }

  /** One timer for all: the wait is the same for everyone, so the first in the queue is the first to expire. */
  #expire(): void {
    this.#timer = null;
    const now = performance.now();
    for (const first of this.#queue) {
      if (first.expiresAt > now) {
        this.#timer = setTimeout(() => this.#expire(), Math.ceil(first.expiresAt - now)).unref();
        return;
      }
      this.#queue.delete(first);
      this.#timedOut++;
      first.decide(false);
    }
  }
}

function settle(admission: Admission): void {
  admission.settle();
}

function leaveAll(admission: Admission, count: number): void {
  for (let i = 0; i < count; i++) admission.leave();
}
