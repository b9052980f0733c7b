import { readFileSync } from "node:fs";
import type { ThreadLoad } from "../measure/tally.ts";

/**
 * Between heartbeats. A thread that is held up for shorter than this is caught by chance only, and longer ones are told
 * too short by half of it. A timer may be late by a millisecond or two without meaning anything.
 */
export const heartbeatMs = 10;
const heartbeatToleranceMs = 3;

/** What the calling thread costs, read as differences: CPU time, time it waited for a CPU, time it was held up. */
export class ThreadLoadMeter {
  #wallAt = performance.now();
  #cpuUs = threadCpuUs();
  #runDelayNs = runDelayNs();
  #beatAt = performance.now();
  #stalledMs = 0;

  /** To be called by a timer of `heartbeatMs`: lateness beyond tolerance is time in which the thread could not act. */
  beat(nowMs: number): void {
    this.#countOverdueBeat(nowMs);
    this.#beatAt = nowMs;
  }

  take(nowMs: number): ThreadLoad {
    this.#countOverdueBeat(nowMs);
    const cpuUs = threadCpuUs();
    const delayNs = runDelayNs();
    const load = {
      wallMs: nowMs - this.#wallAt,
      cpuMs: (cpuUs - this.#cpuUs) / 1000,
      runDelayMs: delayNs === null || this.#runDelayNs === null ? null : (delayNs - this.#runDelayNs) / 1e6,
      stalledMs: this.#stalledMs,
    };
    this.#wallAt = nowMs;
    this.#cpuUs = cpuUs;
    this.#runDelayNs = delayNs;
    this.#stalledMs = 0;
    return load;
  }

  /** After a stall this may come before the beat does; the stall belongs to the interval that it was in. */
  #countOverdueBeat(nowMs: number): void {
    const late = nowMs - this.#beatAt - heartbeatMs;
    if (late <= heartbeatToleranceMs) return;
    this.#stalledMs += late;
    this.#beatAt = nowMs - heartbeatMs;
  }
}

function threadCpuUs(): number {
  const { user, system } = process.threadCpuUsage();
  return user + system;
}

/** Second field of schedstat: nanoseconds spent waiting on a run queue, throttled time included. Null off Linux. */
function runDelayNs(): number | null {
  try {
    return Number(readFileSync("/proc/thread-self/schedstat", "latin1").split(" ")[1]);
  } catch {
    return null;
  }
}
