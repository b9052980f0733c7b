import { formatDuration } from "../screen/format.ts";

/** Slewing moves a clock by half a millisecond a second; what moves it more between two looks is no slewing. */
const leastMs = 2_000;

/**
 * Tells when the wall clock has moved against the monotonic one, by which everything in a run is timed: a machine that was
 * suspended sleeps through the one and not through the other, and a clock may be set. Neither harms a figure, and both
 * belong beside them. Pure.
 */
export class ClockWatch {
  #offsetMs: number;

  constructor(wallMs: number, monotonicMs: number) {
    this.#offsetMs = wallMs - monotonicMs;
  }

  /** @returns a line for people when it has moved since the last look, else null. */
  step(wallMs: number, monotonicMs: number): string | null {
    const movedMs = wallMs - monotonicMs - this.#offsetMs;
    this.#offsetMs += movedMs;
    if (Math.abs(movedMs) < leastMs) return null;
    const by = formatDuration(Math.abs(movedMs));
    return movedMs > 0
      ? `the machine was suspended for ${by}, or its clock was set forward: the run counts the time that it was awake`
      : `the machine's clock was set back by ${by}: the run goes by another, and only its start and end are told by it`;
  }
}
