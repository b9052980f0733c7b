import type { MetricName } from "../../measure/metric-names.ts";
import type { Metric, ServiceResources, Summary } from "../../measure/summary.ts";
import { isHold } from "../../profile/stages.ts";
import { plateauOf } from "../capacity.ts";

/**
 * `ratio`: compared as B ÷ A, on the logarithm, since noise multiplies. `share`: between 0 and 1 and often 0, compared as
 * the difference B − A.
 */
export type Scale = "ratio" | "share";

export type FigureUnit = "requests/s" | "ms" | "share" | "us" | "bytes";

/** What may be compared, whatever the run. */
export interface FigureKind {
  /** As users name it: `http_req_duration p(95)`, `cpu_per_request proxy`. */
  key: string;
  unit: FigureUnit;
  better: "higher" | "lower";
  scale: Scale;
  /**
   * How far a run of the same thing is taken to stray from the next, where a single run leaves it unknown: a standard
   * deviation of the logarithm, and of a share that of the logarithm of its odds. `docs/methodology.md` has what was measured.
   */
  strayBetweenRuns: number;
}

/** One figure of one run. */
export interface Figure {
  kind: FigureKind;
  value: number;
  /** Only a lower bound: the percentile falls among observations censored at a limit. */
  beyond: boolean;
  /** Smallest step by which it can change, in its own unit: what a spread of zero may hide. */
  resolution: number;
  /** Of a share: what it is a share of. */
  trials: number;
}

const percentiles = ["p(50)", "p(95)", "p(99)"] as const;

/** Durations of which less is better: of requests, and of streams. How long a stream was open follows from the stages. */
const durations = [
  "response_time",
  "http_req_duration",
  "sse_time_to_first_event",
  "sse_event_gap",
  "sse_event_lateness",
  "ws_connecting",
  "ws_round_trip",
  "ws_response_time",
] as const satisfies readonly MetricName[];

const strayOf: Record<(typeof percentiles)[number], number> = { "p(50)": 0.1, "p(95)": 0.15, "p(99)": 0.2 };
const strayOfShare = 0.5;

/** Every figure of a run that can be compared, by key. What the run lacks is left out. */
export function figuresOf(summary: Summary): Map<string, Figure> {
  const figures = [...throughput(summary), ...latencies(summary), ...shares(summary), ...resources(summary)];
  const usable = figures.filter(({ value }) => Number.isFinite(value) && value >= 0);
  return new Map(usable.map((figure) => [figure.kind.key, figure]));
}

function* throughput({ capacity }: Summary): Generator<Figure> {
  const [key, value] =
    capacity.sustainedRps === null ? ["average_rps", capacity.averageRps] : ["sustained_rps", capacity.sustainedRps];
  const kind: FigureKind = { key, unit: "requests/s", better: "higher", scale: "ratio", strayBetweenRuns: 0.1 };
  if (value > 0) yield { kind, value, beyond: false, resolution: value * 1e-4, trials: 0 };
}

function* latencies({ metrics }: Summary): Generator<Figure> {
  for (const name of durations) {
    const metric = metrics[name];
    if (metric?.type !== "trend" || metric.values.count + metric.values.censored === 0) continue;
    for (const p of percentiles) {
      const value = metric.values[p];
      const kind: FigureKind = {
        key: `${name} ${p}`,
        unit: "ms",
        better: "lower",
        scale: "ratio",
        strayBetweenRuns: strayOf[p],
      };
      // whole microseconds, and above 2 ms three significant digits
      const resolution = Math.max(0.001, value / 1024);
      yield { kind, value: Math.max(value, 0.001), beyond: metric.beyond.includes(p), resolution, trials: 0 };
    }
  }
}

