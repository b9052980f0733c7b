import { describe, expect, test } from "vitest";
import type { Summary } from "../../measure/summary.ts";
import { b, compare, figure, group } from "../../testing/comparisons.ts";

describe("streams", () => {
  /** The run as one of streams: what was service time is round trip and response time, or gap and lateness. */
  const streaming =
    (kind: "sse" | "ws", { failed = 0, dropped = 0, refused = 0, inOneSecond = false } = {}) =>
    (summary: Summary): Summary => {
      const { http_req_duration: time, http_req_failed: _, ...metrics } = summary.metrics;
      if (time === undefined) throw new Error("no latency");
      const rate = (passes: number, fails: number) =>
        ({ type: "rate", contains: "default", values: { rate: passes / (passes + fails), passes, fails } }) as const;
      const count = (value: number) => ({ type: "counter", contains: "default", values: { count: value, rate: 0 } }) as const;
      const { columns, rows, batches } = summary.timeseries;
      const perRow = Math.ceil((dropped + refused) / rows.length);
      const times: Summary["metrics"] =
        kind === "ws"
          ? { ws_connecting: time, ws_round_trip: time, ws_response_time: time }
          : { sse_time_to_first_event: time, sse_event_gap: time, sse_event_lateness: time };
      return {
        ...summary,
        profile: {
          ...summary.profile,
          stream:
            kind === "ws"
              ? { kind, silenceMs: 10_000, reconnectMs: 1000, intervalMs: 1000, bytes: 64 }
              : { kind, silenceMs: 10_000, reconnectMs: 1000, intervalMs: 1000 },
        },
        metrics: {
          ...metrics,
          ...times,
          http_req_failed: rate(refused, 1000 - refused),
          streams_failed: rate(failed, 1000 - failed),
          streams_opened: count(1000 - refused),
          streams_dropped: count(dropped),
        },
        timeseries: {
          ...summary.timeseries,
          batches: batches.map((batch) => ({ ...batch, response: batch.data })),
          rows: rows.map((row, second) =>
            row.map((value, at) => {
              if (columns[at] !== "failed") return value;
              return inOneSecond ? (second === 10 ? dropped + refused : 0) : perRow;
            }),
          ),
        },
      };
    };

  test.each([
    ["ws", ["ws_connecting", "ws_round_trip", "ws_response_time"]],
    ["sse", ["sse_time_to_first_event", "sse_event_gap", "sse_event_lateness"]],
  ] as const)("of %s are compared by their own times and by how they fared", (kind, names) => {
    const change = streaming(kind);
    const comparison = compare([group("a", { change }), b({ change, target: { slowdown: 1.3 } })]);
    for (const name of names) {
      for (const p of ["p(50)", "p(95)", "p(99)"]) expect(figure(comparison, `${name} ${p}`).verdict).toBe("worse");
    }
    for (const name of ["http_req_failed", "streams_failed", "streams_dropped"]) {
      // none of a thousand on either side
      expect(figure(comparison, name)).toMatchObject({ verdict: "cannot-tell", change: { estimate: 0 } });
    }
  });

  test("that are lost now are worse", () => {
    const change = streaming("ws", { failed: 60, dropped: 50, refused: 10 });
    const comparison = compare([group("a", { change: streaming("ws") }), b({ change })]);
    expect(figure(comparison, "streams_failed")).toMatchObject({ verdict: "worse", change: { estimate: 0.06 } });
    expect(figure(comparison, "streams_dropped").change?.estimate).toBeCloseTo(50 / 990, 6);
    expect(figure(comparison, "http_req_failed").verdict).toBe("worse");
  });

  test("only what was asked for, one run a side: a doubled response time is worse, by what its batches tell", () => {
    const change = streaming("ws");
    const keys = ["ws_response_time p(95)"];
    const comparison = compare([group("a", { runs: 1, change }), b({ runs: 1, change, target: { slowdown: 2 } })], { keys });
    expect(comparison.figures).toMatchObject([{ key: keys[0], verdict: "worse", change: { estimate: expect.closeTo(1, 0) } }]);
    expect(comparison.missing).toEqual([]);
  });

  test("one run a side: losses that go on and on are worse, as many in one second cannot be told", () => {
    const verdict = (inOneSecond: boolean) => {
      const change = streaming("sse", { failed: 300, dropped: 300, inOneSecond });
      const comparison = compare([group("a", { runs: 1, change: streaming("sse") }), b({ runs: 1, change })]);
      return ["streams_failed", "streams_dropped"].map((key) => figure(comparison, key).verdict);
    };
    expect([verdict(false), verdict(true)]).toEqual([
      ["worse", "worse"],
      ["cannot-tell", "cannot-tell"],
    ]);
  });
});
