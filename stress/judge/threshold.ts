import type { LiveThreshold } from "../measure/event.ts";
import { type MetricType, metricInfo } from "../measure/metric-names.ts";
import type { ThresholdResult } from "../measure/summary.ts";
import { UsageError } from "../profile/usage-error.ts";
import { type MetricSelector, parseSelector } from "./metric-selector.ts";

/** `p` carries its percentile, 0 < p ≤ 100. */
export type Aggregation = { method: "count" | "rate" | "value" | "avg" | "min" | "max" | "med" } | { method: "p"; p: number };

export type Operator = "<" | "<=" | ">" | ">=" | "==" | "===" | "!=";

export interface Expression {
  /** As written, without spaces: `p(95)<250`. The key in `summary.json`. */
  expression: string;
  aggregation: Aggregation;
  operator: Operator;
  /** In the metric's own unit: milliseconds, a ratio, a count, or a count a second. */
  limit: number;
}

export interface Threshold extends Expression, MetricSelector {}

/** A metric, or the part of one that a threshold selects, as far as the judgement needs it. */
export interface MetricSource {
  type: MetricType;
  /** Observations, without the censored ones. */
  count: number;
  /** Observations known only to exceed the time limit. */
  censored: number;
  /** `actual` is null when there is nothing to aggregate; `beyond` tells that the figure is only a lower bound. */
  value(aggregation: Aggregation): { actual: number | null; beyond: boolean };
}

const methods: Record<MetricType, readonly Aggregation["method"][]> = {
  trend: ["avg", "min", "med", "max", "p"],
  counter: ["count", "rate"],
  rate: ["rate"],
  gauge: ["value"],
};

const operators = ["<", "<=", ">", ">=", "==", "===", "!="] as const satisfies readonly Operator[];

/**
 * Reads `METRIC: EXPRESSION`, such as `http_req_duration{expected_response:true}: p(95)<250`.
 *
 * @throws UsageError for an unknown metric or tag, a broken expression, or an aggregation that the metric's type lacks.
 */
export function parseThreshold(text: string): Threshold {
  // an expression holds neither brace nor colon: the selector ends before the colon that follows its last brace
  const colon = text.indexOf(":", text.lastIndexOf("}") + 1);
  if (colon === -1) {
    throw new UsageError(`threshold "${text}" is not METRIC: EXPRESSION: accepted is e.g. 'http_req_duration: p(95)<250'`);
  }
  const selector = parseSelector(text.slice(0, colon));
  return { ...selector, ...parseExpression(text.slice(colon + 1), selector) };
}

/**
 * Reads the expression of a threshold for the metric it applies to. The grammar is k6's:
 *
 *     expression  -> aggregation operator float
 *     aggregation -> counter | rate | gauge | trend          by the metric's type
 *     counter     -> "count" | "rate"                        in all, or a second
 *     rate        -> "rate"                                  share between 0 and 1
 *     gauge       -> "value"
 *     trend       -> "avg" | "min" | "med" | "max" | "p(" float ")"
 *     operator    -> "<" | "<=" | ">" | ">=" | "==" | "===" | "!="
 *     float       -> digit+ ( "." digit+ )?
 *
 * with spaces allowed between the three parts.
 *
 * @throws UsageError
 */
