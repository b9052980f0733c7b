import type { Metric, Summary, ThresholdResult } from "../measure/summary.ts";
import { formatBound } from "../screen/format.ts";
import { clean } from "../screen/line.ts";
import { describeActual, describeExpression, unitOf } from "../screen/objective.ts";

/** A threshold and what became of it, in words. Text is one line, without control characters, not escaped. */
export interface Objective {
  /** The metric's key in the summary. */
  metric: string;
  expression: string;
  /** `p(95) < 250 ms`. */
  limit: string;
  /** `14.2 ms`, `>30 s`, `no data`. */
  actual: string;
  ok: boolean;
  samples: number;
}

/** Every threshold of a run, in the order of its metrics. */
export function objectivesOf(summary: Summary): Objective[] {
  return Object.entries(summary.metrics).flatMap(([name, metric]) =>
    Object.entries(metric.thresholds ?? {}).map(([expression, result]) => ({
      metric: clean(name),
      expression: clean(expression),
      limit: clean(describeExpression(expression, unitOf(name, metric, expression))),
      actual: actualOf(name, metric, expression, result, summary.profile.timeoutMs),
      ok: result.ok,
      samples: result.samples,
    })),
  );
}

function actualOf(name: string, metric: Metric, expression: string, result: ThresholdResult, limitMs: number): string {
  if (result.reason === "no-data") return "no data";
  return result.reason === "beyond-limit"
    ? formatBound(result.actual ?? limitMs, limitMs)
    : describeActual(result.actual, unitOf(name, metric, expression));
}
