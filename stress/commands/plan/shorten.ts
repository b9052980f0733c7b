import type { PlanMode } from "../../measure/plan-summary.ts";
import { formatDuration, parseDuration } from "../../profile/units.ts";
import type { PlanWords } from "./words.ts";

/** How a plan is run: as it says, as a smoke test, or with all its times multiplied. */
export interface PlanPace {
  mode: PlanMode;
  /** Of times: below 1 where `mode` is `shortened`, 1 in a smoke test. */
  factor: number;
}

/** A scenario of a smoke test that does not say how long it lasts is made to last so long; who is shorter stays as it is. */
export const smokeMs = 20_000;

const timed = ["duration", "stage", "requests"] as const;

/** The words of a scenario as this pace wants them. */
export function paced(words: PlanWords, smoke: PlanWords, { mode, factor }: PlanPace): PlanWords {
  if (mode !== "smoke") return factor === 1 ? words : scaled(words, factor);
  const merged = without(words, smoke);
  if (timed.some((word) => smoke[word] !== undefined)) return merged;
  const lastsMs = lengthOf(merged);
  return lastsMs === null || lastsMs <= smokeMs ? merged : scaled(merged, smokeMs / lastsMs);
}

/** What says how much, and for how long, is replaced as a whole: a rate would contradict the stages it is given instead of. */
function without(words: PlanWords, smoke: PlanWords): PlanWords {
  const ways = ["stage", "rate", "requests"] as const;
  const replaced = ways.some((word) => smoke[word] !== undefined) ? [...ways, "duration"] : [];
  const kept = Object.entries(words).filter(([word]) => !replaced.includes(word));
  return { ...Object.fromEntries(kept), ...smoke };
}

/** Null for a number of requests, which takes as long as it takes. */
function lengthOf({ duration, stage }: PlanWords): number | null {
  if (Array.isArray(stage)) return stagesOf(stage).reduce((sum, [lastsMs]) => sum + lastsMs, 0);
  return duration === undefined ? null : parseDuration(String(duration), { what: "duration" });
}

const scaledWords = ["duration", "warm-up", "rest", "before", "after"] as const;

function scaled(words: PlanWords, factor: number): PlanWords {
  const times = scaledWords.flatMap((word) => {
    const given = words[word];
    if (given === undefined) return [];
    const lastsMs = parseDuration(String(given), { what: word, allowZero: true });
    return [[word, formatDuration(Math.round(lastsMs * factor))] as const];
  });
  const stages = Array.isArray(words.stage)
    ? stagesOf(words.stage).map(([lastsMs, level]) => `${formatDuration(Math.max(1, Math.round(lastsMs * factor)))}:${level}`)
    : undefined;
  return { ...words, ...Object.fromEntries(times), ...(stages && { stage: stages }) };
}

function stagesOf(stages: readonly unknown[]): [lastsMs: number, level: string][] {
  return stages
    .flatMap((text) => String(text).split(","))
    .map((text) => {
      const [duration = "", level = ""] = text.trim().split(":");
      return [parseDuration(duration, { what: `stage "${text.trim()}"` }), level];
    });
}
