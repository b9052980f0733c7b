import type { ThreadLoad } from "./tally.ts";

/**
 * A worker thread that was running or waiting for a CPU for nearly all of a second had no reserve: whatever was measured
 * in it may be the generator's own limit.
 */
const occupiedShare = 0.95;
/** Heartbeats late by more than this share of a second: the thread was held up by something no CPU figure shows. */
const stalledShare = 0.2;
/** A run is the generator's when more than this share of its seconds were. */
const saturatedShare = 0.1;
/** Pacer lag that makes an open run invalid. */
export const maxPacerLagP99Ms = 5;

interface WorkerSums {
  seconds: number;
  saturated: number;
  wallMs: number;
  cpuMs: number;
  runDelayMs: number;
  stalledMs: number;
}

/** Share of the interval in which the thread was running or runnable. */
export function occupancyOf(load: ThreadLoad): number {
  return load.wallMs === 0 ? 0 : Math.min(1, (load.cpuMs + (load.runDelayMs ?? 0)) / load.wallMs);
}

export function isSaturated(load: ThreadLoad): boolean {
  return occupancyOf(load) > occupiedShare || load.stalledMs / load.wallMs > stalledShare;
}

/** Sums up what the worker threads cost, to tell the target's limit from the generator's. */
export class GeneratorEvidence {
  readonly #workers: WorkerSums[];

  constructor(workers: number) {
    this.#workers = Array.from({ length: workers }, () => ({
      seconds: 0,
      saturated: 0,
      wallMs: 0,
      cpuMs: 0,
      runDelayMs: 0,
      stalledMs: 0,
    }));
  }

  add(worker: number, load: ThreadLoad): void {
    const sums = this.#workers[worker];
    // Slivers of an interval at the edges of a stage say nothing.
    if (sums === undefined || load.wallMs < 200) return;
    sums.seconds++;
    if (isSaturated(load)) sums.saturated++;
    sums.wallMs += load.wallMs;
    sums.cpuMs += load.cpuMs;
    sums.runDelayMs += load.runDelayMs ?? 0;
    sums.stalledMs += load.stalledMs;
  }

  /** Cores used by each worker thread. */
  get threadCpu(): number[] {
    return this.#workers.map(({ cpuMs, wallMs }) => (wallMs === 0 ? 0 : cpuMs / wallMs));
  }

  /** Share of the time each worker thread waited for a CPU. */
  get runDelay(): number[] {
    return this.#workers.map(({ runDelayMs, wallMs }) => (wallMs === 0 ? 0 : runDelayMs / wallMs));
  }

  /** Why the generator was at its limit, one line a cause; empty when it was not. */
  reasons(pacerLagP99Ms: number | null, localLimits: number): string[] {
    const reasons: string[] = [];
    this.#workers.forEach((sums, i) => {
      if (sums.seconds === 0 || sums.saturated / sums.seconds <= saturatedShare) return;
      const percent = (ms: number) => `${Math.round((100 * ms) / sums.wallMs)} %`;
      reasons.push(
        `generator thread ${i + 1} had no reserve in ${sums.saturated} of ${sums.seconds} s: running ${percent(sums.cpuMs)}, ` +
          `waiting for a CPU ${percent(sums.runDelayMs)}, held up ${percent(sums.stalledMs)} of the time`,
      );
    });
    if (pacerLagP99Ms !== null && pacerLagP99Ms > maxPacerLagP99Ms) {
      reasons.push(`pacer lag p(99) ${pacerLagP99Ms.toFixed(1)} ms, above ${maxPacerLagP99Ms} ms`);
    }
    if (localLimits > 0) {
      reasons.push(`${localLimits} connections failed for want of local ports, descriptors or memory`);
    }
    return reasons;
  }
}
