import type { Stage } from "./profile.ts";
import { formatDuration, parseCount, parseDuration, parseRate } from "./units.ts";
import { UsageError } from "./usage-error.ts";

/** What a stage's levels count: users (closed models) or arrivals a second (open model). */
export type LevelUnit = "users" | "requests/s";

const accepted = "DURATION:USERS such as 30s:50, or DURATION:RATE such as 30s:500/s";

/**
 * Stages from `--stage` values, each `30s:50` (users) or `30s:500/s` (rate), several joined by commas or given one by
 * one. Each ramps from the level before it, the first from `from` (in the stages' own unit), so that a repeated target holds.
 *
 * @throws UsageError for an unreadable stage, a zero duration, users mixed with rates, and a profile that sends nothing.
 */
export function parseStages(
  texts: readonly string[],
  { from = 0, what = "--stage" }: { from?: number; what?: string } = {},
): { unit: LevelUnit; stages: Stage[] } {
  const stages: Stage[] = [];
  let unit: LevelUnit | null = null;
  let level = from;
  for (const text of texts.flatMap((given) => given.split(","))) {
    const parsed = parseStage(text, what);
    unit ??= parsed.unit;
    if (parsed.unit !== unit) {
      const all = texts.join(" ");
      throw new UsageError(`${what} mixes users and rates in "${all}": all stages are ${accepted}`);
    }
    stages.push({ durationMs: parsed.durationMs, from: level, to: parsed.level });
    level = parsed.level;
  }
  checkStages(stages, what);
  return { unit: unit ?? "users", stages };
}

function parseStage(text: string, what: string): { unit: LevelUnit; durationMs: number; level: number } {
  const parts = text.trim().split(":");
  const [duration, target] = parts;
  if (parts.length !== 2 || !duration || !target) {
    throw new UsageError(`${what} "${text}" is not a stage: accepted is ${accepted}`);
  }
  const durationMs = parseDuration(duration, { what: `${what} "${text}": duration` });
  const level = { what: `${what} "${text}": target`, allowZero: true };
  return target.includes("/")
    ? { unit: "requests/s", durationMs, level: parseRate(target, level) }
    : { unit: "users", durationMs, level: parseCount(target, level) };
}

/** @throws UsageError where a profile would do nothing or is not made of finite, positive times and levels. */
export function checkStages(stages: readonly Stage[], what = "--stage"): void {
  if (stages.length === 0) throw new UsageError(`${what}: the profile is empty; accepted is ${accepted}`);
  for (const { durationMs, from, to } of stages) {
    if (!Number.isFinite(durationMs) || durationMs <= 0) {
      throw new UsageError(`${what}: a stage lasts ${durationMs} ms; it must last longer than zero, such as 30s`);
    }
    const wrong = [from, to].find((level) => !Number.isFinite(level) || level < 0);
    if (wrong !== undefined) throw new UsageError(`${what}: a stage has the level ${wrong}; accepted are zero and above`);
  }
  if (stages.every(({ from, to }) => from === 0 && to === 0)) {
    throw new UsageError(`${what}: the level never rises above zero, so nothing would be sent; accepted is ${accepted}`);
  }
}

export function totalDurationMs(stages: readonly Stage[]): number {
  return stages.reduce((sum, stage) => sum + stage.durationMs, 0);
}

/**
 * The level `tMs` after the load's start. Before it the first level, after the end the last; where one stage ends and
 * the next begins, the level of the next.
 */
export function levelAt(stages: readonly Stage[], tMs: number): number {
  let startMs = 0;
  for (const { durationMs, from, to } of stages) {
    if (tMs < startMs + durationMs) return from + (to - from) * (Math.max(0, tMs - startMs) / durationMs);
    startMs += durationMs;
  }
  return stages.at(-1)?.to ?? 0;
}

/** Index of the stage that runs `tMs` after the load's start; the last one from its start on, 0 before the first. */
export function stageAt(stages: readonly Stage[], tMs: number): number {
  let endMs = 0;
  const index = stages.findIndex(({ durationMs }) => {
    endMs += durationMs;
    return tMs < endMs;
  });
  return index === -1 ? Math.max(0, stages.length - 1) : index;
}

/** Whether the level is constant, and above zero: the intervals that count as steady. */
export function isHold(stage: Stage): boolean {
  return stage.from === stage.to && stage.to > 0;
}

/** For people: `ramp 0 → 50 users`, `hold 50 users`, `hold 500 requests/s`; `pause` at zero. */
export function labelOf(stage: Stage, unit: LevelUnit): string {
  const { from, to } = stage;
  if (from === to) return to === 0 ? `pause ${formatDuration(stage.durationMs)}` : `hold ${level(to)} ${noun(to, unit)}`;
  return `ramp ${level(from)} → ${level(to)} ${noun(to, unit)}`;
}

function level(value: number): string {
  return String(Number(value.toFixed(2)));
}

function noun(value: number, unit: LevelUnit): string {
  return unit === "users" && value === 1 ? "user" : unit;
}
