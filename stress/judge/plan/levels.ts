import { LatencyHistogram } from "../../measure/histogram.ts";
import type { MeasuredMetric } from "../../measure/metrics.ts";
import type { BreakingPoint, LevelRow } from "../../measure/plan-summary.ts";
import type { Summary } from "../../measure/summary.ts";
import type { Stage } from "../../profile/profile.ts";
import { isHold } from "../../profile/stages.ts";
import { UsageError } from "../../profile/usage-error.ts";
import { sourceOf } from "../measured.ts";
import { describeResult, evaluate, parseThreshold, type Threshold } from "../threshold.ts";
import type { LoadSecond } from "./seconds.ts";

/** What a level of a rate has to answer of what was due in it, whatever the rules: less is a queue that grows. */
const leastAnswered = 0.95;
/** Beyond it the generator is late, and a level of its making. */
const mostPacerLagMs = 5;

/** What can be told of one level alone. */
const known = ["http_req_duration", "response_time", "http_req_failed", "http_reqs"] as const;

/** Rules that each level is held to. @throws UsageError for one that no level can be held to. */
export function levelRules(rules: readonly string[]): Threshold[] {
  return rules.map((rule) => {
    const threshold = parseThreshold(rule);
    if (!known.some((name) => name === threshold.metric)) {
      throw new UsageError(`level-threshold "${rule}": levels are held to ${known.join(", ")}, without tags`);
    }
    return threshold;
  });
}

/** Every level that was held, judged, and the first that broke. */
export function judgeLevels(
  summary: Pick<Summary, "profile" | "timeseries" | "phases">,
  seconds: readonly LoadSecond[],
  rules: readonly Threshold[],
): BreakingPoint {
  const { load } = summary.profile;
  const stages = load.model === "requests" ? [] : load.stages;
  const levels = holdsOf(stages).flatMap((hold) => rowOf(hold, summary, seconds, rules) ?? []);
  return { ...answerOf(levels), levels };
}

interface Hold {
  level: number;
  fromMs: number;
  toMs: number;
}

function holdsOf(stages: readonly Stage[]): Hold[] {
  let atMs = 0;
  return stages.flatMap((stage) => {
    const fromMs = atMs;
    atMs += stage.durationMs;
    return isHold(stage) ? { level: stage.to, fromMs, toMs: atMs } : [];
  });
}

/** Null where the run was cut short before this level had a second of its own. */
function rowOf(
  hold: Hold,
  { profile, timeseries }: Pick<Summary, "profile" | "timeseries">,
  seconds: readonly LoadSecond[],
  rules: readonly Threshold[],
): LevelRow | null {
  const { columns, intervalMs } = timeseries;
  const at = (name: string) => columns.indexOf(name);
  // a row begins where the one before ends; one that covers a quarter of another level is not this one's, and the last is short
  const spans = timeseries.rows.map(([t], i, all) => ({ fromMs: all[i - 1]?.[0] ?? 0, toMs: t ?? 0 }));
  const isOwn = ({ fromMs, toMs }: { fromMs: number; toMs: number }) =>
    fromMs >= hold.fromMs - intervalMs / 4 && toMs <= hold.toMs + intervalMs / 4;
  const rows = timeseries.rows.filter((_, i) => isOwn(spans[i] as (typeof spans)[number]));
  if (rows.length === 0) return null;
  const sum = (name: string) => rows.reduce((total, row) => total + (row[at(name)] ?? 0), 0);
  const durationMs = spans.filter(isOwn).reduce((total, { fromMs, toMs }) => total + toMs - fromMs, 0);
  const [requests, failed] = [sum("requests"), sum("failed")];
  const isOpen = profile.load.model === "open";
  const { service, response } = latencyIn(hold, timeseries.batches);
  const metrics = new Map<string, MeasuredMetric>([
    ["http_req_duration", { type: "trend", histogram: service }],
    ["http_req_failed", { type: "rate", passes: failed, fails: requests - failed }],
    ["http_reqs", { type: "counter", contains: "default", count: requests, rate: (requests * 1000) / durationMs }],
    ...(isOpen ? [["response_time", { type: "trend", histogram: response }] as const] : []),
  ]);
  const broken = rules.flatMap((rule) => {
    const found = metrics.get(rule.metric);
    const result = evaluate(rule, found === undefined ? null : sourceOf(found));
    return result.ok ? [] : describeResult(rule.metric, rule.expression, result);
  });
  const own = seconds.filter(({ atMs }) => atMs > hold.fromMs + 500 && atMs <= hold.toMs + 500);
  const sumOf = (of: (second: LoadSecond) => number) => own.reduce((total, second) => total + of(second), 0);
  const answeredRps = ((requests - sumOf(({ unanswered }) => unanswered)) * 1000) / durationMs;
  if (isOpen && answeredRps < leastAnswered * hold.level) {
    broken.push(`${Math.round(answeredRps)} of ${hold.level} requests a second were answered`);
  }
  const latency = isOpen ? response : service;
  const beyond: string[] = [];
  const percentile = (p: number) => {
    if (latency.count + latency.censored === 0) return null;
    const { us, beyond: isBound } = latency.percentile(p);
    if (isBound) beyond.push(`p(${p})`);
    return us / 1000;
  };
  const lags = own.flatMap(({ pacerLagP99Ms }) => pacerLagP99Ms ?? []).sort((a, b) => a - b);
  const isLate = isOpen && (lags[Math.floor(lags.length / 2)] ?? 0) > mostPacerLagMs;
  // Requests that this machine had nothing left for are in the failures, and may be all of them.
  const isGenerator = isLate || (broken.length > 0 && sumOf(({ localLimits }) => localLimits) > 0);
  return {
    level: hold.level,
    unit: isOpen ? "requests/s" : "users",
    durationMs,
    answeredRps,
    "p(50)": percentile(50),
    "p(95)": percentile(95),
    "p(99)": percentile(99),
    beyond,
    failedShare: requests === 0 ? 0 : failed / requests,
    ...resourcesIn(rows, columns),
    outcome: isGenerator ? "generator" : broken.length > 0 ? "broke" : "held",
    broken,
  };
}

