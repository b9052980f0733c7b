import { absent, formatBeyond, formatCount, formatExact, formatLatency, formatRate, formatShare } from "../../screen/format.ts";
import type { Added, MatrixReport, MatrixRow } from "./matrix-report.ts";

export const heading = [
  "topology",
  "rate",
  "iterations/s",
  "requests/s",
  "avg",
  "p95",
  "p99",
  "success",
  "dropped",
  "max VUs",
  "",
] as const;

/** The cells of a row, in the order of `heading`. */
export function rowCells(row: MatrixRow): string[] {
  const time = (ms: number | null, name: string) => (row.beyond.includes(name) ? formatBeyond(row.limitMs) : formatLatency(ms));
  return [
    row.topology,
    `${formatExact(row.targetRate)}/s`,
    formatRate(row.iterationsPerSecond),
    formatRate(row.requestsPerSecond),
    // of which some got no answer, the mean is the least it can be
    row.beyond.includes("avg") ? `≥${formatLatency(row.avgMs)}` : formatLatency(row.avgMs),
    time(row.p95Ms, "p(95)"),
    time(row.p99Ms, "p(99)"),
    formatShare(row.successShare),
    formatCount(row.dropped),
    formatCount(row.maxVus),
    verdictWord(row),
  ];
}

export function verdictWord({ verdict }: Pick<MatrixRow, "verdict">): string {
  if (verdict === null) return "– not run";
  if (verdict === "pass") return "✓ pass";
  return verdict === "invalid" || verdict === "undecided" || verdict === "interrupted" ? `! ${verdict}` : "✗ FAIL";
}

const barWidth = 40;

/** `node 500/s ███████ 12.3 ms`: p95 of every row on one scale. */
export function p95Bars(rows: readonly MatrixRow[]): { label: string; bar: string; value: string }[] {
  const longest = Math.max(0, ...rows.map(({ p95Ms }) => p95Ms ?? 0));
  return rows.map((row) => ({
    label: `${row.topology} ${formatExact(row.targetRate)}/s`,
    bar: row.p95Ms === null || longest === 0 ? "" : "█".repeat(Math.max(1, Math.round((row.p95Ms / longest) * barWidth))),
    value: row.beyond.includes("p(95)") ? formatBeyond(row.limitMs) : formatLatency(row.p95Ms),
  }));
}

export const addedHeading = ["rate", "", "against", "percentile", "from", "to", "added", "95 %", ""] as const;

const words = { better: "− less", same: "= same", worse: "+ more", "cannot-tell": "? cannot tell" } as const;

/** What a topology adds, a line a percentile. From one run a side an interval rests on how far runs are assumed to stray. */
export function addedCells({ targetRate, topology, against, figures, comparison }: Added): string[][] {
  const basis = comparison.method === "one-against-one" ? " (assumed spread)" : "";
  return figures.map(({ percentile, againstMs, topologyMs, addedMs, lowMs, highMs, verdict }) => [
    `${formatExact(targetRate)}/s`,
    topology,
    against,
    percentile,
    formatLatency(againstMs),
    formatLatency(topologyMs),
    addedMs === null ? absent : signed(addedMs),
    lowMs === null || highMs === null ? absent : `${signed(lowMs)} to ${signed(highMs)}${basis}`,
    words[verdict],
  ]);
}

/** With two runs a side an interval on a ratio can be so wide that its end is no latency. */
const beyondReasonMs = 60_000;

function signed(ms: number): string {
  if (Math.abs(ms) > beyondReasonMs) return `${ms < 0 ? "−" : "+"}∞`;
  return `${ms < 0 ? "−" : "+"}${formatLatency(Math.abs(ms))}`;
}

export function matrixHeadline({ rows, results, partial, failedTopologies }: MatrixReport): string {
  const { passed, failed, undecided } = results;
  const parts = [
    `${passed} of ${rows.length} cells passed`,
    failed > 0 && `${failed} failed`,
    undecided > 0 && `${undecided} undecided`,
    failedTopologies.length > 0 &&
      `${failedTopologies.length} ${failedTopologies.length === 1 ? "topology" : "topologies"} not measured`,
    partial === true && "so far",
  ];
  return parts.filter((part) => part !== false).join(", ");
}

interface Note {
  place: string;
  note: string;
}

/** Why cells did not pass and topologies were not measured, and what to mind with the figures of the others. */
export function notesOf({ rows, failedTopologies, added }: MatrixReport): Note[] {
  const at = ({ topology, targetRate }: Pick<MatrixRow, "topology" | "targetRate">) => `${topology} ${formatExact(targetRate)}/s`;
  const of = (place: string, notes: readonly string[]) => notes.map((note) => ({ place, note }));
  const isCompared = ({ figures }: Added) => figures.length > 0;
  return [
    ...rows.flatMap((row) => of(at(row), row.reasons)),
    ...added
      .filter((each) => !isCompared(each))
      .map((each) => {
        const without = each.comparison.groups.filter(({ runs }) => runs.length === 0).map(({ label }) => label);
        const why =
          without.length > 0 ? `no run of ${without.join(" and ")} can be compared` : "their runs have no common figure";
        return { place: at(each), note: `what it adds to ${each.against} cannot be told: ${why}` };
      }),
    ...failedTopologies.map(({ topology, reason }) => ({ place: topology, note: reason })),
    ...together([
      ...rows.flatMap((row) => of(at(row), row.warnings)),
      ...added.filter(isCompared).flatMap((each) => of(`${at(each)} against ${each.against}`, each.comparison.warnings)),
    ]),
  ];
}

/** Each warning once, with the places that have it. */
function together(notes: readonly Note[]): Note[] {
  return [...Map.groupBy(notes, ({ note }) => note)].map(([note, all]) => {
    const [first = "", second, ...more] = new Set(all.map(({ place }) => place));
    const others = more.length > 0 ? ` and ${more.length} more` : "";
    return { place: second === undefined ? first : `${first}, ${second}${others}`, note: `warning: ${note}` };
  });
}
