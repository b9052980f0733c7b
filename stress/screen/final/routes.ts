import { type Summary, type Trend, trendSchema } from "../../measure/summary.ts";
import { formatBound, formatCount, formatLatency } from "../format.ts";
import type { View } from "../header.ts";
import { clean } from "../line.ts";
import { table } from "../table.ts";

const columns = ["p(50)", "p(95)", "p(99)", "max"] as const;

/** One row a route, where there are several. */
export function routeBlock(summary: Summary, view: View): string[] {
  const routes = [...new Set(summary.profile.requests.map(({ route }) => route))];
  return routes.length < 2 ? [] : partBlock(summary, view, { title: "routes", tag: "route", names: routes });
}

/** One row a class of users, where there are any. */
export function classBlock(summary: Summary, view: View): string[] {
  const names = (summary.profile.classes ?? []).map(({ name }) => name);
  return names.length === 0 ? [] : partBlock(summary, view, { title: "classes", tag: "class", names });
}

/** Parts of a run: in the open model their response time, otherwise their service time. */
function partBlock(
  { metrics, profile }: Summary,
  { theme, width }: View,
  { title, tag, names }: { title: string; tag: string; names: readonly string[] },
): string[] {
  const latency = profile.load.model === "open" ? "response_time" : "http_req_duration";
  const heading = ["requests", ...columns.map((name) => name.replace(/[()]/g, "")), "apdex", "failed"];
  const rows = names.map((part) => {
    const [requests, failed, apdex] = ["http_reqs", "http_req_failed", "apdex"].map((name) => metrics[`${name}{${tag}:${part}}`]);
    const trend = trendSchema.safeParse(metrics[`${latency}{${tag}:${part}}`]).data;
    const failures = failed?.type === "rate" ? failed.values.passes : 0;
    return [
      clean(part),
      formatCount(requests?.type === "counter" ? requests.values.count : null),
      ...columns.map((name) => cell(trend, name, profile.timeoutMs)),
      apdex?.type === "gauge" ? apdex.values.value.toFixed(2) : "–",
      failures === 0 ? "0" : theme.bad(formatCount(failures)),
    ];
  });
  return table([[theme.strong(title), ...heading.map((name) => theme.faint(name))], ...rows], {
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
