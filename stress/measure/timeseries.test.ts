import { describe, expect, test } from "vitest";
import { LatencyHistogram } from "./histogram.ts";
import { LatencyRecorder, type RawCounts } from "./recorder.ts";
import { type Row, Timeseries } from "./timeseries.ts";

function latency(...ms: number[]): LatencyHistogram {
  const recorder = new LatencyRecorder();
  for (const each of ms) recorder.record(each);
  const histogram = new LatencyHistogram();
  histogram.addRaw(recorder.take() as RawCounts);
  return histogram;
}

function row(atMs: number, requests = 1): Row {
  return { atMs, users: 1, requests, failed: 0, p50: 0, p95: 0, p99: 0, max: 0, gauges: { "rss:proxy": atMs } };
}

/** Feeds `seconds` seconds, the n-th with one request of n milliseconds. */
function feed(series: Timeseries, seconds: number): void {
  for (let n = 1; n <= seconds; n++) series.add((n - 1) * 1000, row(n * 1000), latency(n));
}

const sumOf = (rows: (number | null)[][], column: number) => rows.reduce((sum, each) => sum + Number(each[column]), 0);

describe("the time series of a run", () => {
  test("a short run has a row a second, with that second's percentiles and gauges", () => {
    const series = new Timeseries(3000, ["rss:proxy"]);
    feed(series, 3);
    const { intervalMs, columns, rows } = series.toSummary();
    expect(intervalMs).toBe(1000);
    expect(columns.at(-1)).toBe("rss:proxy");
    expect(rows.map((each) => [each[0], each[4], each.at(-1)])).toEqual([
      [1000, 1, 1000],
      [2000, 2, 2000],
      [3000, 3, 3000],
    ]);
  });

  test("a round that comes a moment early still ends its row", () => {
    const series = new Timeseries(3000, []);
    series.add(0, row(1004), latency(1));
    series.add(1004, row(2001), latency(2));
    expect(series.toSummary().rows).toHaveLength(2);
  });

  test("a day fits: rows cover as many seconds as they must, their percentiles come from merged distributions", () => {
    const seconds = 86_400;
    const series = new Timeseries(seconds * 1000, []);
    for (let n = 1; n <= 100; n++) series.add((n - 1) * 1000, row(n * 1000), latency(n));
    const { intervalMs, rows } = series.toSummary();
    expect(intervalMs).toBeGreaterThanOrEqual(24_000);
    expect(seconds * 1000).toBeLessThanOrEqual(3600 * intervalMs);
    const first = intervalMs / 1000;
    expect(rows[0]?.[2]).toBe(first);
    expect(rows[0]?.[4]).toBeCloseTo(Math.ceil(first / 2), 1);
  });

  test("a run longer than expected is coarsened by merging: nothing is lost, the bounds hold", () => {
    const series = new Timeseries(null, []);
    feed(series, 8000);
    const { rows, batches, intervalMs } = series.toSummary();
    expect(rows.length).toBeLessThanOrEqual(3600);
    expect(batches.length).toBeLessThanOrEqual(120);
    expect(intervalMs).toBe(4000);
    expect(sumOf(rows, 2)).toBe(8000);
    expect(batches.reduce((sum, { data }) => sum + LatencyHistogram.decode(data).count, 0)).toBe(8000);
    expect(batches[0]?.fromMs).toBe(0);
    expect(batches.at(-1)?.toMs).toBe(8_000_000);
    batches.slice(1).forEach((batch, i) => {
      expect(batch.fromMs).toBe(batches[i]?.toMs);
    });
  });

  test("response times are kept beside service times where there are any, through coarsening too", () => {
    const series = new Timeseries(null, [], true);
    for (let n = 1; n <= 300; n++) series.add((n - 1) * 1000, row(n * 1000), latency(n), latency(n, n));
    const { batches } = series.toSummary();
    expect(batches.length).toBeLessThanOrEqual(120);
    const responses = batches.map(({ response = "" }) => LatencyHistogram.decode(response));
    expect(responses.reduce((sum, { count }) => sum + count, 0)).toBe(600);
    expect(responses.at(-1)?.max().us).toBeGreaterThanOrEqual(300_000);
    const without = new Timeseries(3000, []);
    feed(without, 3);
    expect(without.toSummary().batches.every((batch) => !("response" in batch))).toBe(true);
  });

  test("asking for it, as checkpoints do, changes nothing", () => {
    const [asked, left] = [new Timeseries(86_400_000, []), new Timeseries(86_400_000, [])];
    for (let n = 1; n <= 60; n++) {
      for (const series of [asked, left]) series.add((n - 1) * 1000, row(n * 1000), latency(n));
      asked.toSummary();
    }
    expect(asked.toSummary()).toEqual(left.toSummary());
  });

  test("a batch says how many observations its distribution does not hold, and batches that are merged add them", () => {
    const series = new Timeseries(null, [], true);
    for (let n = 1; n <= 240; n++) {
      const [service, response] = [latency(n), latency(n)];
      if (n <= 3) service.addCensored(n, 30_000_000 - n);
      if (n === 200) response.addCensored(7, 2_000_000);
      series.add((n - 1) * 1000, row(n * 1000), service, response);
    }
    const { batches } = series.toSummary();
    expect(batches.flatMap(({ censored }) => censored ?? [])).toEqual([
      { count: 3, fromMs: 29_999.998 },
      { count: 3, fromMs: 29_999.997 },
    ]);
    expect(batches.flatMap(({ responseCensored }) => responseCensored ?? [])).toEqual([{ count: 7, fromMs: 2000 }]);
    expect(batches.length).toBeLessThan(240);
  });
});
