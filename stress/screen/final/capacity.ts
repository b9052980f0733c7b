import type { Summary } from "../../measure/summary.ts";
import { absent, formatBytes, formatCount, formatDuration, formatRate } from "../format.ts";
import type { View } from "../header.ts";
import { wordsOf } from "../kind.ts";
import { clean, joinParts, labelled, left, margin, right, widthOf, wrap } from "../line.ts";

const labelWidth = 13;

/** What gave way first, for people. */
export const bottlenecks: Record<Summary["capacity"]["bottleneck"], string> = {
  target: "target",
  generator: "generator",
  host: "host",
  none: "none found",
  unknown: "unknown",
};

/** Label, figure, note. */
type Row = [string, string, string];

/** What it carries: sustained and average apart, and what gave way first. */
export function capacityBlock(summary: Summary, view: View): string[] {
  const { capacity } = summary;
  const { theme, width } = view;
  const words = wordsOf(summary.profile);
  const least = capacity.kind === "floor" ? "≥ " : "";
  const figure = (rps: number | null, bound = ""): string =>
    rps === null ? absent : `${bound}${formatRate(rps)} ${words.perSecond}`;
  const held = capacity.sustainedAt === null ? "" : `at ${clean(capacity.sustainedAt).replace(/^(at|hold) /, "")}`;
  const kind = capacity.kind === "floor" ? "at least (a floor, not a limit)" : "measured";
  const none = summary.plan?.breakingPoint === undefined ? "no stage held a constant level" : "no level was held";
  const sustainedNote = capacity.sustainedRps === null ? none : [held, kind].filter(Boolean).join(", ");
  const ramps = summary.phases.some((phase) => phase.kind === "ramp") ? ", ramps included" : "";
  const staged = summary.profile.load.model !== "requests";
  const rows: Row[] = [
    ...(staged ? [["sustained", theme.strong(figure(capacity.sustainedRps, least)), sustainedNote] satisfies Row] : []),
    ["average", figure(capacity.averageRps), `over ${formatDuration(summary.state.testRunDurationMs)}${ramps}`],
    [words.operations, operationCount(summary), requestNote(summary, view)],
    // A search has told what gave way at the lowest load that broke; this run held.
    ...(summary.search === undefined ? [["bottleneck", bottlenecks[capacity.bottleneck], ""] satisfies Row] : []),
  ];
  const valueWidth = Math.max(...rows.map(([, value]) => widthOf(value)));
  const lines = rows.flatMap(([label, value, note]) => {
    const start = " ".repeat(margin) + theme.strong(left(label, labelWidth)) + right(value, valueWidth);
    return note === "" ? [start] : labelled(`${start}  `, note, margin + labelWidth + valueWidth + 2, width - margin);
  });
  const told = new Set([...summary.results.reasons, ...(summary.search?.bottleneck?.evidence ?? [])]);
  const fresh = capacity.evidence.filter((each) => !told.has(each));
  const evidence = fresh.flatMap((each) => wrap(clean(each), width - margin, margin + labelWidth + valueWidth + 2));
  const [first, ...rest] = evidence;
  if (first === undefined) return lines;
  const last = lines.pop() ?? "";
  return [...lines, last + first.slice(widthOf(last)), ...rest];
}

function operationCount({ metrics, profile }: Summary): string {
  const metric =
    profile.stream === undefined
      ? metrics.http_reqs
      : profile.stream.kind === "sse"
        ? metrics.sse_events
        : metrics.ws_msgs_received;
  return metric?.type === "counter" ? formatCount(metric.values.count) : absent;
}

function requestNote(summary: Summary, view: View): string {
  const { metrics } = summary;
  const count = (name: string): number | null => {
    const metric = metrics[name];
    return metric?.type === "counter" ? metric.values.count : null;
  };
  const failed = summary.failures.reduce((sum, each) => sum + each.count, 0);
  const what = summary.profile.stream === undefined ? "failed" : `${failed === 1 ? "stream" : "streams"} failed`;
  const parts = [failed === 0 ? `0 ${what}` : view.theme.bad(`${formatCount(failed)} ${what}`)];
  const dropped = count("dropped_iterations");
  const late = count("late_iterations");
  const opened = count("connections_opened");
  const received = count("data_received");
  if (dropped !== null) parts.push(`${formatCount(dropped)} dropped`);
  if (late !== null) parts.push(`${formatCount(late)} late`);
  if (opened !== null) parts.push(`${formatCount(opened)} connections`);
  if (received !== null) parts.push(`${formatBytes(received)} received`);
  return joinParts(parts);
}
