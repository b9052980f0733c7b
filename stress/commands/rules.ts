import { AbortRule } from "../judge/abort.ts";
import { sourceOf } from "../judge/measured.ts";
import { parseSelector } from "../judge/metric-selector.ts";
import { evaluate, parseExpression, thresholdUnit } from "../judge/threshold.ts";
import type { LiveThreshold } from "../measure/event.ts";
import type { MeasuredMetric } from "../measure/metrics.ts";
import type { Profile } from "../profile/profile.ts";

type Metrics = Map<string, MeasuredMetric>;

/** The thresholds as they stand now; called once a round, so the expressions are parsed once. */
export function liveThresholds(profile: Profile): (metrics: Metrics) => LiveThreshold[] {
  const rules = Object.entries(profile.thresholds).flatMap(([metric, expressions]) => {
    const selector = parseSelector(metric);
    return expressions.map((text) => ({ metric, selector, expression: parseExpression(text, selector) }));
  });
  return (metrics) =>
    rules.map(({ metric, selector, expression }) => {
      const found = metrics.get(metric);
      const { ok, actual } = evaluate(expression, found === undefined ? null : sourceOf(found));
      const unit = thresholdUnit({ name: selector.name, aggregation: expression.aggregation });
      return { metric, expression: expression.expression, ok, actual, unit };
    });
}

/** The abort rules, judged on what happened since the last round. @returns the rules that have fired. */
export function abortRules(profile: Profile): (nowMs: number, window: Metrics) => string[] {
  const rules = profile.abort.map(({ metric, expression, forMs }) => {
    const parsed = parseExpression(expression, parseSelector(metric));
    return { text: `${metric}: ${expression} for ${forMs / 1000} s`, metric, parsed, rule: new AbortRule(forMs) };
  });
  return (nowMs, window) =>
    rules.flatMap(({ text, metric, parsed, rule }) => {
      const found = window.get(metric);
      const holds = found !== undefined && evaluate(parsed, sourceOf(found)).ok;
      return rule.step(nowMs, holds) ? [text] : [];
    });
}
