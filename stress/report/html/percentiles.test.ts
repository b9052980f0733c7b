import { describe, expect, test } from "vitest";
import { LatencyHistogram } from "../../measure/histogram.ts";
import { trendOf } from "../../measure/metrics.ts";
import type { Summary } from "../../measure/summary.ts";
import { exampleSeries } from "../example-series.ts";
import { renderHtml } from "../html.tsx";
import { chartOf, markupOf } from "./test-page.ts";

describe("percentiles come from distributions", () => {
  test("the curve is the distribution's own, at every point", () => {
    const summary = exampleSeries();
    const trend = summary.metrics.http_req_duration;
    if (trend?.type !== "trend") throw new Error("no trend");
    const histogram = LatencyHistogram.decode(trend.histogram.data);
    const curve = chartOf(renderHtml(summary), "curve");
    const at = (p: number) => curve?.series[0]?.values[curve.xs.findIndex((x) => Math.abs(x - 1 / (1 - p / 100)) < 1e-3 * x)];
    for (const p of [90, 99, 99.9, 99.99]) expect(at(p)).toBeCloseTo(histogram.percentile(p).us / 1000, 0);
    expect(curve?.series[0]?.values.at(-1)).toBeCloseTo(histogram.max().us / 1000, 0);
  });

  test("it ends before requests without an answer, and the page says so", () => {
    const histogram = LatencyHistogram.decode(trendData(exampleSeries()));
    histogram.addCensored(1000, 30_000_000);
    const summary = exampleSeries();
    summary.metrics.http_req_duration = trendOf(histogram);
    const page = renderHtml(summary);
    const curve = chartOf(page, "curve");
    const drawn = curve?.xs.filter((_, at) => curve.series[0]?.values[at] !== null) ?? [];
    // 1,000 of 21,000: the last percentile that is known is just below 95.24.
    expect(Math.max(...drawn)).toBeGreaterThan(19);
    expect(Math.max(...drawn)).toBeLessThanOrEqual(21);
    expect(page).toContain("1,000 got no answer in time");
  });

  test("a stretch of the run is told by its own merged distribution", () => {
    const summary = exampleSeries({ batches: 2 });
    const [batch] = summary.timeseries.batches;
    const p99 = LatencyHistogram.decode(batch?.data ?? "").percentile(99).us / 1000;
    expect(markupOf(renderHtml(summary))).toContain(`<td class="figure">${p99.toFixed(1)} ms</td>`);
  });

  test("objectives are marked where they lie, limits over time where they apply", () => {
    const page = renderHtml(exampleSeries());
    expect(chartOf(page, "curve")?.marks).toEqual([
      { x: 20, y: 250, label: "p(95) < 250 ms", ok: true },
      { x: 100, y: 500, label: "p(99) < 500 ms", ok: true },
    ]);
    expect(chartOf(page, "latency")?.levels.map(({ at }) => at)).toEqual([250, 500]);
  });
});

function trendData(summary: Summary): string {
  const trend = summary.metrics.http_req_duration;
  return trend?.type === "trend" ? trend.histogram.data : "";
}
