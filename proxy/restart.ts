export interface RestartTimes {
  readonly firstMs: number;
  readonly maxMs: number;
  /** What has lived for so long does not crash at once. */
  readonly stableMs: number;
}

/** From a quarter of a second, so that a crash costs little, to ten, so that a crash loop costs nothing. */
export const defaultRestart: RestartTimes = { firstMs: 250, maxMs: 10_000, stableMs: 60_000 };

/** The next start of what died, after a wait that doubles each time; those that die together cost one wait. */
export class Restart {
  readonly #times: RestartTimes;
  readonly #run: () => void;
  #due: { readonly timer: NodeJS.Timeout; readonly atMs: number } | null = null;
  #waitMs: number;

  constructor(times: RestartTimes, run: () => void) {
    this.#times = times;
    this.#run = run;
    this.#waitMs = times.firstMs;
  }

  /** Returns in how many milliseconds it will be; one that is due stays as it is. */
  later(): number {
    const nowMs = performance.now();
    if (this.#due !== null) return Math.max(0, Math.round(this.#due.atMs - nowMs));
    const waitMs = this.#waitMs;
    const timer = setTimeout(() => {
      this.#due = null;
      this.#run();
    }, waitMs);
    this.#due = { timer, atMs: nowMs + waitMs };
    this.#waitMs = Math.min(waitMs * 2, this.#times.maxMs);
    return waitMs;
  }

  cancel(): void {
    clearTimeout(this.#due?.timer);
    this.#due = null;
  }

  /** Something died that had lived for so long. */
  livedFor(ms: number): void {
    if (ms >= this.#times.stableMs) this.#waitMs = this.#times.firstMs;
  }
}
