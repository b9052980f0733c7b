import type { Summary, Trend } from "../../measure/summary.ts";
import { formatBeyond, formatBound, formatCount, formatLatency } from "../format.ts";
import type { View } from "../header.ts";
import { margin, wrap } from "../line.ts";
import { table } from "../table.ts";

/** The columns of a latency table. */
export const latencyColumns = ["avg", "p(50)", "p(90)", "p(95)", "p(99)", "p(99.9)", "max"] as const;

export type LatencyColumn = (typeof latencyColumns)[number];

/**
 * Latency of the successes and of everything. In the open model response time (from when a request was due) stands
 * above service time (from when it was sent). A percentile among the censored prints as beyond the limit.
 */
export function latencyBlock(summary: Summary, view: View): string[] {
  const { metrics, profile } = summary;
  const { theme, width } = view;
  const rows: [string, string][] =
    profile.load.model === "open"
      ? [
          ["response time", "response_time"],
          ["service time", "http_req_duration"],
          ["  of successes", "http_req_duration{expected_response:true}"],
        ]
      : [
          ["successes", "http_req_duration{expected_response:true}"],
          ["all requests", "http_req_duration"],
        ];
  const trends = rows.flatMap(([label, name]): [string, Trend][] => {
    const metric = metrics[name];
    return metric?.type === "trend" ? [[label, metric]] : [];
  });
  if (trends.length === 0) return [];
  const heading = [theme.strong("latency"), ...latencyColumns.map((name) => theme.faint(name.replace(/[()]/g, "")))];
  const body = trends.map(([label, trend]) => [
    label,
    ...latencyColumns.map((name) => latencyText(trend, name, profile.timeoutMs)),
  ]);
  const lines = table([heading, ...body], {
    align: `l${"r".repeat(latencyColumns.length)}`,
    width,
    least: [13, 8, 8, 8, 8, 8, 8, 8],
    gap: 1,
  });
  const censored = Math.max(...trends.map(([, trend]) => trend.values.censored));
  if (censored > 0) {
    const limit = formatBeyond(profile.timeoutMs);
    lines.push(
      ...wrap(
        theme.warn(`! ${formatCount(censored)} got no answer in time; a figure that falls among them shows ${limit}`),
        width - margin,
        margin,
      ),
    );
  }
  return lines;
}

/** A figure of a trend. A percentile among the censored is beyond their limit; a mean with some of them is at least itself. */
export function latencyText(trend: Trend | undefined, name: LatencyColumn, limitMs: number): string {
  if (trend === undefined || trend.values.count + trend.values.censored === 0) return formatLatency(null);
  if (!trend.beyond.includes(name)) return formatLatency(trend.values[name]);
  return name === "avg" ? `≥${formatLatency(trend.values.avg)}` : formatBound(trend.values[name], limitMs);
}
