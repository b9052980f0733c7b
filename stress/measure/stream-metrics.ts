import { hasDueTimes, type StreamSpec } from "../profile/stream.ts";
import type { MetricName } from "./metric-names.ts";
import type { MeasuredMetric } from "./metrics.ts";
import type { StreamTime } from "./stream-tally.ts";
import type { StreamTotals } from "./stream-totals.ts";

/** Where each duration stands in `summary.json`, by the kind of stream. k6's names where k6 has the metric. */
const timeNames: Record<StreamSpec["kind"], Partial<Record<StreamTime, MetricName>>> = {
  sse: {
    waiting: "http_req_waiting",
    first: "sse_time_to_first_event",
    gap: "sse_event_gap",
    late: "sse_event_lateness",
    session: "sse_session_duration",
  },
  ws: {
    waiting: "http_req_waiting",
    opening: "ws_connecting",
    gap: "ws_round_trip",
    late: "ws_response_time",
    session: "ws_session_duration",
  },
};

type Counter = (count: number) => MeasuredMetric;

/** The metrics that a run of streams has in place of those of requests that end. */
export function* streamMetrics(
  { times, counts, failed }: StreamTotals,
  stream: StreamSpec,
  counter: Counter,
): Generator<[MetricName, MeasuredMetric]> {
  const { asked, refused, opened, dropped, reconnects } = counts;
  yield ["http_reqs", counter(opened + refused)];
  // k6's rate: passes are the requests that failed.
  yield ["http_req_failed", { type: "rate", passes: refused, fails: opened }];
  yield ["streams_opened", counter(opened)];
  yield ["streams_dropped", counter(dropped)];
  yield ["streams_reconnects", counter(reconnects)];
  yield ["streams_failed", { type: "rate", passes: failed, fails: Math.max(0, asked - failed) }];
  if (stream.kind === "sse") yield ["sse_events", counter(counts.messagesReceived)];
  else {
    yield ["ws_sessions", counter(opened)];
    yield ["ws_msgs_sent", counter(counts.messagesSent)];
    yield ["ws_msgs_received", counter(counts.messagesReceived)];
  }
  for (const [time, name] of Object.entries(timeNames[stream.kind]) as [StreamTime, MetricName][]) {
    if (time === "late" && !hasDueTimes(stream)) continue;
    yield [name, { type: "trend", histogram: times[time], unit: time === "session" ? "ms" : "us" }];
  }
}
