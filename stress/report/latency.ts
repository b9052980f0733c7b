import type { Summary, Trend } from "../measure/summary.ts";

/** A latency of the run with the name it has on a page. */
export interface LatencyRow {
  label: string;
  /** Its key in the summary's metrics. */
  metric: string;
  trend: Trend;
}

/**
 * Latencies worth a row: in the open model response time (from when a request was due) before service time (from when
 * it was sent), and successes apart.
 */
export function latencyRows(summary: Summary): LatencyRow[] {
  const rows: [string, string][] =
    summary.profile.load.model === "open"
      ? [
          ["response time", "response_time"],
          ["service time", "http_req_duration"],
          ["service time of successes", "http_req_duration{expected_response:true}"],
        ]
      : [
          ["all requests", "http_req_duration"],
          ["successes", "http_req_duration{expected_response:true}"],
        ];
  return rows.flatMap(([label, metric]) => {
    const trend = summary.metrics[metric];
    return trend?.type === "trend" ? [{ label, metric, trend }] : [];
  });
}
