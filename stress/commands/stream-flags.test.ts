import { describe, expect, it } from "vitest";
import type { Target } from "../profile/profile.ts";
import { UsageError } from "../profile/usage-error.ts";
import type { LoadFlags } from "./load-flags.ts";
import { profileFrom } from "./load-profile.ts";

const target: Target = {
  baseUrl: "http://localhost:1",
  address: null,
  serverName: null,
  caFile: null,
  certFile: null,
  keyFile: null,
  insecure: false,
};
const load = { model: "closed", stages: [{ durationMs: 1000, from: 0, to: 50 }], thinkTime: null } as const;
const profile = (flags: LoadFlags) =>
  profileFrom(
    flags,
    { scenario: "throughput", load: { ...load, stages: [...load.stages] }, settle: { beforeMs: 0, afterMs: 0 } },
    target,
  );

describe("streams", () => {
  it("are asked for at the backend's paths, by what a browser sends, with gates of their own", () => {
    const sse = profile({ sse: true, vus: "10", duration: "1h" });
    expect(sse.stream).toEqual({ kind: "sse", silenceMs: 10_000, reconnectMs: 1000, intervalMs: null });
    expect(sse.requests).toMatchObject([{ method: "GET", path: "/events", headers: [["Accept", "text/event-stream"]] }]);
    expect(sse.load).toMatchObject({ model: "closed", stages: [{ durationMs: 3_600_000, from: 10, to: 10 }] });
    expect([sse.checks, sse.thresholds]).toEqual([
      [],
      { streams_failed: ["rate<0.01"], sse_time_to_first_event: ["p(95)<250", "p(99)<500"] },
    ]);
    const ws = profile({ ws: true, vus: "10" });
    expect(ws.stream).toEqual({ kind: "ws", silenceMs: 10_000, reconnectMs: 1000, intervalMs: 1000, bytes: 64 });
    expect([ws.requests[0]?.path, Object.keys(ws.thresholds)]).toEqual(["/ws", ["streams_failed", "ws_response_time"]]);
  });

  it("whose server promises an interval are judged by how late events are", () => {
    const { stream, requests, thresholds } = profile({ sse: true, eventInterval: "2s", silence: "5s", vus: "1" });
    expect(stream).toMatchObject({ intervalMs: 2000, silenceMs: 5000 });
    expect([requests[0]?.path, Object.keys(thresholds)]).toEqual([
      "/events?intervalMs=2000",
      ["streams_failed", "sse_event_lateness"],
    ]);
  });

  it("keep what the user says of path, headers and rules", () => {
    const { requests, thresholds } = profile({
      sse: true,
      path: "/mcp",
      method: "POST",
      data: "{}",
      header: ["accept: application/json, text/event-stream"],
      threshold: ["sse_event_gap: p(99)<1500", "max<90"],
    });
    expect(requests).toMatchObject([{ method: "POST", path: "/mcp", body: "{}" }]);
    expect(requests[0]?.headers).toEqual([["accept", "application/json, text/event-stream"]]);
    expect(thresholds).toEqual({ sse_event_gap: ["p(99)<1500"], sse_time_to_first_event: ["max<90"] });
  });

  it.each<[string, LoadFlags, number[]]>([
    ["1000 at 200 a second where nothing is said", { vus: "1000" }, [5000, 30_000]],
    ["1000 as the user says", { vus: "1000", ramp: "30s" }, [30_000, 30_000]],
    ["1000 at once where the user insists", { vus: "1000", ramp: "0s" }, [30_000]],
    ["200 at once", { vus: "200" }, [30_000]],
    ["stages as they are", { stage: ["10s:1000", "1m:1000"] }, [10_000, 60_000]],
  ])("are opened: %s", (_, flags, durations) => {
    const { load } = profile({ sse: true, ...flags });
    if (load.model !== "closed") throw new Error("streams are held by users");
    expect(load.stages.map(({ durationMs }) => durationMs)).toEqual(durations);
  });

  it.each<[string, LoadFlags]>([
    ["--sse and --ws contradict each other", { sse: true, ws: true }],
    ["streams are held by users", { sse: true, rate: "10/s" }],
    ["streams are held by users", { ws: true, requests: "10" }],
    ["streams are held by users", { ws: true, stage: ["1s:10/s"] }],
    ["--ramp contradicts --stage", { ws: true, stage: ["1s:10"], ramp: "1s" }],
    ["--ramp needs --sse or --ws", { ramp: "1s", vus: "3" }],
    ["--event-interval needs --sse", { ws: true, eventInterval: "1s" }],
    ["--message-bytes needs --ws", { sse: true, messageBytes: "100" }],
    ["--message-bytes 9: a message holds its number", { ws: true, messageBytes: "9" }],
    ["every stream would fail", { sse: true, eventInterval: "10s" }],
    ["--check contradicts --sse", { sse: true, check: ["status 200"] }],
    ["--think contradicts --ws", { ws: true, think: "1s" }],
    ["--request contradicts --ws", { ws: true, request: ["GET /a", "GET /b"] }],
    ["-d contradicts --ws", { ws: true, data: "x" }],
    ["is of requests that end", { ws: true, threshold: ["http_req_duration: p(95)<3"] }],
    ["is of a run with --sse", { threshold: ["sse_event_gap: p(95)<3"] }],
  ])("are refused: %s", (message, flags) => {
    expect(() => profile(flags)).toThrow(UsageError);
    expect(() => profile(flags)).toThrow(message);
  });
});
