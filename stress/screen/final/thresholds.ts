import type { Metric, Summary, ThresholdResult } from "../../measure/summary.ts";
import { formatBound, formatCount } from "../format.ts";
import type { View } from "../header.ts";
import { clean } from "../line.ts";
import { describeActual, describeExpression, unitOf } from "../objective.ts";
import { table } from "../table.ts";

/** Every threshold under the name its author gave it, with what was measured. */
export function thresholdBlock(summary: Summary, view: View): string[] {
  const { theme, width } = view;
  const rows = Object.entries(summary.metrics).flatMap(([name, metric]) =>
    Object.entries(metric.thresholds ?? {}).map(([expression, result]) => [
      `${result.ok ? theme.good("✓") : theme.bad("✗")} ${clean(name)}`,
      clean(describeExpression(expression, unitOf(name, metric, expression))),
      actual(name, metric, expression, result, summary.profile.timeoutMs, view),
    ]),
  );
  if (rows.length === 0) return [];
  const heading = [theme.strong("thresholds"), theme.faint("limit"), theme.faint("actual")];
  return table([heading, ...rows], { align: "llr", width, flexible: 0, least: [43, 16, 10] });
}

function actual(name: string, metric: Metric, expression: string, result: ThresholdResult, limitMs: number, view: View): string {
  if (result.reason === "no-data") return view.theme.bad("no data");
  const figure =
    result.reason === "beyond-limit"
      ? formatBound(result.actual ?? limitMs, limitMs)
      : describeActual(result.actual, unitOf(name, metric, expression));
  return result.ok ? figure : view.theme.bad(figure);
}

/** Checks that failed at least once; nothing when all held, since the failure share then tells all. */
export function checkBlock(summary: Summary, view: View): string[] {
  const failing = summary.root_group.checks.filter((check) => check.fails > 0);
  if (failing.length === 0) return [];
  const { theme, width } = view;
  const heading = [theme.strong("checks"), theme.faint("failed"), theme.faint("of")];
  const rows = failing.map((check) => [
    `${theme.bad("✗")} ${clean(check.name)}`,
    formatCount(check.fails),
    formatCount(check.passes + check.fails),
  ]);
  return table([heading, ...rows], { align: "lrr", width, least: [43] });
}
