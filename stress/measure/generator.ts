import type { ThreadLoad } from "./tally.ts";

/**
 * A worker thread that was running or waiting for a CPU for nearly all of a second had no reserve: whatever was measured
 * in it may be the generator's own limit.
 */
const occupiedShare = 0.95;
/** The same where the thread was held up for this share of a second, by whatever: stopped, throttled, or busy elsewhere. */
const stalledShare = 0.2;
/** A run is the generator's when more than this share of its seconds were, and no single hiccup in a short one. */
const saturatedShare = 0.1;
const fewestSaturated = 2;
/**
 * Or when its thread was held up for this share of the time: so much lower was the rate of a closed model, and a multiple of
 * it the share of requests that took longer for it. Of a process that is stopped for 10 of every 100 ms the heartbeats tell
 * 5 %, of an undisturbed one under 0.5 %. The worst tenth of the seconds is left out: five hundred handshakes at the start
 * hold up a thread for half a second, and a hiccup of the machine may; neither is a limit on the rest.
 */
const heldUpShare = 0.05;
/** Pacer lag that makes an open run invalid. */
export const maxPacerLagP99Ms = 5;

/** Shorter intervals, at the edges of stages, are judged with the next one. */
const shortestMs = 200;

interface WorkerSums {
  /** Intervals judged, about a second each, and how many left no reserve. */
  seconds: number;
  saturated: number;
  /** How many were held up for each percent of their time. */
  heldUp: number[];
  judged: ThreadLoad;
  /** Too short to be judged yet. */
  pending: ThreadLoad;
}

const nothing: ThreadLoad = { wallMs: 0, cpuMs: 0, runDelayMs: 0, stalledMs: 0 };

function sum(a: ThreadLoad, b: ThreadLoad): ThreadLoad {
  return {
    wallMs: a.wallMs + b.wallMs,
    cpuMs: a.cpuMs + b.cpuMs,
    runDelayMs: (a.runDelayMs ?? 0) + (b.runDelayMs ?? 0),
    stalledMs: a.stalledMs + b.stalledMs,
  };
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
      heldUp: new Array<number>(101).fill(0),
      judged: nothing,
      pending: nothing,
    }));
  }

  add(worker: number, load: ThreadLoad): void {
    const sums = this.#workers[worker];
    if (sums === undefined) return;
    sums.pending = sum(sums.pending, load);
    if (sums.pending.wallMs < shortestMs) return;
    sums.seconds++;
    if (isSaturated(sums.pending)) sums.saturated++;
    const percent = Math.min(100, Math.round((100 * sums.pending.stalledMs) / sums.pending.wallMs));
    sums.heldUp[percent] = (sums.heldUp[percent] as number) + 1;
    sums.judged = sum(sums.judged, sums.pending);
    sums.pending = nothing;
  }

  /** Cores used by each worker thread. */
  get threadCpu(): number[] {
    return this.#all.map(({ cpuMs, wallMs }) => (wallMs === 0 ? 0 : cpuMs / wallMs));
  }

  /** Share of the time each worker thread waited for a CPU. */
  get runDelay(): number[] {
    return this.#all.map(({ runDelayMs, wallMs }) => (wallMs === 0 ? 0 : (runDelayMs ?? 0) / wallMs));
  }

  get #all(): ThreadLoad[] {
    return this.#workers.map(({ judged, pending }) => sum(judged, pending));
  }

  /** Why the generator was at its limit, one line a cause; empty when it was not. */
  reasons(pacerLagP99Ms: number | null, localLimits: number): string[] {
    const reasons: string[] = [];
    this.#workers.forEach(({ seconds, saturated, heldUp, judged, pending }, i) => {
      const all = sum(judged, pending);
      const percent = (ms: number | null) => `${Math.round((100 * (ms ?? 0)) / all.wallMs)} %`;
      const share =
        `running ${percent(all.cpuMs)}, waiting for a CPU ${percent(all.runDelayMs)}, held up ${percent(all.stalledMs)} ` +
        "of the time";
      // A run of a few milliseconds is judged as one.
      if (seconds === 0 ? isSaturated(all) : isOften(saturated, seconds)) {
        reasons.push(`generator thread ${i + 1} had no reserve in ${saturated} of ${seconds} s: ${share}`);
      } else if (calmestMean(heldUp, seconds) > heldUpShare) {
        reasons.push(`generator thread ${i + 1} was held up: ${share}`);
      }
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

function isOften(saturated: number, seconds: number): boolean {
  return saturated === seconds || (saturated >= fewestSaturated && saturated > saturatedShare * seconds);
}

/** Mean share of the calmest nine tenths of the seconds, given how many had each percent. */
function calmestMean(counts: readonly number[], seconds: number): number {
  const wanted = Math.max(1, Math.floor(seconds * (1 - saturatedShare)));
  let left = wanted;
  let percents = 0;
  for (let percent = 0; left > 0 && percent < counts.length; percent++) {
    const taken = Math.min(left, counts[percent] as number);
    left -= taken;
    percents += taken * percent;
  }
  return percents / wanted / 100;
}
