import { randomUUID } from "node:crypto";
import { basename, dirname, extname, join, relative } from "node:path";
import type { RunFile } from "../judge/compare.ts";
import { ExitCode } from "../judge/exit-code.ts";
import { summaryOfSeries } from "../judge/series.ts";
import { preflight } from "../load/preflight.ts";
import type { Profile } from "../profile/profile.ts";
import { parseCount, parseDuration } from "../profile/units.ts";
import { UsageError } from "../profile/usage-error.ts";
import { renderSpread } from "../report/comparison/spread.ts";
import { survivingOutput } from "../screen/output.ts";
import { Baseline } from "./baseline.ts";
import { printComparison } from "./compare.ts";
import { onInterrupt } from "./interrupt.ts";
import { MeasuredRun } from "./measured-run.ts";
import { type OutputFlags, removeEarlier, summaryPath } from "./output-flags.ts";
import { pause } from "./pause.ts";
import { reportFilesFrom, tellProblem, writeReports } from "./report-files.ts";
import { saveSummary } from "./save-summary.ts";
import { showEvents } from "./show-events.ts";
import type { MeasuredTarget } from "./target-flags.ts";

export interface RepeatFlags {
  repeat?: string;
  coolDown: string;
}

const mostRuns = 1000;

export function repetitionsFrom({ repeat }: RepeatFlags): number {
  const runs = repeat === undefined ? 1 : parseCount(repeat, { what: "--repeat" });
  if (runs > mostRuns) throw new UsageError(`--repeat ${runs}: accepted are at most ${mostRuns} runs`);
  return runs;
}

/** `dir/summary.json` → `dir/summary-3.json`. */
export function numbered(path: string, run: number): string {
  const extension = extname(path);
  return join(dirname(path), `${basename(path, extension)}-${run}${extension}`);
}

/**
 * Measures a profile `count` times. Each run has a summary of its own; the one at `--out` stands for all of them. The first
 * signal ends the run under way and the series with it. @returns the exit code of the worst run, or of the comparison with
 * the baseline.
 */
export async function measureRepeatedly(
  profile: Profile,
  first: MeasuredTarget,
  again: () => Promise<MeasuredTarget>,
  count: number,
  flags: OutputFlags & RepeatFlags,
): Promise<ExitCode> {
  const path = await summaryPath(flags);
  const coolDownMs = parseDuration(flags.coolDown, { what: "--cool-down", allowZero: true });
  const reports = await reportFilesFrom(flags.report ?? []);
  const baseline = await Baseline.from(flags, profile, first);
  const series = { id: randomUUID(), of: count, side: null };
  const output = survivingOutput(process.stdout);
  const stop = new AbortController();
  let running: MeasuredRun | null = null;
  const interrupt = onInterrupt(
    () => {
      stop.abort();
      running?.interrupt();
    },
    () => process.exit(ExitCode.interrupted),
  );
  const runs: RunFile[] = [];
  try {
    for (let number = 1; number <= count && !stop.signal.aborted; number++) {
      const address = await preflight(profile);
      if (number === 1) await removeEarlier([path, ...Array.from({ length: count }, (_, i) => numbered(path, i + 1))]);
      const file = numbered(path, number);
      output.print(`${number === 1 ? "" : "\n"}run ${number} of ${count}\n`);
      running = new MeasuredRun(profile, number === 1 ? first : await again(), file, {
        review: (summary) => ({ ...summary, series: { ...series, run: number } }),
      });
      const shown = showEvents(running.events, flags, () => interrupt.press());
      const summary = await running.go(address);
      await shown;
      running = null;
      runs.push({ file: relative(dirname(path), file), summary });
      if (number < count) await pause(coolDownMs, stop.signal);
    }
  } finally {
    interrupt.release();
    // runs that were made count, whatever stopped the series
    if (runs.length > 0) await saveSummary(path, () => summaryOf(runs), tellProblem);
  }
  output.print(`\n${renderSpread(runs, process.stdout.columns || 120)}`);
  await output.flush();
  const whole = summaryOf(runs);
  for (const problem of await writeReports(reports, whole, path)) tellProblem(problem);
  if (baseline?.comparison) await printComparison(baseline.comparison, "text");
  const cut = runs.length < count ? ExitCode.interrupted : ExitCode.pass;
  return cut === ExitCode.interrupted ? cut : (whole.results.exitCode as ExitCode);

  function summaryOf(made: readonly RunFile[]) {
    const all = summaryOfSeries(made, series);
    return baseline === null ? all : { ...all, results: baseline.judge(all.results, made) };
  }
}
