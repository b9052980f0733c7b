import type { Summary, Trend } from "../../measure/summary.ts";
import { formatBeyond, formatCount, formatLatency } from "../format.ts";
import type { View } from "../header.ts";
import { margin, wrap } from "../line.ts";
import { table } from "../table.ts";

const columns = ["avg", "p(50)", "p(90)", "p(95)", "p(99)", "p(99.9)", "max"] as const;

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
  const heading = [theme.strong("latency"), ...columns.map((name) => theme.faint(name.replace(/[()]/g, "")))];
  const body = trends.map(([label, trend]) => [label, ...columns.map((name) => cell(trend, name, profile.timeoutMs))]);
  const lines = table([heading, ...body], {
    align: `l${"r".repeat(columns.length)}`,
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

function cell(trend: Trend, name: (typeof columns)[number], limitMs: number): string {
  if (trend.values.count + trend.values.censored === 0) return formatLatency(null);
  return trend.beyond.includes(name) ? formatBeyond(limitMs) : formatLatency(trend.values[name]);
}
