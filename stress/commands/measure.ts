import { ExitCode } from "../judge/exit-code.ts";
import { preflight } from "../load/preflight.ts";
import type { Profile } from "../profile/profile.ts";
import { onInterrupt } from "./interrupt.ts";
import { MeasuredRun } from "./measured-run.ts";
import { type OutputFlags, summaryPath } from "./output-flags.ts";
import { showEvents } from "./show-events.ts";
import type { MeasuredTarget } from "./target-flags.ts";

/**
 * Measures a profile: makes sure it can be done, runs it, shows it, writes the summary. @returns the exit code.
 * @throws UsageError before anything is sent, where something stands in the way.
 */
export async function measure(profile: Profile, measured: MeasuredTarget, flags: OutputFlags): Promise<ExitCode> {
  const path = await summaryPath(flags);
  const address = await preflight(profile);
  const run = new MeasuredRun(profile, measured, path);
  const shown = showEvents(run.events, flags, () => interrupt.press());
  const interrupt = onInterrupt(
    () => run.interrupt(),
    () => process.exit(ExitCode.interrupted),
  );
  try {
    const summary = await run.go(address);
    await shown;
    return summary.results.exitCode as ExitCode;
  } finally {
    interrupt.release();
  }
}
