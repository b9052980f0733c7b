import { sourceOf } from "../judge/measured.ts";
import { parseSelector } from "../judge/metric-selector.ts";
import { judgeProbe, type ProbeFacts, type ProbeObjective, type ProbeSecond } from "../judge/probe.ts";
import type { ProbeOrder } from "../judge/search.ts";
import { bottleneckOfProbe } from "../judge/search-bottleneck.ts";
import { describeResult, evaluate, parseExpression } from "../judge/threshold.ts";
import { tellsAbort } from "../judge/verdict.ts";
import type { RunEvent, RunPhase, Snapshot } from "../measure/event.ts";
import { metricInfo } from "../measure/metric-names.ts";
import { type MeasuredMetric, trendOf } from "../measure/metrics.ts";
import type { SearchLevel, SearchSummary } from "../measure/search-summary.ts";
import type { Summary } from "../measure/summary.ts";
import type { Profile } from "../profile/profile.ts";

import { unansweredOf } from "./unanswered.ts";

type Metrics = Map<string, MeasuredMetric>;

/** Collects from a probe's events what its judgement needs and no summary holds: every second, and how long it drained. */
export class ProbeWatch {
  readonly #warmUpMs: number;
  readonly #lastsMs: number;
  readonly #seconds: ProbeSecond[] = [];
  readonly #phases: RunPhase[] = [];
  #before: Snapshot["total"] | null = null;
  #due = 0;

  constructor(plan: Pick<SearchSummary["plan"], "warmUpMs">, steadyMs: number) {
    this.#warmUpMs = plan.warmUpMs;
    this.#lastsMs = plan.warmUpMs + steadyMs;
  }

  add(event: RunEvent): void {
    if (event.type === "phase") this.#phases.push(event.phase);
    if (event.type === "snapshot") this.#second(event.snapshot);
  }

  #second({ loadMs, offeredRate, interval, total }: Snapshot): void {
    const due = Math.round(((offeredRate ?? 0) * interval.durationMs) / 1000);
    this.#due += due;
    const before = this.#before;
    this.#before = total;
    const fromMs = loadMs - interval.durationMs;
    // Half a second at an end is no second; the drain is not steady.
    if (interval.durationMs < 500 || fromMs < this.#warmUpMs - 250 || loadMs > this.#lastsMs + 250) return;
    const response = interval.response;
    const answered = response !== null && response.count > 0;
    this.#seconds.push({
      atMs: loadMs,
      due,
      answered: interval.requests - (unansweredOf(total) - unansweredOf(before)),
      dropped: (total.dropped ?? 0) - (before?.dropped ?? 0),
      outstanding: this.#due - total.requests - (total.dropped ?? 0),
      responseP50Ms: answered ? response.p50 : null,
      responseMaxMs: answered ? response.max : null,
    });
  }

  facts(rate: number, objectives: ProbeObjective[], summary: Summary): ProbeFacts {
    const at = (kind: RunPhase["kind"]) => this.#phases.find((phase) => phase.kind === kind)?.atMs ?? 0;
    return {
      rate,
      seconds: this.#seconds,
      objectives: [...objectives, ...abortsOf(summary)],
      drainMs: Math.max(0, at("after") - at("drain")),
      generatorReasons: summary.generator.evidence,
      pacerLagP99Ms: summary.generator.pacerLagP99Ms,
      hasLocalFailures: summary.failures.some(({ class: name }) => name === "local-limit"),
      deaths: summary.resources.flatMap(({ name, restarts, oomKills, running }) => {
        if (oomKills !== null && oomKills > 0) return [`${name} was killed for memory`];
        return restarts > 0 || !running ? [`${name} died`] : [];
      }),
    };
  }
}

/** An abort rule that fired ended the probe before its objectives could be judged on all of it. */
function abortsOf({ results }: Summary): ProbeObjective[] {
  const rules = results.reasons.filter(tellsAbort);
  return rules.map((text) => ({ text, ok: false, excess: null, missedByMs: null }));
}

/** The objectives on the steady part. */
export function objectivesOf(profile: Profile, metrics: Metrics): ProbeObjective[] {
  return Object.entries(profile.thresholds).flatMap(([key, expressions]) => {
    const selector = parseSelector(key);
    const metric = metrics.get(key);
    return expressions.map((text) => {
      const expression = parseExpression(text, selector);
      const result = evaluate(expression, metric === undefined ? null : sourceOf(metric));
      const { ok, actual } = result;
      const excess = actual === null || expression.limit === 0 ? null : actual / expression.limit;
      const isLimit = expression.operator.startsWith("<");
      const isLatency = metricInfo[selector.name].unit === "ms";
      const missedByMs = isLimit && isLatency && !ok && actual !== null ? actual - expression.limit : null;
      return { text: describeResult(key, text, result), ok, excess: isLimit ? excess : null, missedByMs };
    });
  });
}

/** The row of a probe, judged. */
export function levelOf(
  order: ProbeOrder,
  facts: ProbeFacts,
  plan: SearchSummary["plan"],
  run: { summary: Summary; metrics: Metrics; steadyMs: number },
): SearchLevel {
  const { summary, metrics, steadyMs } = run;
  const { outcome, broken, backlogGrowth, responseGrowth } = judgeProbe(facts, plan.precision / 3);
  const response = metrics.get("response_time");
  const failed = metrics.get("http_req_failed");
  const requests = metrics.get("http_reqs");
  const dropped = metrics.get("dropped_iterations");
  const trend = response?.type === "trend" ? trendOf(response.histogram) : null;
  const values = trend !== null && trend.values.count + trend.values.censored > 0 ? trend.values : null;
  const [passes, fails] = failed?.type === "rate" ? [failed.passes, failed.fails] : [0, 0];
  return {
    phase: order.phase,
    attempt: order.attempt,
    rate: order.rate,
    startedAt: summary.metadata.startedAt,
    durationMs: steadyMs,
    outcome,
    broken,
    response: values === null ? null : { "p(50)": values["p(50)"], "p(95)": values["p(95)"], "p(99)": values["p(99)"] },
    beyond: trend?.beyond.filter((name) => ["p(50)", "p(95)", "p(99)"].includes(name)) ?? [],
    answeredRps: requests?.type === "counter" ? requests.rate : 0,
    failedShare: passes + fails === 0 ? 0 : passes / (passes + fails),
    dropped: dropped?.type === "counter" ? dropped.count : 0,
    backlogGrowth,
    responseGrowth,
    drainMs: facts.drainMs,
    generatorCores: summary.generator.cpuCores,
    pacerLagP99Ms: summary.generator.pacerLagP99Ms,
    services: summary.resources.map(({ name, cpu, rss, anon, throttled }) => ({
      name,
      cpuCores: cpu.steadyCores ?? cpu.maxCores,
      memoryBytes: (rss ?? anon)?.steadyBytes ?? null,
      throttledMs: throttled?.ms ?? null,
    })),
    bottleneck: bottleneckOfProbe(summary, outcome),
  };
}
