import type { SearchLevel, SearchSummary } from "../measure/search-summary.ts";
import { absent, formatCount, formatMebibytes, formatRate, formatShare } from "../screen/format.ts";
import { clean } from "../screen/line.ts";
import { levelPercentile } from "../screen/search-words.ts";

/** What a search found, in words and rows that its reports share. Text is one line, without control characters, not escaped. */

/** `1,234 requests/s (1,200 to 1,260, 95 %)`, the interval where there is one; `not found`. */
export function answerOf({ answer }: SearchSummary): string {
  if (answer.rate === null) return "not found";
  const rate = `${answer.kind === "found" ? "" : "≥ "}${formatRate(answer.rate)} requests/s`;
  return `${rate}${intervalOf(answer)}`;
}

/** ` (1,200 to 1,260, 95 %)`; empty where none is known. */
export function intervalOf({ interval }: SearchSummary["answer"]): string {
  if (interval === null) return "";
  const { low, high, confidence } = interval;
  return ` (${formatRate(low)} to ${formatRate(high)}, ${Math.round(confidence * 100)} %)`;
}

/** Why it is so, where there is more to say than that it was found: a sentence, or none. */
export function reasonsOf({ answer }: SearchSummary): string[] {
  return answer.reason === "" ? [] : [asSentence(clean(answer.reason))];
}

/** The highest load that a probe or a confirming run held, below what broke; null where none did. */
export function highestHeld({ answer, levels }: SearchSummary): number | null {
  const below = answer.breaks?.rate ?? Number.POSITIVE_INFINITY;
  return levels
    .filter(({ outcome, rate }) => outcome === "pass" && rate < below)
    .reduce<number | null>((most, { rate }) => Math.max(most ?? 0, rate), null);
}

/** What held though nothing was confirmed, what broke first, and what was exhausted there: a sentence each. */
export function findingsOf(search: SearchSummary): string[] {
  const { answer, brokeFirst, bottleneck } = search;
  const held = highestHeld(search);
  const evidence = bottleneck?.evidence.map(clean).join("; ") ?? "";
  const where = brokeFirst === null ? `at ${formatRate(bottleneck?.rate ?? null)} requests/s` : "there";
  return [
    ...(answer.rate === null && held !== null ? [`The highest load that a probe held: ${formatRate(held)} requests/s.`] : []),
    ...(brokeFirst === null ? [] : [`First to break: ${clean(brokeFirst.text)} at ${formatRate(brokeFirst.rate)} requests/s.`]),
    ...(bottleneck === null || evidence === "" ? [] : [`${exhaustedAt(bottleneck.kind, where)}: ${evidence}.`]),
  ];
}

function exhaustedAt(kind: SearchLevel["bottleneck"]["kind"], where: string): string {
  if (kind === "none") return `Nothing that was looked at was exhausted ${where}`;
  return kind === "unknown" ? `What was exhausted ${where} is not known` : `Exhausted ${where}`;
}

/** `the host is busy` → `The host is busy.` */
export function asSentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${text.endsWith(".") ? "" : "."}`;
}

/** Every load tried, the lowest first. */
export function levelsByRate({ levels }: SearchSummary): SearchLevel[] {
  return levels.toSorted((a, b) => a.rate - b.rate || Date.parse(a.startedAt) - Date.parse(b.startedAt));
}

const outcomes: Record<SearchLevel["outcome"], string> = { pass: "held", fail: "broke", generator: "generator's limit" };

/** The heads of `levelRows`, all of them figures. */
export function levelHeads(search: SearchSummary): string[] {
  const services = servicesOf(search).flatMap((name) => [`${clean(name)}, cores`, "MiB"]);
  return ["requests/s", "outcome", "p(50)", "p(95)", "p(99)", "failed", "dropped", ...services];
}

/** A row a load; response times, a lower bound where requests got no answer within `limitMs`. */
export function levelRows(search: SearchSummary, limitMs: number): string[][] {
  const services = servicesOf(search);
  return levelsByRate(search).map((level) => [
    formatRate(level.rate),
    level.phase === "confirm" ? `${outcomes[level.outcome]} (confirming)` : outcomes[level.outcome],
    ...(["p(50)", "p(95)", "p(99)"] as const).map((name) => levelPercentile(level, name, limitMs)),
    formatShare(level.failedShare),
    formatCount(level.dropped),
    ...services.flatMap((name) => usageOf(level, name)),
  ]);
}

/** CPU in cores and memory in MiB of a service at a level. */
export function usageOf(level: SearchLevel, name: string): [cores: string, mebibytes: string] {
  const found = level.services.find((service) => service.name === name);
  return [found?.cpuCores?.toFixed(2) ?? absent, formatMebibytes(found?.memoryBytes ?? null)];
}

function servicesOf({ levels }: SearchSummary): string[] {
  return levels[0]?.services.map(({ name }) => name) ?? [];
}