export function parseExpression(text: string, selector: MetricSelector): Expression {
  const { type } = metricInfo[selector.name];
  const match = /^([^<>=!]*)([<>=!]+)([^<>=!]*)$/.exec(text);
  if (!match)
    throw new UsageError(`threshold "${text.trim()}" on ${selector.metric} has no comparison: accepted is ${example(type)}`);
  const [method, sign, limit] = match.slice(1).map((part) => part.trim()) as [string, string, string];
  const operator = operators.find((known) => known === sign);
  if (operator === undefined) {
    throw new UsageError(`threshold "${text.trim()}" has the operator "${sign}": accepted are ${operators.join(" ")}`);
  }
  const aggregation = parseAggregation(method);
  if (aggregation === null || !methods[type].includes(aggregation.method)) {
    const accepted = methods[type].map((known) => (known === "p" ? "p(N) with 0 < N ≤ 100" : known)).join(", ");
    throw new UsageError(
      `threshold "${text.trim()}" aggregates ${selector.metric} by "${method}": a ${type} accepts ${accepted}, as in ${example(type)}`,
    );
  }
  if (!/^\d+(\.\d+)?$/.test(limit) || !Number.isFinite(Number(limit))) {
    throw new UsageError(
      `threshold "${text.trim()}" has the limit "${limit}": accepted is a plain number, as in ${example(type)}`,
    );
  }
  return { expression: `${method}${operator}${limit}`, aggregation, operator, limit: Number(limit) };
}

function parseAggregation(text: string): Aggregation | null {
  const percentile = /^p\((\d+(?:\.\d+)?)\)$/.exec(text);
  if (percentile) {
    const p = Number(percentile[1]);
    return p > 0 && p <= 100 ? { method: "p", p } : null;
  }
  const known = ["count", "rate", "value", "avg", "min", "max", "med"] as const;
  const method = known.find((name) => name === text);
  return method === undefined ? null : { method };
}

function example(type: MetricType): string {
  const examples = {
    trend: "p(95)<250 (milliseconds)",
    rate: "rate<0.01",
    counter: "count>1000 or rate>100 (a second)",
    gauge: "value<50",
  };
  return examples[type];
}

/**
 * Judges. `source` is null where the run has no such metric. Without observations the threshold fails: no data is no
 * proof. A figure among censored observations is only a lower bound, so it can prove that a limit was exceeded and
 * nothing else: `p(95)<60000` fails with 30 s as the time limit, since nobody knows; `p(95)>20000` passes.
 */
export function evaluate(threshold: Expression, source: MetricSource | null): ThresholdResult {
  const samples = source === null ? 0 : source.count + source.censored;
  const observed = source !== null && (samples > 0 || source.type === "counter" || source.type === "gauge");
  const { actual, beyond } = observed ? source.value(threshold.aggregation) : { actual: null, beyond: false };
  if (actual === null || Number.isNaN(actual)) return { ok: false, actual: null, samples, reason: "no-data" };
  const ok = beyond
    ? holdsFrom(actual, threshold.operator, threshold.limit)
    : compare(actual, threshold.operator, threshold.limit);
  return beyond ? { ok, actual, samples, reason: "beyond-limit" } : { ok, actual, samples };
}

/** A judged threshold as people read it: `http_req_failed: rate<0.01 (0.31)`. */
export function describeResult(metric: string, expression: string, { actual, reason }: ThresholdResult): string {
  const found = reason === "no-data" ? "no data" : `${reason === "beyond-limit" ? "above " : ""}${Number(actual?.toFixed(4))}`;
  return `${metric}: ${expression} (${found})`;
}

function compare(actual: number, operator: Operator, limit: number): boolean {
  switch (operator) {
    case "<":
      return actual < limit;
    case "<=":
      return actual <= limit;
    case ">":
      return actual > limit;
    case ">=":
      return actual >= limit;
    case "==":
    case "===":
      return actual === limit;
    case "!=":
      return actual !== limit;
  }
}

/** Whether the comparison holds for every figure from `bound` upwards. */
function holdsFrom(bound: number, operator: Operator, limit: number): boolean {
  switch (operator) {
    case ">":
    case "!=":
      return bound > limit;
    case ">=":
      return bound >= limit;
    default:
      return false;
  }
}

/** Unit of `actual` and of the limit, for people. */
export function thresholdUnit({ name, aggregation }: Pick<Threshold, "name" | "aggregation">): LiveThreshold["unit"] {
  const { type, unit } = metricInfo[name];
  if (type === "counter") return aggregation.method === "rate" ? "rate" : "count";
  return unit === "ms" || unit === "ratio" ? unit : "count";
}
