import {
  absent,
  formatBeyond,
  formatCores,
  formatDuration,
  formatLatency,
  formatMebibytes,
  formatRate,
  formatShare,
} from "../../screen/format.ts";
import type { Outcome, PlanReport, ScenarioRow } from "./plan-report.ts";

/** What the forms of a plan's report share. */

export const outcomeWords: Record<Outcome, { sign: string; word: string }> = {
  pass: { sign: "✓", word: "pass" },
  held: { sign: "✓", word: "held" },
  fail: { sign: "✗", word: "FAIL" },
  undecided: { sign: "!", word: "undecided" },
  interrupted: { sign: "!", word: "interrupted" },
  "not-run": { sign: "–", word: "not run" },
};

/** `✓ smoke held`: what was run short never reads as a pass. */
export function outcomeCell({ outcome, mode }: Pick<ScenarioRow, "outcome" | "mode">): string {
  const { sign, word } = outcomeWords[outcome];
  return mode === "full" || outcome === "not-run" ? `${sign} ${word}` : `${sign} ${mode} ${word}`;
}

export const heading = ["load", "rate", "p50", "p95", "p99", "failed", "CPU", "MiB"] as const;

/** The figures of a scenario, in the order of `heading`. */
export function figureCells(row: ScenarioRow): string[] {
  const { file, rps, operations, failedShare, cpuCores, memoryBytes, load } = row;
  if (file === null) return [load, ...heading.slice(1).map(() => absent)];
  const unit = { requests: "/s", events: " events/s", messages: " msgs/s" }[operations];
  const percentile = (name: "p(50)" | "p(95)" | "p(99)") =>
    row.beyond.includes(name) ? formatBeyond(row.limitMs) : formatLatency(row[name]);
  return [
    load,
    rps === null ? absent : `${formatRate(rps)}${unit}`,
    percentile("p(50)"),
    percentile("p(95)"),
    percentile("p(99)"),
    formatShare(failedShare),
    formatCores(cpuCores),
    formatMebibytes(memoryBytes),
  ];
}

/** One sentence that says how the plan went. */
export function planHeadline({ scenarios, results, mode, partial, durationFactor }: PlanReport): string {
  const { passed, held, failed, undecided, notRun } = results;
  const parts = [
    passed > 0 && `${passed} passed`,
    held > 0 && `${held} held`,
    failed > 0 && `${failed} failed`,
    undecided > 0 && `${undecided} undecided`,
    notRun > 0 && `${notRun} not run`,
  ].filter((part) => part !== false);
  const kind = {
    full: "",
    smoke: "Smoke test, which meets no criterion: ",
    shortened: `Times × ${durationFactor}, which meets no criterion: `,
  }[mode];
  const so = partial === true ? " so far" : "";
  return `${kind}${parts.join(", ")} of ${scenarios.length} ${scenarios.length === 1 ? "scenario" : "scenarios"}${so}`;
}

/** Reasons and findings of a scenario, none twice. */
export function notesOf({ reasons, findings, outcome, warnings }: ScenarioRow): string[] {
  const why = outcome === "pass" || outcome === "held" ? [] : reasons;
  const found = findings.filter((text) => !why.some((reason) => reason.includes(text)));
  return [...why, ...found, ...warnings.map((warning) => `warning: ${warning}`)];
}

export function placeOf({ target, topology }: PlanReport): string {
  return topology === null ? target : `${target} (${topology})`;
}

export function spanOf({ startedAt, endedAt }: PlanReport): string {
  return `${startedAt}, ${formatDuration(Date.parse(endedAt) - Date.parse(startedAt))}`;
}
