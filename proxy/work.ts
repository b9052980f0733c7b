/**
 * Burns `cpuUs` microseconds of this thread's CPU and returns how many it took. CPU time, not wall time: on a busy
 * machine the work stays the same and takes longer, as real work does.
 */
export function burnCpu(cpuUs: number): number {
  const start = process.threadCpuUsage();
  let spentUs = 0;
  let value = cpuUs;
  while (spentUs < cpuUs) {
    // About 10 µs between two looks at the clock, which is a system call.
    for (let i = 0; i < 2_000; i++) value = (value * 1_103_515_245 + 12_345) % 2_147_483_648;
    const { user, system } = process.threadCpuUsage(start);
    spentUs = user + system;
  }
  // The product is used, so that no compiler may leave the loop out.
  return value < 0 ? 0 : spentUs;
}
