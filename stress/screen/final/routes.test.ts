import { describe, expect, test } from "vitest";
import { LatencyHistogram } from "../../measure/histogram.ts";
import { trendOf } from "../../measure/metrics.ts";
import { LatencyRecorder, type RawCounts } from "../../measure/recorder.ts";
import type { Metric } from "../../measure/summary.ts";
import { exampleSummary } from "../../report/example-summary.ts";
import { themeFor } from "../theme.ts";
import { routeBlock } from "./routes.ts";

const view = { width: 80, theme: themeFor(false) };

function latency(...ms: number[]): Metric {
  const recorder = new LatencyRecorder();
  for (const each of ms) recorder.record(each);
  const histogram = new LatencyHistogram();
  histogram.addRaw(recorder.take() as RawCounts);
  return trendOf(histogram);
}

describe("the routes of the final screen", () => {
  test("a run with one route has no table of routes", () => {
    expect(routeBlock(exampleSummary(), view)).toEqual([]);
  });

  test("each route has its requests, latency, APDEX and failures", () => {
    const summary = exampleSummary();
    const [request] = summary.profile.requests;
    if (request === undefined) throw new Error("the example has a request");
    summary.profile.requests = [
      { ...request, route: "/users/{id}" },
      { ...request, route: "/items" },
    ];
    for (const [route, count, failed] of [
      ["/users/{id}", 3000, 0],
      ["/items", 12, 2],
    ] as const) {
      summary.metrics[`http_reqs{route:${route}}`] = { type: "counter", contains: "default", values: { count, rate: 1 } };
      summary.metrics[`http_req_failed{route:${route}}`] = {
        type: "rate",
        contains: "default",
        values: { rate: failed / count, passes: failed, fails: count - failed },
      };
      summary.metrics[`apdex{route:${route}}`] = {
        type: "gauge",
        contains: "default",
        values: { value: 0.5, min: 0.5, max: 0.5 },
      };
      summary.metrics[`http_req_duration{route:${route}}`] = latency(10, 20, 30);
    }
    expect(routeBlock(summary, view)).toEqual([
      " routes         requests      p50      p95      p99      max  apdex failed",
      " /users/{id}       3,000  20.0 ms  30.0 ms  30.0 ms  30.0 ms   0.50      0",
      " /items               12  20.0 ms  30.0 ms  30.0 ms  30.0 ms   0.50      2",
    ]);
  });
});
