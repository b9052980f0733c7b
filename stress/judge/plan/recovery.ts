import type { Recovery } from "../../measure/plan-summary.ts";
import type { Stage } from "../../profile/profile.ts";
import { isHold } from "../../profile/stages.ts";
import { UsageError } from "../../profile/usage-error.ts";
import type { LoadSecond } from "./seconds.ts";

/**
 * Seconds looked at together. A hiccup of two seconds out of five is nobody's recovery: a median of five is the smallest that
 * it cannot move.
 */
const window = 5;
/** Fewer seconds before the spike define no band. */
const leastBefore = 5;
/**
 * The band ends above the highest median seen before the spike: of a stationary series the highest of one stretch is beaten
 * in the next as often as not. A quarter, and two milliseconds where times are tiny.
 */
const bandFactor = 1.25;
const bandSlackMs = 2;

export interface Spike {
  fromMs: number;
  toMs: number;
}

/**
 * Where the spike lies: from the end of the first level held until the load is back at that level or below.
 * @throws UsageError where the stages have none.
 */
export function spikeOf(stages: readonly Stage[]): Spike {
  const first = stages.findIndex(isHold);
  const base = stages[first]?.to ?? 0;
  const up = stages.findIndex((stage, i) => i > first && stage.to > base);
  const down = stages.findIndex((stage, i) => i > up && stage.to <= base);
  if (first === -1 || up === -1 || down === -1 || down === stages.length - 1) {
    throw new UsageError("recovery needs a level that is held, a spike above it, and that level held again after it");
  }
  const endOf = (count: number) => stages.slice(0, count).reduce((sum, { durationMs }) => sum + durationMs, 0);
  return { fromMs: endOf(up), toMs: endOf(down + 1) };
}

/**
 * The target has recovered at the first moment from which on, for as long as the criterion allows or to the end, neither p95
 * nor failures leave the band of the time before the spike. Later trouble is not the spike's.
 */
export function judgeRecovery(seconds: readonly LoadSecond[], spike: Spike, withinMs: number): Recovery {
  const before = seconds.filter(({ atMs, durationMs }) => atMs - durationMs >= settledFrom(spike) && atMs <= spike.fromMs + 500);
  const after = seconds.filter(({ atMs, durationMs }) => atMs - durationMs >= spike.toMs - 500);
  const during = seconds.filter(({ atMs }) => atMs > spike.fromMs + 500 && atMs <= spike.toMs + 500);
  const say = (verdict: Recovery["verdict"], text: string, parts: Partial<Recovery> = {}): Recovery => ({
    withinMs,
    verdict,
    recoveredAfterMs: null,
    band: null,
    worst: worstOf(during),
    text,
    ...parts,
  });
  if (before.length < leastBefore) return say("undecided", `only ${before.length} seconds before the spike tell how it was`);
  if (after.length < window) return say("undecided", `only ${after.length} seconds after the spike were watched`);
  const band = bandOf(before);
  const within = medians(after).map(({ p95Ms, failedShare }) => p95Ms <= band.p95Ms && failedShare <= band.failedShare);
  const watchedMs = (after.at(-1)?.atMs ?? 0) - spike.toMs;
  const staysFrom = after.findIndex((second, i) => {
    const untilMs = second.atMs + withinMs;
    return within.every((isWithin, j) => j < i || (after[j] as LoadSecond).atMs > untilMs || isWithin);
  });
  const allowed = `${seconds1(withinMs)} s`;
  if (staysFrom === -1) {
    const worst = worstOf([...during, ...after]);
    const text = `not recovered ${seconds1(watchedMs)} s after the spike`;
    return watchedMs < withinMs
      ? say("undecided", `${text}, and ${allowed} were allowed: watch for longer`, { band, worst })
      : say("late", `${text} (${allowed} allowed)`, { band, worst });
  }
  // a second that was within the band began within it
  const start = after[staysFrom] as LoadSecond;
  const recoveredAfterMs = Math.max(0, Math.round(start.atMs - start.durationMs - spike.toMs));
  const worst = worstOf([...during, ...after.slice(0, staysFrom)]);
  const isLate = recoveredAfterMs > withinMs;
  const text = `recovered ${seconds1(recoveredAfterMs)} s after the spike (${allowed} allowed)`;
  return say(isLate ? "late" : "recovered", text, { recoveredAfterMs, band, worst });
}

/** What opens connections and fills caches is not how the target is at rest: half of the time before the spike, 10 s at most. */
function settledFrom({ fromMs }: Spike): number {
  return Math.min(10_000, fromMs / 2);
}

function bandOf(before: readonly LoadSecond[]): { p95Ms: number; failedShare: number } {
  const all = medians(before);
  return {
    p95Ms: Math.max(...all.map(({ p95Ms }) => p95Ms)) * bandFactor + bandSlackMs,
    failedShare: Math.max(...all.map(({ failedShare }) => failedShare)),
  };
}

/** Medians of the seconds around each; a second without an answer took for ever. */
function medians(seconds: readonly LoadSecond[]): { p95Ms: number; failedShare: number }[] {
  const half = Math.floor(window / 2);
  return seconds.map((_, i) => {
    const from = Math.max(0, Math.min(i - half, seconds.length - window));
    const around = seconds.slice(from, from + window);
    return {
      p95Ms: median(around.map(({ p95Ms }) => p95Ms ?? Number.POSITIVE_INFINITY)),
      failedShare: median(around.map(failedShareOf)),
    };
  });
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) / 2)] as number;
}

/** A second in which nothing came back, though the load went on, failed whole. */
function failedShareOf({ requests, failed }: LoadSecond): number {
  return requests === 0 ? 1 : failed / requests;
}

function worstOf(seconds: readonly LoadSecond[]): Recovery["worst"] {
  const times = seconds.flatMap(({ p95Ms }) => p95Ms ?? []);
  return {
    p95Ms: times.length === 0 ? null : Math.max(...times),
    failedShare: Math.max(0, ...seconds.map(failedShareOf)),
  };
}

function seconds1(ms: number): string {
  return String(Math.round(ms / 100) / 10);
}
