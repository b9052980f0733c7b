import { describe, expect, test } from "vitest";
import type { Latency, Snapshot } from "../measure/event.ts";
import { exampleProfile, exampleSummary } from "../report/example-summary.ts";
import { exampleRun } from "../screen/example-run.ts";
import { inColumns, openSpanMs, rateOf, type Slice, withSnapshot } from "./history.ts";

const example = exampleRun({ profile: exampleProfile(), summary: exampleSummary() })
  .flat()
  .flatMap((event) => (event.type === "snapshot" ? [event.snapshot] : []))[0];

/** The second that ends at `second`, with as many requests as told. */
function snapshotAt(second: number, requests = 100, failed = 0, p99 = 10): Snapshot {
  if (example === undefined) throw new Error("the example has snapshots");
  const service: Latency = { count: requests, p50: 5, p95: 8, p99, max: 20, beyond: false };
  return {
    ...example,
    atMs: second * 1000,
    interval: { durationMs: 1000, requests, failed, rps: requests, service, response: null },
  };
}

function slicesOf(snapshots: readonly Snapshot[]): readonly Slice[] {
  return snapshots.reduce(withSnapshot, [] as readonly Slice[]);
}

const seconds = (count: number): number[] => Array.from({ length: count }, (_, at) => at + 1);

describe("what is kept", () => {
  test("stays small however long the run, and covers all of it", () => {
    const slices = slicesOf(seconds(20_000).map((second) => snapshotAt(second)));
    expect(slices.length).toBeLessThanOrEqual(1024);
    expect(slices[0]?.fromMs).toBe(0);
    expect(slices.at(-1)?.toMs).toBe(20_000_000);
    expect(slices.reduce((sum, slice) => sum + slice.requests, 0)).toBe(2_000_000);
  });

  test("keeps the worst second of a percentile and the highest rates when seconds are merged", () => {
    const slices = slicesOf(
      seconds(3000).map((second) => snapshotAt(second, second === 1500 ? 900 : 100, 0, second === 1500 ? 80 : 10)),
    );
    expect(Math.max(...slices.map((slice) => slice.p99 ?? 0))).toBe(80);
    expect(Math.max(...slices.map((slice) => slice.peakRequests))).toBe(900);
  });

  test("has no latency for a second without answers", () => {
    expect(slicesOf([snapshotAt(1, 0)])[0]).toMatchObject({ p50: null, p99: null, requests: 0 });
  });
});

describe("columns of time", () => {
  test("lie where their time lies, and the future is empty", () => {
    const columns = inColumns(slicesOf(seconds(50).map((second) => snapshotAt(second))), 10, 100_000);
    expect(columns.map((slice) => slice?.requests ?? null)).toEqual([1000, 1000, 1000, 1000, 1000, null, null, null, null, null]);
  });

  test("do not change once their time is over", () => {
    const all = seconds(100).map((second) => snapshotAt(second, 50 + ((second * 37) % 100)));
    const early = inColumns(slicesOf(all.slice(0, 50)), 10, 100_000).slice(0, 5);
    expect(inColumns(slicesOf(all), 10, 100_000).slice(0, 5)).toEqual(early);
  });

  test("shorter than a second are all filled", () => {
    const columns = inColumns(slicesOf(seconds(10).map((second) => snapshotAt(second))), 40, 10_000);
    expect(columns.every((slice) => slice !== null && rateOf(slice, "requests") === 100)).toBe(true);
  });

  test("one burst of failures in an hour is still seen", () => {
    const slices = slicesOf(seconds(3600).map((second) => snapshotAt(second, 1000, second === 1800 ? 3 : 0)));
    const columns = inColumns(slices, 40, 3_600_000);
    expect(columns.filter((slice) => slice !== null && slice.failed > 0)).toHaveLength(1);
  });
});

test("without a known end the axis doubles when it is full", () => {
  expect([10_000, 40_000, 41_000, 200_000].map((ms) => openSpanMs(ms, 40))).toEqual([40_000, 40_000, 80_000, 320_000]);
});
