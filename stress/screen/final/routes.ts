import { type Summary, type Trend, trendSchema } from "../../measure/summary.ts";
import { formatBound, formatCount, formatLatency } from "../format.ts";
import type { View } from "../header.ts";
import { clean } from "../line.ts";
import { table } from "../table.ts";

const columns = ["p(50)", "p(95)", "p(99)", "max"] as const;

/** One row a route, where there are several: in the open model its response time, otherwise its service time. */
export function routeBlock(summary: Summary, view: View): string[] {
  const { metrics, profile } = summary;
  const routes = [...new Set(profile.requests.map(({ route }) => route))];
  if (routes.length < 2) return [];
  const { theme, width } = view;
  const latency = profile.load.model === "open" ? "response_time" : "http_req_duration";
  const heading = ["requests", ...columns.map((name) => name.replace(/[()]/g, "")), "apdex", "failed"];
  const rows = routes.map((route) => {
    const [requests, failed, apdex] = ["http_reqs", "http_req_failed", "apdex"].map((name) => metrics[`${name}{route:${route}}`]);
    const trend = trendSchema.safeParse(metrics[`${latency}{route:${route}}`]).data;
    const failures = failed?.type === "rate" ? failed.values.passes : 0;
    return [
      clean(route),
      formatCount(requests?.type === "counter" ? requests.values.count : null),
      ...columns.map((name) => cell(trend, name, profile.timeoutMs)),
      apdex?.type === "gauge" ? apdex.values.value.toFixed(2) : "–",
      failures === 0 ? "0" : theme.bad(formatCount(failures)),
    ];
  });
  return table([[theme.strong("routes"), ...heading.map((name) => theme.faint(name))], ...rows], {
    align: "lrrrrrrr",
    width,
    least: [13, 9, 8, 8, 8, 8, 6, 6],
    gap: 1,
  });
}

function cell(trend: Trend | undefined, name: (typeof columns)[number], limitMs: number): string {
  if (trend === undefined || trend.values.count + trend.values.censored === 0) return formatLatency(null);
  return trend.beyond.includes(name) ? formatBound(trend.values[name], limitMs) : formatLatency(trend.values[name]);
}
