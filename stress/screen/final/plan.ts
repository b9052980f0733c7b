import type { LevelRow } from "../../measure/plan-summary.ts";
import type { Summary } from "../../measure/summary.ts";
import { formatBound, formatCores, formatExact, formatLatency, formatMebibytes, formatRate, formatShare } from "../format.ts";
import type { View } from "../header.ts";
import { clean, labelled, margin, wrap } from "../line.ts";
import { table } from "../table.ts";
import { planModeText } from "./plan-mode.ts";

const labelWidth = 16;

/** Of a scenario of a plan: how it was run, and what was found of recovery, breaking point and refusal. */
export function planBlock(summary: Summary, { theme, width }: View): string[] {
  const { plan } = summary;
  if (plan === undefined) return [];
  const { recovery, breakingPoint, refusal, mode } = plan;
  const rows: [string, string, boolean][] = [
    ["scenario", clean(plan.title), true],
    ["mode", planModeText[mode], true],
    ["recovery", recovery?.text ?? "", recovery?.verdict === "recovered"],
    ["breaking point", breakingPoint?.text ?? "", breakingPoint?.verdict === "found" || breakingPoint?.verdict === "none"],
    ["refusal", refusal?.text ?? "", refusal?.verdict === "graceful"],
  ];
  return rows.flatMap(([label, text, isGood]) => {
    if (text === "") return [];
    const lines = labelled(label, clean(text), labelWidth, width - 2 * margin);
    return lines.map((line, i) => " ".repeat(margin) + (isGood ? line : i === 0 ? line : theme.strong(line)));
  });
}

/** What stands beside the level, in the order of `levelCells`. */
export const levelHeading = ["answered", "p50", "p95", "p99", "failed", "CPU", "MiB", ""] as const;

/** Each level of a ramp that was held: what it answered, and what it cost. */
export function breakingPointBlock(summary: Summary, { theme, width }: View): string[] {
  const levels = summary.plan?.breakingPoint?.levels ?? [];
  if (levels.length === 0) return [];
  const heading = levelHeading.map((name) => theme.faint(name));
  const limitMs = summary.profile.timeoutMs;
  const rows = levels.map((level) => [...levelCells(level, limitMs).slice(0, -1), outcomeWord(level, theme)]);
  const title = theme.strong(levels[0]?.unit === "users" ? "users" : "rate");
  const notes = levels
    .filter(({ broken }) => broken.length > 0)
    .flatMap(({ level, broken }) => wrap(clean(`at ${formatExact(level)}: ${broken.join("; ")}`), width - margin, margin + 2));
  return [
    ...table([[title, ...heading], ...rows], { align: "rrrrrrrrl", width, least: [7, 9, 8, 8, 8, 7, 11, 7, 9], gap: 1 }),
    ...notes.map((line) => theme.faint(line)),
  ];
}

/** Level, answered, p50, p95, p99, failed, CPU, memory, outcome. */
export function levelCells(row: LevelRow, limitMs: number): string[] {
  const percentile = (name: "p(50)" | "p(95)" | "p(99)") =>
    row.beyond.includes(name) ? formatBound(row[name] ?? 0, limitMs) : formatLatency(row[name]);
  return [
    formatExact(row.level),
    `${formatRate(row.answeredRps)}/s`,
    percentile("p(50)"),
    percentile("p(95)"),
    percentile("p(99)"),
    formatShare(row.failedShare),
    formatCores(row.cpuCores),
    formatMebibytes(row.memoryBytes),
    outcomeWords[row.outcome],
  ];
}

const outcomeWords: Record<LevelRow["outcome"], string> = { held: "✓ held", broke: "✗ broke", generator: "! generator" };

function outcomeWord({ outcome }: LevelRow, theme: View["theme"]): string {
  const tone = { held: "good", broke: "bad", generator: "warn" } as const;
  return theme[tone[outcome]](outcomeWords[outcome]);
}
