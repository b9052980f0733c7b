import type { Cell } from "../profile/routes.ts";
import type { StreamSpec } from "../profile/stream.ts";
import type { LatencyHistogram } from "./histogram.ts";
import { metricKey } from "./metric-names.ts";
import { streamMetrics } from "./stream-metrics.ts";
import type { Metric, Trend } from "./summary.ts";
import { type RouteTotals, sumOfRoutes, type Totals } from "./totals.ts";

/** A metric before it is written down; thresholds are evaluated on it and reports made from it. */
export type MeasuredMetric =
  /** `unit` is what the histogram counts, microseconds where it is not given. */
  | { type: "trend"; histogram: LatencyHistogram; unit?: "us" | "ms" }
  | { type: "counter"; contains: "default" | "data"; count: number; rate: number }
  | { type: "rate"; passes: number; fails: number }
  | { type: "gauge"; value: number; min: number; max: number };

/** Users over the load, as a gauge. */
export interface UserRange {
  value: number;
  min: number;
  max: number;
}

/** What a run's metrics are named and divided by. */
export interface MeasuredRun {
  model: "closed" | "requests" | "open";
  /** Denominator of rates. */
  loadMs: number;
  users: UserRange;
  cells: readonly Cell[];
  checks: readonly string[];
  /** Where streams are held. */
  stream?: StreamSpec | undefined;
}

/** All metrics of a run by their key, parts by tag (route, check, expected response) included. */
export function metricsOf(totals: Totals, run: MeasuredRun): Map<string, MeasuredMetric> {
  const isOpen = run.model === "open";
  const counter = counterOver(run.loadMs);
  const all = totals.all();
  const { streams } = totals;
  const ofStreams = run.stream !== undefined && streams !== null;
  const metrics = new Map<string, MeasuredMetric>(
    run.stream !== undefined && streams !== null ? streamMetrics(streams, run.stream, counter) : routeMetrics(all, run, {}),
  );
  run.checks.forEach((check, i) => {
    metrics.set(metricKey("checks", { check }), {
      type: "rate",
      passes: totals.checkPasses[i] ?? 0,
      fails: totals.checkFails[i] ?? 0,
    });
  });
  if (run.checks.length > 0)
    metrics.set("checks", { type: "rate", passes: add(totals.checkPasses), fails: add(totals.checkFails) });
  metrics.set("http_req_connecting", { type: "trend", histogram: totals.connecting });
  metrics.set("http_req_tls_handshaking", { type: "trend", histogram: totals.handshaking });
  if (!ofStreams) metrics.set("iterations", requestsOf(all, run));
  if (isOpen) {
    metrics.set("pacer_lag", { type: "trend", histogram: totals.pacerLag });
    metrics.set("late_iterations", counter(totals.late));
    metrics.set("blocked_iterations", counter(totals.blocked));
  }
  metrics.set("vus", { type: "gauge", ...run.users });
  metrics.set("vus_max", { type: "gauge", value: run.users.max, min: run.users.max, max: run.users.max });
  metrics.set("data_received", counter(totals.bytesReceived, "data"));
  metrics.set("data_sent", counter(totals.bytesSent, "data"));
  metrics.set("connections_opened", counter(totals.connectionsOpened));
  metrics.set("tls_handshakes", counter(totals.handshakes));
  metrics.set("tls_resumptions", counter(totals.resumed));
  if (ofStreams) return metrics;
  for (const { tags, sums } of partsOf(totals, run.cells)) {
    for (const [name, metric] of routeMetrics(sums, run, tags)) metrics.set(name, metric);
  }
  return metrics;
}

interface PartTags {
  route?: string;
  class?: string;
}

/** Each route; where there are classes of users each class, and each route by class. */
function* partsOf({ routes }: Totals, cells: readonly Cell[]): Generator<{ tags: PartTags; sums: RouteTotals }> {
  const sumOf = (isPart: (cell: Cell) => boolean) => sumOfRoutes(routes.filter((_, i) => isPart(cells[i] as Cell)));
  for (const route of new Set(cells.map((cell) => cell.route))) {
    yield { tags: { route }, sums: sumOf((cell) => cell.route === route) };
  }
  const ofClasses = cells.filter((cell) => cell.class !== null) as { route: string; class: string }[];
  for (const name of new Set(ofClasses.map((cell) => cell.class))) {
    yield { tags: { class: name }, sums: sumOf((cell) => cell.class === name) };
  }
  for (const { route, class: name } of ofClasses) {
    yield { tags: { route, class: name }, sums: sumOf((cell) => cell.route === route && cell.class === name) };
  }
}

