import { UsageError } from "./usage-error.ts";

/**
 * The units of flags and profiles: durations in milliseconds, rates in events a second, counts. `parse…` throws a
 * `UsageError` that names what was given and what is accepted; `format…` writes what `parse…` reads back.
 */

export interface ParseOptions {
  /** What the message calls the value, e.g. `--duration`. */
  what?: string;
  /** Zero is refused unless true: for most flags it means that nothing would happen. */
  allowZero?: boolean;
}

const unitMs = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1_000, ms: 1 } as const;
const durationForms = "500ms, 30s, 5m, 1h30m";
const rateForms = "500/s, 30k/m, 1.5k/s";
const countForms = "50, 10k, 1.5M";

/** Timers of Node overflow, and then fire at once, at 2^31 ms: 24.8 days. */
const longestMs = 24 * unitMs.d;

const number = String.raw`(\d+(?:\.\d+)?)`;
const durationPattern = new RegExp(`^(?:${number}d)?(?:${number}h)?(?:${number}m(?!s))?(?:${number}s)?(?:${number}ms)?$`);
const ratePattern = new RegExp(`^${number}([kM]?)/([smh])$`);
const countPattern = new RegExp(`^${number}([kM]?)$`);
const multiplier: Record<string, number> = { "": 1, k: 1_000, M: 1_000_000 };

/** @returns milliseconds. Units are d, h, m, s and ms, largest first, each at most once. */
export function parseDuration(text: string, { what = "duration", allowZero = false }: ParseOptions = {}): number {
  const given = text.trim();
  if (/^\d+(\.\d+)?$/.test(given)) {
    throw new UsageError(`${what} "${text}" has no unit: write ${given}s for seconds, or one of ${durationForms}`);
  }
  const match = durationPattern.exec(given);
  if (given === "" || !match) throw new UsageError(`${what} "${text}" is not a duration: accepted are ${durationForms}`);
  const units = Object.values(unitMs);
  const ms = match.slice(1).reduce((sum, part, i) => sum + Number(part ?? 0) * (units[i] ?? 0), 0);
  // a fraction of a second has no exact binary form: 1.1 s would be 1100.0000000000002 ms
  const rounded = Math.round(ms * 1000) / 1000;
  if (rounded === 0 && !allowZero) throw new UsageError(`${what} "${text}" is zero: it must be longer, such as ${durationForms}`);
  if (rounded > longestMs) throw new UsageError(`${what} "${text}" is too long: at most ${formatDuration(longestMs)}`);
  return rounded;
}

/** @returns events a second; `/s`, `/m` and `/h` are accepted. */
export function parseRate(text: string, { what = "rate", allowZero = false }: ParseOptions = {}): number {
  const match = ratePattern.exec(text.trim());
  if (!match) {
    const bare = countPattern.test(text.trim())
      ? ` has no time unit: write ${text.trim()}/s, or one of`
      : " is not a rate: accepted are";
    throw new UsageError(`${what} "${text}"${bare} ${rateForms}`);
  }
  const perUnit = Number(match[1]) * (multiplier[match[2] ?? ""] ?? 1);
  const perSecond = perUnit / (unitMs[match[3] as "s" | "m" | "h"] / 1_000);
  if (perSecond === 0 && !allowZero) throw new UsageError(`${what} "${text}" is zero: nothing would be sent; write e.g. 500/s`);
  if (perSecond > 1e9) throw new UsageError(`${what} "${text}" is too high: at most 1000M/s`);
  return perSecond;
}

const growthPattern = new RegExp(`^${number}(KiB|MiB|GiB)/(min|h|d)$`);
const growthForms = "1MiB/min, 10MiB/h, 200MiB/d";
const unitBytes: Record<string, number> = { KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 };
const growthUnitMs: Record<string, number> = { min: unitMs.m, h: unitMs.h, d: unitMs.d };

/** @returns bytes an hour. */
export function parseGrowth(text: string, { what = "growth" }: ParseOptions = {}): number {
  const [, amount, unit = "", time = ""] = growthPattern.exec(text.trim()) ?? [];
  const perHour = ((Number(amount ?? 0) * (unitBytes[unit] ?? 0)) / (growthUnitMs[time] ?? 1)) * unitMs.h;
  if (perHour === 0) throw new UsageError(`${what} "${text}" is not a growth above zero: accepted are ${growthForms}`);
  return perHour;
}

/** @returns a whole number. */
export function parseCount(text: string, { what = "number", allowZero = false }: ParseOptions = {}): number {
  const match = countPattern.exec(text.trim());
  const count = match && Number((Number(match[1]) * (multiplier[match[2] ?? ""] ?? 1)).toFixed(6));
  if (count === null || !Number.isSafeInteger(count)) {
    throw new UsageError(`${what} "${text}" is not a whole number: accepted are ${countForms}`);
  }
  if (count === 0 && !allowZero) throw new UsageError(`${what} "${text}" must be at least 1: accepted are ${countForms}`);
  return count;
}

/** `1h30m`, `2m`, `2.5s`, `500ms`; the form that flags take. */
export function formatDuration(ms: number): string {
  if (ms === 0) return "0s";
  let left = ms;
  let text = "";
  for (const unit of ["d", "h", "m"] as const) {
    const whole = Math.floor(left / unitMs[unit]);
    if (whole > 0) text += `${whole}${unit}`;
    left -= whole * unitMs[unit];
  }
  if (left === 0) return text;
  return text + (left >= 1_000 ? `${trim(left / 1_000, 6)}s` : `${trim(left, 3)}ms`);
}

/** `500/s`, `30k/s`; below one a second by the minute or the hour: `30/m`, `6/h`. */
export function formatRate(perSecond: number): string {
  if (perSecond === 0 || perSecond >= 1) return `${formatCount(perSecond)}/s`;
  return perSecond >= 1 / 60 ? `${trim(perSecond * 60, 3)}/m` : `${trim(perSecond * 3600, 3)}/h`;
}

/** `50`, `10k`, `1.5M`, `1234`: shortened only where nothing is lost. */
export function formatCount(count: number): string {
  for (const suffix of ["M", "k"] as const) {
    const short = count / (multiplier[suffix] ?? 1);
    if (short >= 1 && Number.isInteger(Math.round(short * 1e6) / 1e5)) return `${trim(short, 1)}${suffix}`;
  }
  return trim(count, 3);
}

function trim(value: number, digits: number): string {
  return String(Number(value.toFixed(digits)));
}
