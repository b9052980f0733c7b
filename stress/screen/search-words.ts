import type { SearchBracket } from "../measure/search-event.ts";
import type { SearchLevel, SearchSummary } from "../measure/search-summary.ts";
import { absent, formatBound, formatLatency, formatRate } from "./format.ts";
import type { Theme } from "./theme.ts";

/** A search in words and signs; the same on the live screen, in plain lines and at the end. */

export const outcomeSigns: Record<SearchLevel["outcome"], string> = { pass: "✓", fail: "✗", generator: "!" };

/** The sign of one outcome, coloured. */
export function signOf(outcome: SearchLevel["outcome"], theme: Theme): string {
  const tones = { pass: theme.good, fail: theme.bad, generator: theme.warn };
  return tones[outcome](outcomeSigns[outcome]);
}

export const phaseWords: Record<SearchLevel["phase"], string> = {
  climb: "climbing",
  bisect: "bisecting",
  recheck: "trying just above",
  confirm: "confirming",
};

/** Of which run a search's summary is: all in it but the search itself. */
export function runShown({ answer }: SearchSummary): string {
  return answer.rate === null ? "the last probe" : "the confirming run";
}

/** `1,234/s`. */
export function describeRate(rate: number | null): string {
  return rate === null ? absent : `${formatRate(rate)}/s`;
}

/** `holds 1,200/s · breaks 1,260/s · 5.0 % apart`. */
export function describeBracket({ holds, breaks }: SearchBracket): string {
  const parts = [`holds ${describeRate(holds)}`];
  if (breaks === null) return `${parts[0]} · nothing broke yet`;
  parts.push(`${breaks.by === "target" ? "breaks" : "generator's limit"} ${describeRate(breaks.rate)}`);
  if (holds !== null) parts.push(`${((breaks.rate / holds - 1) * 100).toFixed(1)} % apart`);
  return parts.join(" · ");
}

/** A percentile of a level; a lower bound where it falls among requests that got no answer in time. */
export function levelPercentile(level: SearchLevel, name: "p(50)" | "p(95)" | "p(99)", limitMs: number): string {
  if (level.response === null) return absent;
  return level.beyond.includes(name) ? formatBound(level.response[name], limitMs) : formatLatency(level.response[name]);
}
