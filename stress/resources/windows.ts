import type { ResourceSample, RunPhase } from "../measure/event.ts";
import type { CountWindow, MemoryWindow, ServiceResources } from "../measure/summary.ts";
import type { Stage } from "../profile/profile.ts";
import { isHold } from "../profile/stages.ts";
import type { SampleTally } from "./sampler.ts";
import type { SampledService } from "./source.ts";

/** Milliseconds since the run started; both ends belong to it. */
export interface Span {
  fromMs: number;
  toMs: number;
}

/** The stretches of a run whose resources are compared. Null where the run did not come to it. */
export interface Windows {
  /** Before the warm-up, where there is one. */
  cold: Span | null;
  /** Before the load. */
  pre: Span | null;
  /** At a constant level above zero; one span a stage. */
  steady: Span[];
  load: Span | null;
  /** After the last request. */
  post: Span | null;
}

/** A PSS reading stands for an edge when it was taken within this time of it. */
const edgeMs = 1_000;

/**
 * `phases` as they were told, `stages` as their index counts them (none for a fixed number of requests, all of which is
 * steady), `endMs` the end of the run.
 */
export function windowsOf(phases: readonly RunPhase[], stages: readonly Stage[], endMs: number): Windows {
  const spans = phases.map((phase, i) => ({ ...phase, fromMs: phase.atMs, toMs: phases[i + 1]?.atMs ?? endMs }));
  const span = ({ fromMs, toMs }: Span): Span => ({ fromMs, toMs });
  const load = spans.filter(({ kind }) => kind === "load");
  const [first, last] = [load[0], load.at(-1)];
  const pre = spans.filter((phase) => phase.kind === "settle" && phase.fromMs <= (first?.fromMs ?? endMs)).at(-1);
  const post = spans.filter(({ kind }) => kind === "after").at(-1);
  const cold = spans.find(({ kind }) => kind === "cold");
  const steady = load.filter(({ stage }) => {
    const held = stages[stage];
    return stages.length === 0 || (held !== undefined && isHold(held));
  });
  return {
    cold: cold ? span(cold) : null,
    pre: pre ? span(pre) : null,
    steady: steady.map(span),
    load: first && last ? { fromMs: first.fromMs, toMs: last.toMs } : null,
    post: post ? span(post) : null,
  };
}

/** What the windows say of one service. `samples` are its own, oldest first. */
export function serviceResources(
  service: Pick<SampledService, "name" | "limits"> & { source: Pick<SampledService["source"], "kind"> },
  samples: readonly ResourceSample[],
  windows: Windows,
  tally: Omit<SampleTally, "name">,
): ServiceResources {
  const isProcess = service.source.kind === "process";
  const memory = (figure: (sample: ResourceSample) => number | null) => memoryWindow(samples, windows, figure);
  const cpu = cpuSamples(samples);
  const cores = (spans: readonly Span[]) => median(valuesIn(cpu, spans, ({ cores }) => cores));
  const count = (figure: (sample: ResourceSample) => number | null) => countWindow(samples, windows, figure);
  return {
    name: service.name,
    source: service.source.kind,
    rss: isProcess ? memory((sample) => sample.rssBytes) : null,
    pss: isProcess || samples.some(({ pssBytes }) => pssBytes !== null) ? pssWindow(samples, windows) : null,
    anon: isProcess ? null : memory((sample) => sample.rssBytes),
    workingSet: isProcess ? null : memory((sample) => sample.workingSetBytes),
    heap: samples.some(({ heapBytes }) => heapBytes !== null) ? heapWindow(samples, windows) : null,
    cpu: {
      preCores: cores(listed(windows.pre)),
      steadyCores: cores(windows.steady),
      maxCores: largest(valuesIn(cpu, listed(windows.load), (sample) => sample.cores)),
      postCores: cores(listed(windows.post)),
    },
    throttled: throttledIn(samples, windows.load),
    fds: count((sample) => sample.fds),
    sockets: count((sample) => sample.sockets),
    threads: count((sample) => sample.threads),
    pids: count((sample) => sample.pids),
    limits: service.limits,
    restarts: tally.restarts,
    oomKills: tally.oomKills,
    running: tally.up,
    samples: { taken: tally.taken, lost: tally.lost },
  };
}

function memoryWindow(
  samples: readonly ResourceSample[],
  windows: Windows,
  figure: (sample: ResourceSample) => number | null,
): MemoryWindow {
  const within = (spans: readonly Span[]) => median(valuesIn(samples, spans, figure));
  const coldBytes = samples[0] ? figure(samples[0]) : null;
  return compared(coldBytes, within(listed(windows.pre)), within(windows.steady), within(listed(windows.post)));
}

function countWindow(
  samples: readonly ResourceSample[],
  windows: Windows,
  figure: (sample: ResourceSample) => number | null,
): CountWindow {
  const within = (span: Span | null) =>
    lowerMedian((span ? withEdgeReading(samples, span) : []).flatMap((sample) => figure(sample) ?? []));
  return {
    pre: within(windows.pre),
    max: largest(samples.flatMap((sample) => figure(sample) ?? [])),
    post: within(windows.post),
  };
}

