import { describe, expect, it } from "vitest";
import { metricInfo, metricNames } from "../measure/metric-names.ts";
import { UsageError } from "../profile/usage-error.ts";
import { checkSelector, type MeasuredParts, parseSelector } from "./metric-selector.ts";

describe("checkSelector", () => {
  const run: MeasuredParts = { model: "closed", routes: ["/health", "/users/{id}"], checks: ["status is 200"] };

  it.each(["http_req_duration{route:/users/{id}}", "checks{check:status is 200}", "http_req_failed", "apdex{route:/health}"])(
    "lets %s pass",
    (text) => {
      expect(() => checkSelector(parseSelector(text), run)).not.toThrow();
    },
  );

  it.each<[string, MeasuredParts, string, string]>([
    [
      "http_req_duration{route:/user}",
      run,
      'names the route "/user": this run has /health, /users/{id}',
      "a route nobody requests",
    ],
    ["checks{check:status is 201}", run, 'names the check "status is 201": this run has status is 200', "a check nobody makes"],
    ["checks{check:x}", { ...run, checks: [] }, "this run has none", "a check in a run without checks"],
    ["response_time", run, "needs due times, which only a rate has", "a response time in a closed model"],
    ["dropped_iterations", { ...run, model: "requests" }, "give --rate", "drops where nothing was due"],
  ])("refuses %s: %s", (text, parts, message) => {
    expect(() => checkSelector(parseSelector(text), parts)).toThrow(UsageError);
    expect(() => checkSelector(parseSelector(text), parts)).toThrow(message);
  });

  it("lets the open model's metrics pass in the open model", () => {
    for (const name of metricNames.filter((name) => !("stream" in metricInfo[name]))) {
      expect(() => checkSelector(parseSelector(name), { ...run, model: "open" })).not.toThrow();
    }
    const openOnly = metricNames.filter((name) => metricInfo[name].openOnly);
    expect(openOnly).toContain("response_time");
    for (const name of openOnly) expect(() => checkSelector(parseSelector(name), run)).toThrow(UsageError);
  });

  const sse = { kind: "sse", silenceMs: 1000, reconnectMs: 1000, intervalMs: null } as const;
  const ws = { kind: "ws", silenceMs: 1000, reconnectMs: 1000, intervalMs: 1000, bytes: 64 } as const;
  it.each([
    ["sse_event_gap", sse],
    ["streams_failed", sse],
    ["http_req_failed", sse],
    ["data_received", ws],
    ["ws_round_trip", ws],
    ["ws_response_time", ws],
  ])("lets %s pass where there is such a stream", (text, stream) => {
    expect(() => checkSelector(parseSelector(text), { ...run, stream })).not.toThrow();
  });

  it.each([
    ["sse_event_gap", undefined, "is of a run with --sse"],
    ["streams_failed", undefined, "give --sse or --ws"],
    ["sse_event_gap", ws, "is of a run with --sse"],
    ["ws_round_trip", sse, "is of a run with --ws"],
    ["http_req_duration", sse, "is of requests that end; with --sse there are http_reqs,"],
    ["http_reqs{route:/a}", sse, "is of requests that end"],
    ["sse_event_lateness", sse, "give --event-interval"],
    ["ws_response_time", { ...ws, intervalMs: 0 }, "give --message-interval"],
  ])("refuses %s where there is none", (text, stream, message) => {
    expect(() => checkSelector(parseSelector(text), { ...run, routes: ["/a"], stream })).toThrow(message);
  });
});
