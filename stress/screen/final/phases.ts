import type { PhaseRow, Summary } from "../../measure/summary.ts";
import { formatBound, formatCount, formatDuration, formatLatency, formatRate } from "../format.ts";
import type { View } from "../header.ts";
import { limitMsOf, wordsOf } from "../kind.ts";
import { clean } from "../line.ts";
import { table } from "../table.ts";

const percentiles = ["p(50)", "p(95)", "p(99)"] as const;

/** One row a stage. */
export function phaseBlock(summary: Summary, view: View): string[] {
  const { phases, profile } = summary;
  if (phases.length === 0) return [];
  const { theme, width } = view;
  const words = wordsOf(profile);
  const heading = ["", words.operations, words.perSecond, "p50", "p95", "p99", "failed"].map((name) => theme.faint(name));
  const rows = phases.map((phase) => [
    clean(phase.name),
    theme.faint(formatDuration(phase.durationMs)),
    formatCount(phase.requests),
    formatRate(phase.rps),
    ...percentiles.map((name) => percentile(phase, name, limitMsOf(profile))),
    phase.failed === 0 ? "0" : theme.bad(formatCount(phase.failed)),
  ]);
  return table([[theme.strong("phases"), ...heading], ...rows], {
    align: "lrrrrrrr",
    width,
    least: [13, 6, 9, 7, 8, 8, 8, 6],
    gap: 1,
  });
}

function percentile(phase: PhaseRow, name: (typeof percentiles)[number], limitMs: number): string {
  if (phase.requests === 0) return formatLatency(null);
  return phase.beyond.includes(name) ? formatBound(phase[name], limitMs) : formatLatency(phase[name]);
}
