import type { Stage } from "../profile/profile.ts";
import { LatencyHistogram } from "./histogram.ts";
import type { PhaseRow } from "./summary.ts";
import type { Interval } from "./tally.ts";

interface PhaseSums {
  requests: number;
  /** Requests that did not fail; events of streams. */
  answered: number;
  failed: number;
  /** Time that intervals cover, per worker; a stage cut short lasts less than planned. */
  coveredMs: number;
  latency: LatencyHistogram;
}

/** What each stage saw. An interval belongs to the stage its middle falls into; workers end intervals where stages end. */
export class Phases {
  readonly #stages: readonly Stage[];
  readonly #workers: number;
  readonly #unit: PhaseRow["unit"];
  readonly #sums: PhaseSums[];

  constructor(stages: readonly Stage[], workers: number, unit: PhaseRow["unit"]) {
    this.#stages = stages;
    this.#workers = workers;
    this.#unit = unit;
    this.#sums = stages.map(() => ({ requests: 0, answered: 0, failed: 0, coveredMs: 0, latency: new LatencyHistogram() }));
  }

  add(interval: Interval, loadStartMs: number): void {
    const sums = this.#sums[this.stageAt((interval.fromMs + interval.toMs) / 2 - loadStartMs)];
    if (sums === undefined) return;
    sums.coveredMs += interval.toMs - interval.fromMs;
    if (interval.streams !== null) {
      const { counts, times, cut } = interval.streams;
      sums.requests += counts.operations;
      // What failed there are streams, not events.
      sums.answered += counts.operations;
      sums.failed += counts.refused + counts.dropped;
      if (times.gap !== null) sums.latency.addRaw(times.gap);
      if (cut.gap !== null) sums.latency.addCensoredRaw(cut.gap);
      return;
    }
    for (const route of interval.routes) {
      const failures = route.failures.reduce((sum, count) => sum + count, 0);
      const answered = route.ok?.count ?? 0;
      sums.requests += answered + failures;
      sums.answered += answered;
      sums.failed += failures;
      if (route.ok) sums.latency.addRaw(route.ok);
      if (route.bad) sums.latency.addRaw(route.bad);
      if (route.cutService) sums.latency.addCensoredRaw(route.cutService);
    }
  }

  /** Without stages (a fixed number of requests) no interval belongs to one. */
  get isEmpty(): boolean {
    return this.#stages.length === 0;
  }

  /** Whether all stages lie before `atMs` of the load. Without stages nobody knows when it ends. */
  isOver(atMs: number): boolean {
    return !this.isEmpty && atMs >= this.#stages.reduce((sum, { durationMs }) => sum + durationMs, 0);
  }

  /** Index of the stage at `atMs` of the load, -1 outside. */
  stageAt(atMs: number): number {
    let end = 0;
    for (const [i, stage] of this.#stages.entries()) {
      end += stage.durationMs;
      if (atMs >= 0 && atMs < end) return i;
    }
    return -1;
  }

  toSummary(label: (stage: Stage) => string): PhaseRow[] {
    return this.#stages.flatMap((stage, i) => {
      const sums = this.#sums[i];
      if (sums === undefined || sums.coveredMs === 0) return [];
      const durationMs = sums.coveredMs / this.#workers;
      const beyond: string[] = [];
      const at = (p: number) => {
        const { us, beyond: isBound } = sums.latency.percentile(p);
        if (isBound) beyond.push(`p(${p})`);
        return us / 1000;
      };
      return {
        name: label(stage),
        kind: stage.from === stage.to ? ("hold" as const) : ("ramp" as const),
        durationMs,
        from: stage.from,
        to: stage.to,
        unit: this.#unit,
        requests: sums.requests,
        failed: sums.failed,
        rps: (sums.answered * 1000) / durationMs,
        "p(50)": at(50),
        "p(95)": at(95),
        "p(99)": at(99),
        beyond,
      };
    });
  }
}
