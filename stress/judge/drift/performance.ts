import type { StabilityCheck } from "../../measure/drift-summary.ts";
import { levelsOf, quantile, type Reading, type Span } from "./blocks.ts";
import { Designs } from "./design.ts";
import { type Effect, effectOf, type Level } from "./effect.ts";

/**
 * What a percentile may become from the first third of the steady load to the last, and what throughput may fall to. One
 * that doubles over the run along a line is 1.57 times as high in the last third as in the first. Drift is a change that is
 * certain and by estimate larger than this; to be certain that it is larger would let such a doubling pass.
 */
const latencyRatio = 1.25;
const throughputRatio = 0.8;
const missedDrift = 0.01;
const leastLevels = 12;
/** Batches to a level, where there are enough: their median does not see a pause that one of them had. */
const batchesPerLevel = 3;

/**
 * Latency over the run: `readings` are one percentile, in milliseconds, of each batch of the time series. Percentiles of
 * batches are levels to compare, not to average into a percentile.
 */
export function latencyDriftOf(
  readings: readonly Reading[],
  steady: Span | null,
  falseAlarm: number,
  designs = new Designs(),
): StabilityCheck {
  return compared("latency", "ms", readings, steady, latencyRatio, falseAlarm, 1, designs);
}

/** Requests a second over the run, one reading a batch. */
export function throughputDriftOf(
  readings: readonly Reading[],
  steady: Span | null,
  falseAlarm: number,
  designs = new Designs(),
): StabilityCheck {
  return compared("throughput", "requests/s", readings, steady, throughputRatio, falseAlarm, -1, designs);
}

/**
 * Late over early, as a difference of logarithms under noise of unknown memory. Two looks share the risks: the last third
 * against the first, the middle left out, which finds a step whenever it came; and a line, for what grows little by
 * little. The line by itself would take a step for a walk.
 */
function compared(
  check: "latency" | "throughput",
  unit: StabilityCheck["unit"],
  readings: readonly Reading[],
  steady: Span | null,
  allowedRatio: number,
  falseAlarm: number,
  worse: 1 | -1,
  designs: Designs,
): StabilityCheck {
  const nothing: StabilityCheck = {
    check,
    service: null,
    verdict: "undecided",
    unit,
    before: null,
    after: null,
    allowed: null,
    ratio: null,
    reasons: [`${check}: too few batches at a constant level to compare early with late`],
  };
  if (steady === null) return nothing;
  const logs = readings
    .filter(({ atMs, value }) => atMs >= steady.fromMs && atMs <= steady.toMs && value > 0)
    .map(({ atMs, value }) => ({ atMs, value: Math.log(value) }));
  const groups = Math.floor(logs.length / batchesPerLevel);
  const levels: Level[] = groups < leastLevels * 2 ? logs : levelsOf(logs, steady, groups, 0.5);
  if (levels.length < leastLevels) return nothing;
  const spanMs = steady.toMs - steady.fromMs;
  const third = ({ atMs }: Level) => Math.min(2, Math.floor(((atMs - steady.fromMs) / spanMs) * 3));
  const ends = levels.filter((level) => third(level) !== 1);
  const [alarm, miss] = [falseAlarm / 2, missedDrift / 2];
  const risks = worse === 1 ? { lower: alarm, upper: miss } : { lower: miss, upper: alarm };
  // Latency does not add up as memory does: what wanders for longer than this is drift, not noise about a level.
  const longestMs = spanMs / 12;
  const step = effectOf(ends, (i) => (ends[i] !== undefined && third(ends[i]) === 2 ? 1 : 0), risks, { longestMs, designs });
  // In units of the distance between the middles of the outer thirds.
  const line = effectOf(levels, (i) => (levels[i]?.atMs ?? 0) / ((spanMs * 2) / 3), risks, { longestMs, designs });
  const of = (wanted: number) =>
    quantile(
      levels.filter((level) => third(level) === wanted).map(({ value }) => Math.exp(value)),
      0.5,
    );
  const [before, after] = [of(0), of(2)];
  if (step === null || line === null || before === null || after === null) return nothing;
  const limit = worse * Math.log(allowedRatio);
  const isOver = ({ estimate, lower, upper }: Effect) => (worse === 1 ? lower : -upper) > 0 && worse * estimate > limit;
  const isUnder = ({ lower, upper }: Effect) => (worse === 1 ? upper : -lower) < limit;
  const looks = [step, line].sort((a, b) => a.upper - a.lower - (b.upper - b.lower));
  const over = looks.find(isOver);
  const effect = over ?? looks.find(isUnder) ?? (looks[0] as Effect);
  const verdict = over ? "drifting" : isUnder(effect) ? "stable" : "undecided";
  const ratio = { estimate: Math.exp(effect.estimate), lower: Math.exp(effect.lower), upper: Math.exp(effect.upper) };
  const allowed = before * allowedRatio;
  const said = `late over early ${ratio.estimate.toFixed(2)} (${ratio.lower.toFixed(2)} to ${ratio.upper.toFixed(2)})`;
  const reasons = [`${check}: ${said}, allowed ${worse === 1 ? "up to" : "down to"} ${allowedRatio}`];
  return { ...nothing, verdict, before, after, allowed, ratio, reasons };
}
