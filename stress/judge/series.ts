import type { Series } from "../measure/series.ts";
import type { Summary } from "../measure/summary.ts";
import { unsoundness } from "./compare/sound.ts";
import type { RunFile } from "./compare.ts";
import { type ExitCode, worstExitCode } from "./exit-code.ts";

/**
 * One summary for a series of runs, which names them all. Its figures are those of a run that was made, the middle one by
 * throughput among the sound ones: figures of several runs, averaged, would be those of none. Its results are the worst of
 * all, each reason with the number of its run.
 */
export function summaryOfSeries(runs: readonly RunFile[], { id, of, side }: Pick<Series, "id" | "of" | "side">): Summary {
  const sound = runs.filter(({ summary }) => unsoundness(summary) === null);
  const ranked = (sound.length > 0 ? sound : runs).toSorted((a, b) => rateOf(a) - rateOf(b));
  const middle = ranked[Math.floor((ranked.length - 1) / 2)];
  if (middle === undefined) throw new Error("a series has at least one run");
  const exitCode = worstExitCode(runs.map(({ summary }) => summary.results.exitCode as ExitCode));
  const worst = runs.find(({ summary }) => summary.results.exitCode === exitCode) ?? middle;
  const reasons = runs.flatMap(({ summary }, i) => summary.results.reasons.map((reason) => `run ${i + 1} of ${of}: ${reason}`));
  const series = { id, of, side, run: runs.indexOf(middle) + 1, files: runs.map(({ file }) => file) };
  return { ...middle.summary, series, results: { verdict: worst.summary.results.verdict, exitCode, reasons } };
}

function rateOf({ summary: { capacity } }: RunFile): number {
  return capacity.sustainedRps ?? capacity.averageRps;
}
