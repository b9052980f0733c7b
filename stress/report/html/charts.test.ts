import { describe, expect, test } from "vitest";
import { exampleLatencies, exampleSeries } from "../example-series.ts";
import { container, exampleSummary, proxy } from "../example-summary.ts";
import { renderHtml } from "../html.tsx";
import { chartOf, markupOf } from "./test-page.ts";

describe("the run over time", () => {
  test("rates are requests by the time that their row covers", () => {
    const summary = exampleSummary();
    summary.timeseries = {
      intervalMs: 1000,
      columns: ["t_ms", "requests", "failed"],
      rows: [
        [500, 1000, 0],
        [1500, 2000, null],
        [1510, 5, 0],
      ],
      batches: [],
    };
    const chart = chartOf(renderHtml(summary), "throughput");
    // The last row is a sliver: one request more or less would be a spike.
    expect(chart?.series[0]?.values).toEqual([2000, 2000, null]);
    expect(chart?.xs).toEqual([0.5, 1.5, 1.51]);
  });

  test("response times of an open run are those of its stretches", () => {
    const summary = exampleSeries({ model: "open", batches: 3 });
    const response = exampleLatencies(5000);
    const batches = summary.timeseries.batches.map((batch, at) => (at === 1 ? batch : { ...batch, response: response.encode() }));
    const chart = chartOf(renderHtml({ ...summary, timeseries: { ...summary.timeseries, batches } }), "response");
    const p99 = Number((response.percentile(99).us / 1000).toPrecision(4));
    expect(chart?.series[2]?.values).toEqual([p99, null, p99]);
    expect(chart?.xs).toEqual([80, 160, 240]);
    expect(chartOf(renderHtml(summary), "response")).toBeUndefined();
    const stream = { kind: "ws" as const, silenceMs: 10_000, reconnectMs: 1000, intervalMs: 1000, bytes: 64 };
    const held = { ...summary, profile: { ...summary.profile, stream }, timeseries: { ...summary.timeseries, batches } };
    expect(renderHtml(held)).toContain("From when a message was due to the last byte of its echo");
  });

  test("stages are shaded where they were", () => {
    expect(chartOf(renderHtml(exampleSeries()), "throughput")?.bands.map(({ from, to, kind }) => [from, to, kind])).toEqual([
      [0, 30, "ramp"],
      [30, 150, "hold"],
      [150, 210, "ramp"],
      [210, 240, "ramp"],
    ]);
  });

  test("memory is drawn in MiB, a container's by what the engine accounts", () => {
    const page = renderHtml(exampleSeries({ services: [proxy(), container()] }));
    expect(chartOf(page, "memory-0")?.series[0]?.values[0]).toBe(100);
    expect(chartOf(page, "memory-1")?.series[0]?.label).toBe("anonymous memory");
  });
});

test("the slope that was judged is drawn over its stretch, on the clock of the load", () => {
  const service = proxy();
  const drift = {
    ...{ figure: "rss" as const, verdict: "leaking" as const, harmfulBytesPerHour: 2 ** 20, samples: 200, lost: 0, levels: 50 },
    slope: {
      ...{ bytesPerHour: 360 * 2 ** 20, lowerBytesPerHour: 2 ** 20, upperBytesPerHour: 2 ** 30 },
      ...{ lowerConfidence: 0.99, upperConfidence: 0.95 },
    },
    ...{ steady: { fromMs: 43_000, toMs: 203_000 }, effectiveLevels: 20, correlationMs: 1000, neededMs: null },
    ...{ timeToLimitMs: null, reasons: [] },
  };
  const series = { loadFromMs: 3000, columns: ["run_ms"], rows: [] };
  const page = renderHtml(exampleSeries({ services: [{ ...service, drift, series }] }));
  const [line] = chartOf(page, "memory-0")?.trends ?? [];
  expect([line?.from[0], line?.to[0]]).toEqual([40, 200]);
  // 360 MiB an hour for 160 s.
  expect((line?.to[1] ?? 0) - (line?.from[1] ?? 0)).toBeCloseTo(16, 6);
  expect(line?.label).toBe("drift +360.00 MiB/h: leaking");
  expect(markupOf(page)).toContain('<h2 id="drift-title">Drift</h2>');
});
