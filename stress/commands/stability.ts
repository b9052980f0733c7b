import { batchReadings } from "../judge/drift/batches.ts";
import { countsOf, cpuAfterOf, residualOf } from "../judge/drift/comparison.ts";
import { Designs } from "../judge/drift/design.ts";
import { countsShare, falseAlarmShare, gateOf } from "../judge/drift/gate.ts";
import { countGrowthOf } from "../judge/drift/growth.ts";
import { latencyDriftOf, throughputDriftOf } from "../judge/drift/performance.ts";
import { driftOf, type MemorySeries } from "../judge/drift.ts";
import type { Stability, StabilityCheck } from "../measure/drift-summary.ts";
import type { ResourceSample } from "../measure/event.ts";
import type { ServiceResources, Summary } from "../measure/summary.ts";
import { type Span, type Windows, withEdgeReading } from "../resources/windows.ts";

export interface StabilityFacts {
  /** Null for what would fill a tenth of a service's limit, or of its baseline, in 24 hours. */
  harmfulBytesPerHour: number | null;
  resources: readonly ServiceResources[];
  samplesOf: (service: string) => readonly ResourceSample[];
  windows: Windows;
  timeseries: Summary["timeseries"];
}

/** Idle connections that an edge keeps to its upstream for longer than a run watches it: its pool. */
const retainedConnections = 64;

/** Each service with its drift, and the stability of the run as a whole. Pure. */
export function stabilityOf(facts: StabilityFacts): { resources: ServiceResources[]; stability: Stability } {
  const { windows } = facts;
  const share = falseAlarmShare(facts.resources.length);
  const held = longest(windows.steady);
  // Services are read at the same times, more or less, and judged alike.
  const designs = new Designs();
  const resources = facts.resources.map((service) => {
    const samples = facts.samplesOf(service.name);
    const options = {
      limitBytes: service.limits.memoryBytes,
      baselineBytes: (service.rss ?? service.anon)?.preBytes ?? null,
      falseAlarm: share,
      ...(facts.harmfulBytesPerHour !== null && { harmfulBytesPerHour: facts.harmfulBytesPerHour }),
    };
    const drift = driftOf(memoryOf(service, samples, held), options, designs);
    return { ...service, drift };
  });
  const checks = [
    ...facts.resources.flatMap((service) => {
      const samples = facts.samplesOf(service.name);
      const counts = countsOver(service, samples, held);
      const growth = counts === null ? [] : [countGrowthOf(counts, countsShare(facts.resources.length), designs)];
      return [...returnedChecks(service.name, samples, windows), ...growth];
    }),
    ...performanceChecks(facts.timeseries, held, windows.load?.fromMs ?? 0, share),
  ];
  return { resources, stability: gateOf({ memory: resources.map(({ name, drift }) => ({ service: name, drift })), checks }) };
}

function memoryOf(service: ServiceResources, samples: readonly ResourceSample[], held: Span | null): MemorySeries {
  const readings = samples.flatMap(({ atMs, rssBytes }) => (rssBytes === null ? [] : [{ atMs, value: rssBytes }]));
  return { figure: service.source === "process" ? "rss" : "anon", readings, load: held, ...service.samples };
}

function returnedChecks(service: string, samples: readonly ResourceSample[], windows: Windows): StabilityCheck[] {
  const { cold, pre, post } = windows;
  if (pre === null || post === null) return [];
  const read = (figure: (sample: ResourceSample) => number | null) => {
    const within = (span: Span) => withEdgeReading(samples, span).flatMap((sample) => figure(sample) ?? []);
    // What is still closing or being collected right after the load is not what remains.
    return { service, before: within(pre), after: within({ fromMs: (post.fromMs + post.toMs) / 2, toMs: post.toMs }) };
  };
  const asColdRead = (figure: (sample: ResourceSample) => number | null) =>
    cold === null ? [] : samples.filter(({ atMs }) => atMs <= cold.toMs).flatMap((sample) => figure(sample) ?? []);
  const readColdToo = (figure: (sample: ResourceSample) => number | null) => ({ ...read(figure), cold: asColdRead(figure) });
  const known = (figure: (sample: ResourceSample) => number | null) => samples.some((sample) => figure(sample) !== null);
  const [fds, sockets, threads] = [
    (sample: ResourceSample) => sample.fds,
    (sample: ResourceSample) => sample.sockets,
    (sample: ResourceSample) => sample.threads,
  ];
  return [
    residualOf(read(({ rssBytes }) => rssBytes)),
    cpuAfterOf(readColdToo(({ cpuCores }) => cpuCores)),
    ...(known(fds) ? [countsOf("fds", readColdToo(fds), retainedConnections)] : []),
    ...(known(sockets) ? [countsOf("sockets", readColdToo(sockets), retainedConnections)] : []),
    // Threads that the warm-up started are there to stay: no pool of them is closed again.
    ...(known(threads) ? [countsOf("threads", read(threads))] : []),
  ];
}

function performanceChecks(
  timeseries: Summary["timeseries"],
  held: Span | null,
  loadFromMs: number,
  share: number,
): StabilityCheck[] {
  const { latency, throughput } = batchReadings(timeseries, loadFromMs);
  return [latencyDriftOf(latency, held, share), throughputDriftOf(throughput, held, share)];
}

/** Descriptors while the load is constant; sockets where they cannot be counted. Null where neither can. */
function countsOver({ name: service, samples: tally }: ServiceResources, samples: readonly ResourceSample[], load: Span | null) {
  const counted = (figure: (sample: ResourceSample) => number | null) =>
    samples.flatMap((sample) => {
      const value = figure(sample);
      return value === null ? [] : [{ atMs: sample.atMs, value }];
    });
  const [fds, sockets] = [counted(({ fds }) => fds), counted(({ sockets }) => sockets)];
  if (fds.length > 0) return { check: "fds-growth" as const, service, readings: fds, load, ...tally };
  return sockets.length > 0 ? { check: "sockets-growth" as const, service, readings: sockets, load, ...tally } : null;
}

function longest(spans: readonly Span[]): Span | null {
  return spans.reduce<Span | null>(
    (best, span) => (best && best.toMs - best.fromMs >= span.toMs - span.fromMs ? best : span),
    null,
  );
}