function* shares({ metrics, generator }: Summary): Generator<Figure> {
  const share = (key: string, count: number, trials: number): Figure => ({
    kind: { key, unit: "share", better: "lower", scale: "share", strayBetweenRuns: strayOfShare },
    value: count / trials,
    beyond: false,
    resolution: 1 / trials,
    trials,
  });
  const failed = rateOf(metrics.http_req_failed);
  if (failed !== null) yield share("http_req_failed", failed.passes, failed.total);
  const checks = rateOf(metrics.checks);
  if (checks !== null) yield share("checks_failed", checks.total - checks.passes, checks.total);
  const dropped = metrics.dropped_iterations;
  if (dropped?.type === "counter" && generator.offered !== null && generator.offered > 0) {
    yield share("dropped_iterations", dropped.values.count, generator.offered);
  }
  const lost = rateOf(metrics.streams_failed);
  if (lost !== null) yield share("streams_failed", lost.passes, lost.total);
  const [opened, ended] = [countOf(metrics.streams_opened), countOf(metrics.streams_dropped)];
  if (opened > 0) yield share("streams_dropped", ended, opened);
}

function rateOf(metric: Metric | undefined): { passes: number; total: number } | null {
  if (metric?.type !== "rate") return null;
  const { passes, fails } = metric.values;
  return passes + fails === 0 ? null : { passes, total: passes + fails };
}

function countOf(metric: Metric | undefined): number {
  return metric?.type === "counter" ? metric.values.count : 0;
}

/** CPU a request and memory, of all services together and of each. */
function* resources(summary: Summary): Generator<Figure> {
  const { resources: services } = summary;
  if (services.length === 0) return;
  const rps = steadyRps(summary);
  const cores = services.map(({ cpu }) => cpu.steadyCores);
  const memory = services.map(steadyMemory);
  if (rps !== null) yield* sumAndParts("cpu_per_request", "us", services, cores, (used) => (used * 1e6) / rps);
  yield* sumAndParts("memory", "bytes", services, memory, (bytes) => bytes);
}

function* sumAndParts(
  name: string,
  unit: FigureUnit,
  services: readonly ServiceResources[],
  values: readonly (number | null)[],
  figure: (value: number) => number,
): Generator<Figure> {
  const one = (key: string, value: number): Figure => ({
    kind: { key, unit, better: "lower", scale: "ratio", strayBetweenRuns: 0.1 },
    value: figure(value),
    beyond: false,
    // the kernel accounts memory in pages, and CPU time in ticks of 10 ms, of which a run has many
    resolution: unit === "bytes" ? 4096 : figure(value) * 1e-3,
    trials: 0,
  });
  const known = values.filter((value) => value !== null);
  if (known.length === services.length) {
    const total = known.reduce((sum, value) => sum + value, 0);
    if (total > 0) yield one(name, total);
  }
  for (const [i, service] of services.entries()) {
    const value = values[i] ?? null;
    if (value !== null && value > 0) yield one(`${name} ${service.name}`, value);
  }
}

/** The rate while the CPU counted as steady: over every constant stage, or over all of a run without stages. */
function steadyRps({ profile, phases, metrics, capacity }: Summary): number | null {
  const holds = phases.filter(({ kind, to }) => kind === "hold" && to > 0);
  const requests = holds.reduce((sum, phase) => sum + phase.requests, 0);
  const seconds = holds.reduce((sum, phase) => sum + phase.durationMs / 1000, 0);
  // Requests that failed cost CPU, too.
  const whole = metrics.http_reqs?.type === "counter" ? metrics.http_reqs.values.rate : capacity.averageRps;
  const rps = profile.load.model === "requests" ? whole : requests / seconds;
  return rps > 0 ? rps : null;
}

/** What a limit would count: resident memory of processes, anonymous memory of containers. */
function steadyMemory({ rss, anon }: ServiceResources): number | null {
  return (rss ?? anon)?.steadyBytes ?? null;
}

/** The stretch of a run's time axis that its sustained rate is from; all of it where no stage was constant. */
export function plateauSpan({ profile, phases, plan }: Summary): { fromMs: number; toMs: number } {
  const everything = { fromMs: 0, toMs: Number.POSITIVE_INFINITY };
  const plateau = plateauOf({ phases, plan });
  if (profile.load.model === "requests" || plateau === null) return everything;
  let fromMs = 0;
  for (const stage of profile.load.stages) {
    const toMs = fromMs + stage.durationMs;
    if (isHold(stage) && stage.to === plateau.to && stage.durationMs >= plateau.durationMs * 0.99) return { fromMs, toMs };
    fromMs = toMs;
  }
  return everything;
}
