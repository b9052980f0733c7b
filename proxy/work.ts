/** About 5 µs of work between two looks at the clock. */
const stepsPerSlice = 2_000;
/** A slice that took longer was interrupted: the scheduler gave the CPU to someone else for the rest of it. */
const interruptedMs = 0.1;

/**
 * Burns `cpuUs` microseconds of CPU on this thread and returns how many it took. CPU time, not wall time: on a busy
 * machine the work stays the same and takes longer, as real work does.
 *
 * Short slices on the monotonic clock, each counted up to where it must have been interrupted: the system's own account of a running
 * thread (`process.threadCpuUsage`) moves only with the scheduler's tick, up to 4 ms apart.
 */
export function burnCpu(cpuUs: number): number {
  const wantedMs = cpuUs / 1_000;
  let spentMs = 0;
  let value = cpuUs;
  let before = performance.now();
  while (spentMs < wantedMs) {
    value = step(value);
    const now = performance.now();
    spentMs += Math.min(now - before, interruptedMs);
    before = now;
  }
  // The product is used, so that no compiler may leave the work out.
  return value < 0 ? 0 : Math.round(spentMs * 1_000);
}

/** A linear congruential generator: integer work that no cache and no other process makes shorter. */
function step(seed: number): number {
  let value = seed;
  for (let i = 0; i < stepsPerSlice; i++) value = (Math.imul(value, 1_103_515_245) + 12_345) & 0x7fff_ffff;
  return value;
}
