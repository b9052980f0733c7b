import { LatencyHistogram } from "../../measure/histogram.ts";
import type { Summary } from "../../measure/summary.ts";
import type { Reading } from "./blocks.ts";

/** One reading a batch of the time series; times since the run started. */
export interface BatchReadings {
  /** The 99th percentile in milliseconds. */
  latency: Reading[];
  /** Requests a second. */
  throughput: Reading[];
}

/**
 * Latency is response time where there is one: what a queue adds is drift too. Observations that exceeded a limit count as
 * that limit, the least they can be. Batches are timed since the load started, which was `loadFromMs` into the run.
 */
export function batchReadings({ batches }: Pick<Summary["timeseries"], "batches">, loadFromMs: number): BatchReadings {
  const last = batches.at(-1);
  const fullMs = Math.max(0, ...batches.map(({ fromMs, toMs }) => toMs - fromMs));
  // A last batch that was cut short is as noisy as it is short.
  const whole = batches.filter((batch) => batch !== last || batch.toMs - batch.fromMs > fullMs / 2);
  const readings = whole.map(({ fromMs, toMs, data, censored, response = data, responseCensored }) => {
    const [served, latency] = [LatencyHistogram.decode(data), LatencyHistogram.decode(response)];
    const beyond = response === data ? censored : responseCensored;
    if (beyond) latency.addCensored(beyond.count, beyond.fromMs * 1000);
    return {
      atMs: loadFromMs + (fromMs + toMs) / 2,
      p99: latency.percentile(99).us / 1000,
      // A batch without an answer has a throughput too, and no logarithm.
      rps: (Math.max(1, served.count) * 1000) / (toMs - fromMs),
    };
  });
  return {
    latency: readings.map(({ atMs, p99 }) => ({ atMs, value: p99 })),
    throughput: readings.map(({ atMs, rps }) => ({ atMs, value: rps })),
  };
}