/** Between the readings next to the edges of the load; sums run from the start of the run. */
function throttledIn(samples: readonly ResourceSample[], load: Span | null): ServiceResources["throttled"] {
  const sums = samples.flatMap(({ atMs, throttledMs: ms, throttledPeriods: periods }) =>
    ms === null || periods === null ? [] : [{ atMs, ms, periods }],
  );
  if (load === null) return null;
  const from = sums.findLast(({ atMs }) => atMs <= load.fromMs) ?? sums[0];
  const to = sums.find(({ atMs }) => atMs >= load.toMs) ?? sums.at(-1);
  return from && to ? { ms: Math.max(0, to.ms - from.ms), periods: Math.max(0, to.periods - from.periods) } : null;
}

/**
 * The samples of a span, and the one that was taken because it ended: it begins when the span is over. What is costly to
 * read, sockets among many descriptors, is read only then.
 */
export function withEdgeReading(samples: readonly ResourceSample[], { fromMs, toMs }: Span): ResourceSample[] {
  const edge = samples.find(({ atMs }) => atMs > toMs);
  const isEdge = (sample: ResourceSample) => sample === edge && sample.atMs <= toMs + edgeMs / 4;
  return samples.filter((sample) => (sample.atMs >= fromMs && sample.atMs <= toMs) || isEdge(sample));
}

/** The heap is read seldom, and always at the edge with which a phase ends: that reading begins when the phase is over. */
function heapWindow(samples: readonly ResourceSample[], windows: Windows): MemoryWindow {
  const withEdge = (span: Span): Span => ({ ...span, toMs: span.toMs + edgeMs / 4 });
  const { pre, steady, post } = windows;
  const widened = { ...windows, pre: pre && withEdge(pre), steady: steady.map(withEdge), post: post && withEdge(post) };
  return memoryWindow(samples, widened, (sample) => sample.heapBytes);
}

/** PSS is read at phase edges only: at the ends of the settle time, of the last steady stretch, and of the run. */
function pssWindow(samples: readonly ResourceSample[], windows: Windows): MemoryWindow {
  const readings = samples.filter((sample) => sample.pssBytes !== null);
  const at = (edge: number | undefined): number | null => {
    if (edge === undefined) return null;
    const distance = (sample: ResourceSample) => Math.abs(sample.atMs - edge);
    const near = readings.filter((sample) => distance(sample) <= edgeMs).sort((a, b) => distance(a) - distance(b));
    return near[0]?.pssBytes ?? null;
  };
  const cold = readings[0] === samples[0] ? (readings[0]?.pssBytes ?? null) : null;
  return compared(cold, at(windows.pre?.toMs), at(windows.steady.at(-1)?.toMs), at(windows.post?.toMs));
}

function compared(
  coldBytes: number | null,
  preBytes: number | null,
  steadyBytes: number | null,
  postBytes: number | null,
): MemoryWindow {
  const change = (bytes: number | null) => (bytes === null || !preBytes ? null : ((bytes - preBytes) / preBytes) * 100);
  return { coldBytes, preBytes, steadyBytes, postBytes, steadyPct: change(steadyBytes), residualPct: change(postBytes) };
}

/**
 * A sample's CPU covers the time since the sample before it that has one. `fromMs` is that time, so that what the load
 * used last does not count as use after it.
 */
function cpuSamples(samples: readonly ResourceSample[]): { fromMs: number; atMs: number; cores: number }[] {
  let fromMs = samples[0]?.atMs ?? 0;
  return samples.flatMap(({ atMs, cpuCores }) => {
    if (cpuCores === null) return [];
    const sample = { fromMs, atMs, cores: cpuCores };
    fromMs = atMs;
    return [sample];
  });
}

function valuesIn<T extends { atMs: number; fromMs?: number }>(
  samples: readonly T[],
  spans: readonly Span[],
  figure: (sample: T) => number | null,
): number[] {
  const isIn = ({ atMs, fromMs = atMs }: T) => spans.some((span) => fromMs >= span.fromMs && atMs <= span.toMs);
  return samples.filter(isIn).flatMap((sample) => figure(sample) ?? []);
}

function listed(span: Span | null): Span[] {
  return span === null ? [] : [span];
}

function median(values: readonly number[]): number | null {
  const sorted = values.toSorted((a, b) => a - b);
  const [low, high] = [sorted[Math.ceil(sorted.length / 2) - 1], sorted[Math.floor(sorted.length / 2)]];
  return low === undefined || high === undefined ? null : (low + high) / 2;
}

/** Of counts: one that was really read. */
function lowerMedian(values: readonly number[]): number | null {
  return values.toSorted((a, b) => a - b)[Math.ceil(values.length / 2) - 1] ?? null;
}

function largest(values: readonly number[]): number | null {
  return values.reduce<number | null>((most, value) => (most === null || value > most ? value : most), null);
}
