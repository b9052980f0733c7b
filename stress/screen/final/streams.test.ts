import { describe, expect, test } from "vitest";
import { metricOf } from "../../measure/metrics.ts";
import { streamMetrics } from "../../measure/stream-metrics.ts";
import { StreamTally } from "../../measure/stream-tally.ts";
import { StreamTotals } from "../../measure/stream-totals.ts";
import type { StreamSpec } from "../../profile/stream.ts";
import { exampleSummary } from "../../report/example-summary.ts";
import { themeFor } from "../theme.ts";
import { streamBlock } from "./streams.ts";

const view = { width: 80, theme: themeFor(false) };

/** A summary whose metrics are those of `record`. */
function shown(stream: StreamSpec, record: (tally: StreamTally) => void): string {
  const tally = new StreamTally();
  record(tally);
  const totals = new StreamTotals();
  totals.add(tally.take());
  const summary = exampleSummary();
  summary.profile.stream = stream;
  const counter = (count: number) => ({ type: "counter", contains: "default", count, rate: count / 10 }) as const;
  summary.metrics = Object.fromEntries(
    [...streamMetrics(totals, stream, counter)].map(([name, metric]) => [name, metricOf(metric)]),
  );
  return `\n${streamBlock(summary, view).join("\n")}\n`;
}

describe("the streams of the final screen", () => {
  test("are none where requests end", () => {
    expect(streamBlock(exampleSummary(), view)).toEqual([]);
  });

  test("of events, late ones and lost ones, open for an hour", () => {
    const text = shown({ kind: "sse", silenceMs: 10_000, reconnectMs: 1000, intervalMs: 1000 }, ({ times, cut, counts }) => {
      Object.assign(counts, { asked: 1004, opened: 1002, refused: 2, dropped: 3, reconnects: 4, messagesReceived: 3 });
      for (const ms of [12, 14, 40]) times.first.record(ms);
      for (const ms of [990, 1000, 1025]) times.gap.record(ms);
      cut.gap.record(10_000);
      for (const ms of [0, 1, 25]) times.late.record(ms);
      times.session.record(3_600_000 / 1000);
    });
    expect(text).toMatchInlineSnapshot(`
      "
       streams      1,002 opened · 2 refused · 3 dropped · 4 reconnects ·
                    open 1 h (median)

       times              avg      p50      p90      p95      p99    p99.9      max
       first event    22.0 ms  14.0 ms  40.0 ms  40.0 ms  40.0 ms  40.0 ms  40.0 ms
       event gap      >3.25 s   1.00 s  >10.0 s  >10.0 s  >10.0 s  >10.0 s  >10.0 s
       lateness       8.67 ms  1.00 ms  25.0 ms  25.0 ms  25.0 ms  25.0 ms  25.0 ms
       ! waits that ended before what they waited for came: 1; a figure among them is
       a lower bound (>)
       lateness: against one every 1 s from the stream's least delayed event on
      "
    `);
  });

  test("of sockets that send as fast as they are answered", () => {
    const text = shown({ kind: "ws", silenceMs: 10_000, reconnectMs: 1000, intervalMs: 0, bytes: 64 }, ({ times, counts }) => {
      Object.assign(counts, { asked: 500, opened: 500, messagesSent: 40_000, messagesReceived: 39_999 });
      times.opening.record(18);
      for (const ms of [0.2, 0.3, 1.2]) times.gap.record(ms);
      times.session.record(10);
    });
    expect(text).toMatchInlineSnapshot(`
      "
       streams      500 opened · 0 refused · 0 dropped · 0 reconnects ·
                    open 10 s (median) · 40,000 sent, 39,999 received

       times              avg      p50      p90      p95      p99    p99.9      max
       connecting     18.0 ms  18.0 ms  18.0 ms  18.0 ms  18.0 ms  18.0 ms  18.0 ms
       round trip     0.57 ms  0.30 ms  1.20 ms  1.20 ms  1.20 ms  1.20 ms  1.20 ms
      "
    `);
  });
});
