import type { SearchLevel, SearchSummary } from "../../measure/search-summary.ts";
import type { Summary } from "../../measure/summary.ts";
import { absent, formatClock, formatCount, formatDuration, formatMebibytes, formatRate, formatShare } from "../format.ts";
import type { View } from "../header.ts";
import { clean, labelled, left, margin, wrap } from "../line.ts";
import { describeRate, levelPercentile, runShown, signOf } from "../search-words.ts";
import { table } from "../table.ts";

const labelWidth = 13;

/** What a search found: the capacity and where it is, what broke first, what was exhausted. Nothing for other runs. */
export function searchBlock(summary: Summary, view: View): string[] {
  const { search } = summary;
  if (search === undefined) return [];
  const { theme, width } = view;
  const row = (label: string, text: string): string[] =>
    labelled(" ".repeat(margin) + theme.strong(left(label, labelWidth)), text, margin + labelWidth, width - margin);
  const { brokeFirst, bottleneck } = search;
  const elapsedMs = Date.parse(search.endedAt) - Date.parse(search.startedAt);
  const lines = row("capacity", capacityText(search, view));
  const { interval } = search.answer;
  if (interval !== null) {
    const ends = `${formatRate(interval.low)} to ${formatRate(interval.high)} requests/s`;
    lines.push(...row("interval", `${ends} with ${interval.confidence * 100} % confidence, from all probes`));
  }
  if (brokeFirst !== null) lines.push(...row("broke first", `${clean(brokeFirst.text)} at ${describeRate(brokeFirst.rate)}`));
  if (bottleneck !== null) {
    const evidence = bottleneck.evidence.map(clean).join("; ");
    const kind = bottleneck.kind === "none" ? "none found" : bottleneck.kind;
    lines.push(...row("bottleneck", `${kind} at ${describeRate(bottleneck.rate)}${evidence === "" ? "" : `: ${evidence}`}`));
  }
  const count = search.levels.length;
  const probes = `${count} ${count === 1 ? "probe" : "probes"} in ${formatClock(elapsedMs)}`;
  lines.push(...row("search", `${probes}; below, ${runShown(search)}`));
  return lines;
}

function capacityText({ answer, plan }: SearchSummary, { theme }: View): string {
  const { kind, rate, holds, breaks } = answer;
  const held = `held for ${formatDuration(plan.confirmMs)}`;
  if (rate !== null && kind === "found") return `${theme.strong(`${formatRate(rate)} requests/s`)}  ${held}`;
  if (rate !== null) return `${theme.strong(`≥ ${formatRate(rate)} requests/s`)}  ${held}; a floor, not a limit`;
  const known = [
    ...(holds === null ? [] : [`holds ${describeRate(holds)}`]),
    ...(breaks === null ? [] : [`${breaks.by === "target" ? "breaks" : "generator's limit"} at ${describeRate(breaks.rate)}`]),
  ];
  return `not known${known.length === 0 ? "" : `: ${known.join(", ")}`}`;
}

/** A level's tries, the most telling of them last: the longest, then the latest. */
interface Level {
  rate: number;
  tries: SearchLevel[];
}

export interface LevelTableOptions {
  /** At most so many levels, those nearest to `around`. */
  rows?: number;
  around?: number | null;
  /** Where it broke: the services that used most CPU there come first. */
  breaksAt?: number | null;
}

