import { LatencyHistogram } from "../measure/histogram.ts";
import { trendOf } from "../measure/metrics.ts";
import { LatencyRecorder } from "../measure/recorder.ts";
import type { Summary, Trend } from "../measure/summary.ts";
import { type ExampleOptions, exampleSummary } from "./example-summary.ts";

/** As `exampleSummary`, with a run over time and distributions in it; invented likewise, and the same every time. */

export interface ExampleSeriesOptions extends ExampleOptions {
  rows?: number;
  batches?: number;
}

/** Latencies in microseconds from 1 to 100 ms and a few up to a second, as many as asked for. */
export function exampleLatencies(count: number): LatencyHistogram {
  const recorder = new LatencyRecorder();
  for (let i = 0; i < count; i++) recorder.record(i % 1000 === 999 ? 1000 - i / 1000 : 1 + ((i * 7919) % 99_000) / 1000);
  const histogram = new LatencyHistogram();
  const raw = recorder.take();
  if (raw !== null) histogram.addRaw(raw);
  return histogram;
}

export function exampleSeries({ rows = 240, batches = 120, ...options }: ExampleSeriesOptions = {}): Summary {
  const summary = exampleSummary(options);
  const intervalMs = Math.round(summary.state.testRunDurationMs / rows);
  const services = summary.resources.map(({ name, source }) => ({ name, memory: source === "process" ? "rss" : "anon" }));
  const data = exampleLatencies(2000).encode();
  const lengthMs = summary.state.testRunDurationMs / batches;
  return {
    ...summary,
    metrics: Object.fromEntries(
      Object.entries(summary.metrics).map(([name, metric]) => [name, metric.type === "trend" ? distributed(metric) : metric]),
    ),
    timeseries: {
      intervalMs,
      columns: [
        ...["t_ms", "users", "requests", "failed", "p50_ms", "p95_ms", "p99_ms", "max_ms"],
        ...services.flatMap(({ name, memory }) => [`${memory}:${name}`, `cpu:${name}`]),
      ],
      rows: Array.from({ length: rows }, (_, row) => [
        (row + 1) * intervalMs,
        50,
        2000 + ((row * 37) % 400),
        summary.failures.length > 0 ? row % 7 : 0,
        8 + ((row * 3) % 5) / 7,
        14 + ((row * 5) % 11) / 7,
        23 + ((row * 7) % 17) / 7,
        61 + ((row * 11) % 29) / 7,
        ...services.flatMap(() => [(100 + row / 50) * 2 ** 20 + row * 4096, 0.5 + ((row * 13) % 50) / 100]),
      ]),
      batches: Array.from({ length: batches }, (_, batch) => ({ fromMs: batch * lengthMs, toMs: (batch + 1) * lengthMs, data })),
    },
  };
}

/** Figures that follow from a distribution, with the censored observations and the thresholds of `trend`. */
function distributed({ values, thresholds }: Trend): Trend {
  const histogram = exampleLatencies(20_000);
  histogram.addCensored(values.censored, 30_000_000);
  return { ...trendOf(histogram), ...(thresholds === undefined ? {} : { thresholds }) };
}
