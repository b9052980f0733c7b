import type { LiveThreshold } from "../measure/event.ts";
import { type MetricName, metricInfo } from "../measure/metric-names.ts";
import type { Metric } from "../measure/summary.ts";
import { absent, formatCount, formatExact, formatLatency, formatRate, formatShare } from "./format.ts";

/** Thresholds in words: `p(95)<250` of a latency becomes `p(95) < 250 ms`. */

export type ObjectiveUnit = LiveThreshold["unit"];

const grammar = /^\s*([^<>=!]+?)\s*(<=|>=|===?|!=|<|>)\s*(-?[\d.]+)\s*$/;

/** The expression with spaces and units; as it stands when it is none of ours. */
export function describeExpression(expression: string, unit: ObjectiveUnit): string {
  const parts = grammar.exec(expression);
  if (parts === null) return expression;
  const [, statistic = "", operator = "", limit = ""] = parts;
  return `${statistic} ${operator} ${describeLimit(Number(limit), unit)}`;
}

function describeLimit(limit: number, unit: ObjectiveUnit): string {
  if (unit === "ms") return `${formatExact(limit)} ms`;
  if (unit === "ratio") return `${formatExact(limit * 100)} %`;
  return unit === "rate" ? `${formatExact(limit)}/s` : formatExact(limit);
}

/** The measured figure in the unit of its limit. */
export function describeActual(actual: number | null, unit: ObjectiveUnit): string {
  if (actual === null) return absent;
  if (unit === "ms") return formatLatency(actual);
  if (unit === "ratio") return formatShare(actual);
  return unit === "rate" ? `${formatRate(actual)}/s` : formatCount(actual);
}

/** Short names of k6's metrics, for where there is no room; placed so that the statistic follows. */
const shortNames: Record<string, string> = {
  http_req_failed: "failed",
  response_time: "response",
  http_reqs: "requests",
  http_req_waiting: "waiting",
  http_req_connecting: "connect",
  http_req_tls_handshaking: "handshake",
  dropped_iterations: "dropped",
  late_iterations: "late",
  streams_failed: "streams failed",
  sse_time_to_first_event: "first event",
  sse_event_gap: "event gap",
  sse_event_lateness: "lateness",
  ws_connecting: "connecting",
  ws_round_trip: "round trip",
  ws_response_time: "response",
};

/** One objective as a phrase: `p(95) successes < 250 ms`, `failed < 1 %`. */
export function describeObjective(metric: string, expression: string, unit: ObjectiveUnit): string {
  const words = describeExpression(expression, unit);
  if (metric === "http_req_duration") return words;
  if (metric === "http_req_duration{expected_response:true}") {
    return words.replace(/^\S+/, (statistic) => `${statistic} successes`);
  }
  const name = shortNames[metric] ?? metric;
  return unit === "ratio" ? `${name} ${words.replace(/^rate /, "")}` : `${name} ${words}`;
}

/** The unit of what `expression` compares. `key` is the metric's in a summary. */
export function unitOf(key: string, metric: Metric, expression: string): ObjectiveUnit {
  const [name = ""] = key.split("{");
  if (metric.type === "gauge") return name in metricInfo && metricInfo[name as MetricName].unit === "ratio" ? "ratio" : "count";
  if (metric.type === "trend") return expression.trimStart().startsWith("count") ? "count" : "ms";
  if (metric.type === "rate") return "ratio";
  return metric.type === "counter" && expression.trimStart().startsWith("rate") ? "rate" : "count";
}