/** Distributions of the stretches that lie within the level, by half of them at least. */
function latencyIn(hold: Hold, batches: Summary["timeseries"]["batches"]) {
  const service = new LatencyHistogram();
  const response = new LatencyHistogram();
  for (const { fromMs, toMs, data, censored, response: late, responseCensored } of batches) {
    const middleMs = (fromMs + toMs) / 2;
    if (middleMs < hold.fromMs || middleMs > hold.toMs) continue;
    service.add(LatencyHistogram.decode(data));
    if (censored) service.addCensored(censored.count, censored.fromMs * 1000);
    if (late !== undefined) response.add(LatencyHistogram.decode(late));
    if (responseCensored) response.addCensored(responseCensored.count, responseCensored.fromMs * 1000);
  }
  return { service, response };
}

function resourcesIn(
  rows: readonly (readonly (number | null)[])[],
  columns: readonly string[],
): Pick<LevelRow, "cpuCores" | "memoryBytes" | "services"> {
  const values = (column: string) => rows.flatMap((row) => row[columns.indexOf(column)] ?? []);
  const names = columns.flatMap((name) => (name.startsWith("cpu:") ? name.slice("cpu:".length) : []));
  const services = names.map((name) => {
    const cpu = values(`cpu:${name}`);
    const memory = [...values(`rss:${name}`), ...values(`anon:${name}`)];
    return {
      name,
      cpuCores: cpu.length === 0 ? null : cpu.reduce((total, cores) => total + cores, 0) / cpu.length,
      memoryBytes: memory.length === 0 ? null : Math.max(...memory),
    };
  });
  const together = (figures: readonly (number | null)[]) =>
    figures.length === 0 || figures.includes(null) ? null : figures.reduce<number>((total, figure) => total + (figure ?? 0), 0);
  return {
    cpuCores: together(services.map(({ cpuCores }) => cpuCores)),
    memoryBytes: together(services.map(({ memoryBytes }) => memoryBytes)),
    services,
  };
}

function answerOf(levels: readonly LevelRow[]): Omit<BreakingPoint, "levels"> {
  const first = levels.findIndex(({ outcome }) => outcome !== "held");
  const held = first === -1 ? levels : levels.slice(0, first);
  const heldAt = held.length === 0 ? null : Math.max(...held.map(({ level }) => level));
  const limit = levels[first];
  const name = (level: number) => `${level.toLocaleString("en-US")} ${levels[0]?.unit ?? ""}`;
  const upTo = heldAt === null ? "no level held" : `it holds ${name(heldAt)}`;
  if (levels.length === 0) return { verdict: "undecided", heldAt, brokeAt: null, text: "no level was held long enough to judge" };
  if (limit === undefined) {
    return { verdict: "none", heldAt, brokeAt: null, text: `no breaking point: it holds every level up to ${name(heldAt ?? 0)}` };
  }
  if (limit.outcome === "generator") {
    const text = `${heldAt === null ? upTo : `${upTo} at least`}; at ${name(limit.level)} the generator gave way first`;
    return { verdict: heldAt === null ? "undecided" : "floor", heldAt, brokeAt: null, text };
  }
  const text = `${upTo} and breaks at ${name(limit.level)}: ${limit.broken.join("; ")}`;
  return { verdict: "found", heldAt, brokeAt: limit.level, text };
}
