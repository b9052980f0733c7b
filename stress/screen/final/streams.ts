import type { Summary, Trend } from "../../measure/summary.ts";
import { hasDueTimes, type StreamSpec } from "../../profile/stream.ts";
import { formatCount, formatDuration, formatLatency } from "../format.ts";
import type { View } from "../header.ts";
import { joinParts, labelled, left, margin, wrap } from "../line.ts";
import { table } from "../table.ts";

const labelWidth = 13;
const columns = ["avg", "p(50)", "p(90)", "p(95)", "p(99)", "p(99.9)", "max"] as const;

const times: Record<StreamSpec["kind"], readonly (readonly [label: string, metric: string])[]> = {
  sse: [
    ["first event", "sse_time_to_first_event"],
    ["event gap", "sse_event_gap"],
    ["lateness", "sse_event_lateness"],
  ],
  ws: [
    ["connecting", "ws_connecting"],
    ["response time", "ws_response_time"],
    ["round trip", "ws_round_trip"],
  ],
};

/** What streams there were, how they fared, and their times; nothing where the load is of requests that end. */
export function streamBlock(summary: Summary, view: View): string[] {
  const { stream } = summary.profile;
  return stream === undefined ? [] : [...countLines(summary, stream, view), "", ...timeLines(summary, stream, view)];
}

function countLines(summary: Summary, stream: StreamSpec, view: View): string[] {
  const { theme, width } = view;
  const count = (name: string): number => {
    const metric = summary.metrics[name];
    return metric?.type === "counter" ? metric.values.count : 0;
  };
  const refused = summary.metrics.http_req_failed;
  const bad = (number: number, word: string): string => {
    const text = `${formatCount(number)} ${word}`;
    return number > 0 ? theme.bad(text) : text;
  };
  const session = summary.metrics[stream.kind === "sse" ? "sse_session_duration" : "ws_session_duration"];
  const parts = [
    `${formatCount(count("streams_opened"))} opened`,
    bad(refused?.type === "rate" ? refused.values.passes : 0, "refused"),
    bad(count("streams_dropped"), "dropped"),
    `${formatCount(count("streams_reconnects"))} reconnects`,
  ];
  if (session?.type === "trend" && session.values.count > 0) parts.push(`open ${formatDuration(session.values.med)} (median)`);
  if (stream.kind === "ws")
    parts.push(`${formatCount(count("ws_msgs_sent"))} sent, ${formatCount(count("ws_msgs_received"))} received`);
  const start = " ".repeat(margin) + theme.strong(left("streams", labelWidth));
  return labelled(start, joinParts(parts), margin + labelWidth, width - margin);
}

function timeLines(summary: Summary, stream: StreamSpec, view: View): string[] {
  const { theme, width } = view;
  const trends = times[stream.kind].flatMap(([label, name]): [string, Trend][] => {
    const metric = summary.metrics[name];
    return metric?.type === "trend" ? [[label, metric]] : [];
  });
  const heading = [theme.strong("times"), ...columns.map((name) => theme.faint(name.replace(/[()]/g, "")))];
  const lines = table([heading, ...trends.map(([label, trend]) => [label, ...columns.map((name) => cell(trend, name))])], {
    align: `l${"r".repeat(columns.length)}`,
    width,
    least: [13, 8, 8, 8, 8, 8, 8, 8],
    gap: 1,
  });
  const notes: string[] = [];
  const censored = trends.reduce((sum, [, trend]) => sum + trend.values.censored, 0);
  if (censored > 0) {
    notes.push(
      theme.warn(
        `! waits that ended before what they waited for came: ${formatCount(censored)}; a figure among them is a lower bound (>)`,
      ),
    );
  }
  if (stream.kind === "sse" && hasDueTimes(stream)) {
    notes.push(
      theme.faint(
        `lateness: against one every ${formatDuration(stream.intervalMs ?? 0)} from the stream's least delayed event on`,
      ),
    );
  }
  return [...lines, ...notes.flatMap((note) => wrap(note, width - margin, margin))];
}

function cell({ values, beyond }: Trend, name: (typeof columns)[number]): string {
  if (values.count + values.censored === 0) return formatLatency(null);
  return `${beyond.includes(name) ? ">" : ""}${formatLatency(values[name])}`;
}
