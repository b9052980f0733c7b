/**
 * Threads agree on one clock: milliseconds of the monotonic clock that `process.hrtime` reads, since each thread's
 * `performance.now()` starts at zero with the thread. Measured once a thread; both tick alike.
 */
export const clockOffsetMs = Number(process.hrtime.bigint()) / 1e6 - performance.now();

/** Shared time in milliseconds. */
export function sharedNow(): number {
  return performance.now() + clockOffsetMs;
}