function* routeMetrics(sums: RouteTotals, run: MeasuredRun, tags: PartTags): Generator<[string, MeasuredMetric]> {
  const counter = counterOver(run.loadMs);
  yield [metricKey("http_reqs", tags), requestsOf(sums, run)];
  // k6's rate: passes are the requests that failed.
  yield [metricKey("http_req_failed", tags), { type: "rate", passes: sums.failed, fails: sums.requests - sums.failed }];
  yield [metricKey("http_req_duration", tags), { type: "trend", histogram: merged(sums.ok, sums.bad) }];
  yield [metricKey("http_req_duration", { expected_response: "true", ...tags }), { type: "trend", histogram: sums.ok }];
  yield [metricKey("http_req_duration", { expected_response: "false", ...tags }), { type: "trend", histogram: sums.bad }];
  yield [metricKey("http_req_waiting", tags), { type: "trend", histogram: sums.waiting }];
  if (run.model === "open") {
    yield [metricKey("response_time", tags), { type: "trend", histogram: sums.response }];
    yield [metricKey("dropped_iterations", tags), counter(sums.dropped)];
  }
  const apdex = apdexOf(sums);
  yield [metricKey("apdex", tags), { type: "gauge", value: apdex, min: apdex, max: apdex }];
}

/** All that were made; the rate is of those that ended within the load: answers to a backlog afterwards are no throughput. */
function requestsOf({ requests, drained }: RouteTotals, { loadMs }: MeasuredRun): MeasuredMetric {
  const rate = loadMs > 0 ? ((requests - drained) * 1000) / loadMs : 0;
  return { type: "counter", contains: "default", count: requests, rate };
}

function counterOver(loadMs: number): (count: number, contains?: "default" | "data") => MeasuredMetric {
  return (count, contains = "default") => ({ type: "counter", contains, count, rate: loadMs > 0 ? (count * 1000) / loadMs : 0 });
}

/** APDEX (Apdex Alliance, technical specification 1.1): satisfied count one, tolerating a half, the rest and errors nothing. */
function apdexOf(route: RouteTotals): number {
  const total = route.requests + route.dropped;
  return total === 0 ? 0 : (route.satisfied + route.tolerating / 2) / total;
}

export function merged(ok: LatencyHistogram, bad: LatencyHistogram): LatencyHistogram {
  if (bad.count === 0 && bad.censored === 0) return ok;
  const both = ok.copy();
  both.add(bad);
  return both;
}

function add(counts: readonly number[]): number {
  return counts.reduce((sum, count) => sum + count, 0);
}

const percentiles = { med: 50, "p(50)": 50, "p(90)": 90, "p(95)": 95, "p(99)": 99, "p(99.9)": 99.9 } as const;

/** A trend as in `summary.json`, in milliseconds. */
export function trendOf(histogram: LatencyHistogram, unit: "us" | "ms" = "us"): Trend {
  const beyond: string[] = [];
  const perMs = unit === "us" ? 1000 : 1;
  const ms = (name: string, { us, beyond: isBound }: { us: number; beyond: boolean }) => {
    if (isBound) beyond.push(name);
    return us / perMs;
  };
  const at = (name: keyof typeof percentiles) => ms(name, histogram.percentile(percentiles[name]));
  return {
    type: "trend",
    contains: "time",
    values: {
      count: histogram.count,
      censored: histogram.censored,
      min: histogram.minUs / perMs,
      avg: ms("avg", histogram.mean()),
      med: at("med"),
      max: ms("max", histogram.max()),
      "p(50)": at("p(50)"),
      "p(90)": at("p(90)"),
      "p(95)": at("p(95)"),
      "p(99)": at("p(99)"),
      "p(99.9)": at("p(99.9)"),
    },
    beyond,
    histogram: { unit, encoding: "hdr-v2-b64", data: histogram.encode() },
  };
}

/** A metric as in `summary.json`. */
export function metricOf(source: MeasuredMetric): Metric {
  switch (source.type) {
    case "trend":
      return trendOf(source.histogram, source.unit);
    case "counter":
      return { type: "counter", contains: source.contains, values: { count: source.count, rate: source.rate } };
    case "rate": {
      const { passes, fails } = source;
      return {
        type: "rate",
        contains: "default",
        values: { rate: passes + fails === 0 ? 0 : passes / (passes + fails), passes, fails },
      };
    }
    case "gauge":
      return { type: "gauge", contains: "default", values: { value: source.value, min: source.min, max: source.max } };
  }
}