/** Every level tried, the highest first, a sign for each try, and the services for which there is room. */
export function levelTable(
  levels: readonly SearchLevel[],
  limitMs: number,
  view: View,
  { rows = Number.POSITIVE_INFINITY, around = null, breaksAt = null }: LevelTableOptions = {},
): string[] {
  if (levels.length === 0) return [];
  const { theme, width } = view;
  const all = byRate(levels);
  const shown = nearest(all, rows, around);
  const services = servicesByCpu(levels, breaksAt).slice(0, roomForServices(width));
  const percentiles = ["p(50)", "p(95)", "p(99)"] as const;
  const names = ["", "p50", "p95", "p99", "failed", "dropped", ...services.flatMap((name) => [clean(name).slice(0, 7), "MiB"])];
  const body = shown.map(({ rate, tries }) => {
    const last = tries.at(-1) as SearchLevel;
    const confirms = tries.some(({ phase }) => phase === "confirm");
    return [
      describeRate(rate),
      tries.map(({ outcome }) => signOf(outcome, theme)).join("") + (confirms ? theme.faint("=") : ""),
      ...percentiles.map((name) => levelPercentile(last, name, limitMs)),
      last.failedShare === 0 ? "0" : theme.bad(formatShare(last.failedShare)),
      formatCount(last.dropped),
      ...services.flatMap((name) => usage(last, name)),
    ];
  });
  const lines = table([[theme.strong("levels"), ...names.map((name) => theme.faint(name))], ...body], {
    align: `rl${"r".repeat(names.length - 1)}`,
    width,
    least: [9, 3, 7, 7, 7, 6, 7],
    gap: 1,
  });
  const hidden = all.length - shown.length;
  return hidden === 0 ? lines : [...lines, `${" ".repeat(margin)}${theme.faint(`… and ${hidden} further away`)}`];
}

function byRate(levels: readonly SearchLevel[]): Level[] {
  const rates = new Map<number, SearchLevel[]>();
  for (const level of levels) rates.set(level.rate, [...(rates.get(level.rate) ?? []), level]);
  return [...rates]
    .sort(([a], [b]) => b - a)
    .map(([rate, tries]) => ({ rate, tries: tries.toSorted((a, b) => a.durationMs - b.durationMs) }));
}

function nearest(all: readonly Level[], rows: number, around: number | null): Level[] {
  if (all.length <= rows) return [...all];
  const centre = Math.log(around ?? all[0]?.rate ?? 1);
  const distance = ({ rate }: Level) => Math.abs(Math.log(rate) - centre);
  const kept = new Set(all.toSorted((a, b) => distance(a) - distance(b)).slice(0, Math.max(1, rows - 1)));
  return all.filter((level) => kept.has(level));
}

/** CPU and memory take 16 columns a service. */
function roomForServices(width: number): number {
  return Math.max(0, Math.floor((width - 58) / 16));
}

/** The names of all services, first those that used most CPU where it broke: what gave way must not be what has no room. */
function servicesByCpu(levels: readonly SearchLevel[], breaksAt: number | null): string[] {
  const where = levels.filter(({ rate }) => breaksAt === null || rate === breaksAt);
  const most = (name: string) =>
    Math.max(0, ...where.flatMap(({ services }) => services.flatMap((each) => (each.name === name ? (each.cpuCores ?? 0) : []))));
  const names = levels[0]?.services.map(({ name }) => name) ?? [];
  return names.toSorted((a, b) => most(b) - most(a));
}

function usage(level: SearchLevel, name: string): string[] {
  const found = level.services.find((service) => service.name === name);
  return [formatRate(found?.cpuCores ?? null), found === undefined ? absent : formatMebibytes(found.memoryBytes)];
}

/** The table of a finished search. */
export function levelBlock(summary: Summary, view: View): string[] {
  const { search, profile } = summary;
  if (search === undefined) return [];
  const breaksAt = search.answer.breaks?.rate ?? null;
  const lines = levelTable(search.levels, profile.timeoutMs, view, { breaksAt });
  if (lines.length === 0) return [];
  const generator = search.levels.some(({ outcome }) => outcome === "generator");
  const legend = `✓ held  ✗ broke${generator ? "  ! generator at its limit" : ""}  = confirming run; response time, the longest try's`;
  const leftOut = servicesByCpu(search.levels, breaksAt).slice(roomForServices(view.width)).map(clean);
  const note = leftOut.length === 0 ? "" : `… and ${leftOut.join(", ")}: on a wider screen, and in the reports`;
  const more = note === "" ? [] : wrap(note, view.width - margin, margin);
  return [...lines, ...[...more, " ".repeat(margin) + legend].map((line) => view.theme.faint(line))];
}
