import type { Command } from "commander";
import { ExitCode } from "../judge/exit-code.ts";
import { preflight } from "../load/preflight.ts";
import { onInterrupt } from "./interrupt.ts";
import { addRequestFlags } from "./load-flags.ts";
import { addResultFlags, type OutputFlags, removeEarlier, summaryPath } from "./output-flags.ts";
import { reportFilesFrom, tellProblem, writeReports } from "./report-files.ts";
import { addSearchFlags, planFrom, probeProfile, type SearchFlags } from "./search-flags.ts";
import { SearchRun } from "./search-run.ts";
import { showSearchEvents } from "./show-search.ts";
import { addTargetFlags, type TargetFlags, targetFrom } from "./target-flags.ts";

/** `stress search`: the highest load that still meets the objectives. */
export const search = {
  register(program: Command): void {
    const command = program
      .command("search")
      .description("find the highest load that still meets the objectives, and what gives way first");
    addResultFlags(addRequestFlags(addSearchFlags(addTargetFlags(command))), "search-summary.json").action(
      async (flags: SearchFlags & TargetFlags & OutputFlags) => {
        const plan = planFrom(flags);
        const target = await targetFrom(flags);
        const hasServices = target.services.length > 0;
        const profileAt = (rate: number, confirms: boolean) =>
          probeProfile(flags, plan, { rate, confirms }, { target: target.target, hasServices });
        const path = await summaryPath(flags);
        const reports = await reportFilesFrom(flags.report ?? []);
        const first = profileAt(plan.start, false);
        // What stands in the way at the highest load is told before the first probe, not after an hour.
        profileAt(plan.max, true);
        await preflight(first);
        await removeEarlier([path]);
        // Every run closes what it samples, and takes a target of its own.
        const run = new SearchRun(plan, path, profileAt, () => targetFrom(flags));
        const shown = showSearchEvents(run.events, flags, () => interrupt.press());
        const interrupt = onInterrupt(
          () => run.interrupt(),
          () => process.exit(ExitCode.interrupted),
        );
        try {
          const summary = await run.go();
          await shown;
          if (summary === null) {
            process.exitCode = ExitCode.interrupted;
            return;
          }
          for (const problem of await writeReports(reports, summary, path)) tellProblem(problem);
          process.exitCode = summary.results.exitCode;
        } finally {
          interrupt.release();
          await Promise.all(target.services.map(({ source }) => source.close()));
        }
      },
    );
  },
};
