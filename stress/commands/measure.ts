import { ExitCode } from "../judge/exit-code.ts";
import { preflight } from "../load/preflight.ts";
import type { Profile } from "../profile/profile.ts";
import { Baseline } from "./baseline.ts";
import { printComparison } from "./compare.ts";
import { onInterrupt } from "./interrupt.ts";
import { MeasuredRun } from "./measured-run.ts";
import { type OutputFlags, summaryPath } from "./output-flags.ts";
import { reportFilesFrom, tellProblem, writeReports } from "./report-files.ts";
import { showEvents } from "./show-events.ts";
import type { MeasuredTarget } from "./target-flags.ts";

/**
 * Measures a profile: makes sure it can be done, runs it, shows it, compares it with the baseline where there is one,
 * writes the summary. @returns the exit code.
 * @throws UsageError before anything is sent, where something stands in the way.
 */
export async function measure(profile: Profile, measured: MeasuredTarget, flags: OutputFlags): Promise<ExitCode> {
  const path = await summaryPath(flags);
  const reports = await reportFilesFrom(flags.report ?? []);
  const baseline = await Baseline.from(flags, profile, measured);
  const address = await preflight(profile);
  const run = new MeasuredRun(profile, measured, path, {
    review: (summary) =>
      baseline === null ? summary : { ...summary, results: baseline.judge(summary.results, [{ file: flags.out, summary }]) },
  });
  const shown = showEvents(run.events, flags, () => interrupt.press());
  const interrupt = onInterrupt(
    () => run.interrupt(),
    () => process.exit(ExitCode.interrupted),
  );
  try {
    const summary = await run.go(address);
    await shown;
    for (const problem of await writeReports(reports, summary, path)) tellProblem(problem);
    if (baseline?.comparison) await printComparison(baseline.comparison, "text");
    return summary.results.exitCode as ExitCode;
  } finally {
    interrupt.release();
  }
}
