export interface HealthLimits {
  /** Failures in a row that eject. */
  readonly failures: number;
  /** The first ejection lasts this long, each further one twice as long as the one before. */
  readonly ejectMs: number;
}

/** No ejection lasts longer: an upstream that has come back must be noticed. */
const maxEjectMs = 60_000;
/** Checks in a row that must fail: a single one may have met a restart, or a full queue. */
const failedChecks = 2;

/**
 * Whether an upstream should be asked, from how its answers and its health checks went. Requests eject it for a time that
 * doubles; afterwards it is on probation, where one failure ejects it again and one success clears it. Checks eject it
 * until one succeeds. Pure: time is an argument, in milliseconds of any one clock.
 */
export class UpstreamHealth {
  readonly #limits: HealthLimits;
  #failuresInARow = 0;
  #ejectionsInARow = 0;
  #ejectedUntilMs = Number.NEGATIVE_INFINITY;
  #failedChecksInARow = 0;
  #ejections = 0;

  constructor(limits: HealthLimits) {
    this.#limits = limits;
  }

  /** Times it was ejected since start, by requests or by checks. */
  get ejections(): number {
    return this.#ejections;
  }

  isAvailable(nowMs: number): boolean {
    return nowMs >= this.#ejectedUntilMs && this.#failedChecksInARow < failedChecks;
  }

  /** A request was answered. */
  succeeded(nowMs: number): void {
    this.#failuresInARow = 0;
    // An answer to a request from before the ejection proves nothing about now.
    if (nowMs >= this.#ejectedUntilMs) this.#ejectionsInARow = 0;
  }

  /** A request failed for the upstream's sake. Returns for how long that ejects it, 0: not at all. */
  failed(nowMs: number): number {
    if (nowMs < this.#ejectedUntilMs) return 0;
    this.#failuresInARow++;
    if (this.#ejectionsInARow === 0 && this.#failuresInARow < this.#limits.failures) return 0;
    const forMs = Math.min(this.#limits.ejectMs * 2 ** this.#ejectionsInARow, maxEjectMs);
    this.#ejectionsInARow++;
    this.#ejections++;
    this.#failuresInARow = 0;
    this.#ejectedUntilMs = nowMs + forMs;
    return forMs;
  }

  /** A health check ended. Returns true when that changed whether the upstream is asked. */
  checked(healthy: boolean): boolean {
    const before = this.#failedChecksInARow;
    this.#failedChecksInARow = healthy ? 0 : before + 1;
    if (this.#failedChecksInARow === failedChecks) this.#ejections++;
    return before >= failedChecks ? healthy : this.#failedChecksInARow === failedChecks;
  }
}
