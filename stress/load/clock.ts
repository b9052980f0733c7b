/**
 * Threads agree on one clock: milliseconds of the monotonic clock that `process.hrtime` reads, since each thread's
 * `performance.now()` starts at zero with the thread. Measured once a thread; both tick alike.
 */
export const clockOffsetMs = measureOffset();

/** A thread that loses its CPU between the two readings would be off by that for the whole run: the closest pair counts. */
function measureOffset(): number {
  let closest = Number.POSITIVE_INFINITY;
  let offset = 0;
  for (let i = 0; i < 20; i++) {
    const before = performance.now();
    const shared = Number(process.hrtime.bigint()) / 1e6;
    const after = performance.now();
    if (after - before >= closest) continue;
    closest = after - before;
    offset = shared - (before + after) / 2;
  }
  return offset;
}

/** Shared time in milliseconds. */
export function sharedNow(): number {
  return performance.now() + clockOffsetMs;
}
