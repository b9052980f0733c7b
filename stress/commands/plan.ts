import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Command } from "commander";
import { ExitCode } from "../judge/exit-code.ts";
import { preflight } from "../load/preflight.ts";
import { parseDuration } from "../profile/units.ts";
import { UsageError } from "../profile/usage-error.ts";
import { renderPlanText } from "../report/plan/text.ts";
import { survivingOutput } from "../screen/output.ts";
import { wantsColor } from "../screen/theme.ts";
import { onInterrupt } from "./interrupt.ts";
import { listPlans } from "./plan/list.ts";
import type { PlannedScenario } from "./plan/plan-file.ts";
import { PlanRun } from "./plan/plan-run.ts";
import { scenarioFrom } from "./plan/scenario.ts";
import { scenariosOf, shippedPlans } from "./plan/shipped-plans.ts";
import type { PlanPace } from "./plan/shorten.ts";
import { showEvents } from "./show-events.ts";
import { addTargetFlags, type TargetFlags, targetFrom } from "./target-flags.ts";

interface PlanFlags extends TargetFlags {
  smoke?: boolean;
  durationFactor?: string;
  only?: string;
  skip?: string;
  list?: boolean;
  coolDown: string;
  outDir: string;
  tui: boolean;
}

/** `stress plan`: scenarios from YAML files, one after the other, and one report of all. */
export const plan = {
  register(program: Command): void {
    const command = program
      .command("plan")
      .description("run the scenarios of a test plan, each held to its criteria, and report on all of them")
      .argument("[plans...]", "a YAML file, a plan or a scenario that comes with stress (default: the gateway plan; see --list)");
    addTargetFlags(command)
      .optionsGroup("Plan:")
      .option("--list", "show the scenarios and leave")
      .option("--only <names>", "these scenarios alone: perf-01,perf-04")
      .option("--skip <names>", "all but these: perf-05")
      .option("--smoke", "every scenario short and gentle; shows that all runs, meets no criterion")
      .option("--duration-factor <number>", "multiply all times: 0.1; below 1 no criterion is met")
      .option("--cool-down <time>", "pause between scenarios", "5s")
      .optionsGroup("Output:")
      .option(
        "--out-dir <directory>",
        "where a summary of each scenario and plan.html, .json, .md, .txt and junit.xml go",
        "plan-results",
      )
      .option("--no-tui", "plain lines instead of the screen")
      .action(async (names: string[], flags: PlanFlags) => {
        const pace = paceFrom(flags);
        const { title, scenarios } = await scenariosOf(flags.list && names.length === 0 ? await namesOfAll() : names);
        const chosen = chosenFrom(scenarios, flags);
        if (flags.list) process.stdout.write(listPlans(chosen, pace));
        else process.exitCode = await runPlan(title, chosen, pace, flags);
      });
  },
};

async function namesOfAll(): Promise<string[]> {
  return (await shippedPlans()).map(({ name }) => name);
}

async function runPlan(title: string, planned: readonly PlannedScenario[], pace: PlanPace, flags: PlanFlags): Promise<ExitCode> {
  const coolDownMs = parseDuration(flags.coolDown, { what: "--cool-down", allowZero: true });
  const first = await targetFrom(flags);
  // what is wrong with the last scenario is told before the first one's hour
  const scenarios = planned.map((each) => scenarioFrom(each, pace, first));
  for (const { profile } of scenarios) await preflight(profile);
  await Promise.all(first.services.map(({ source }) => source.close()));
  await mkdir(flags.outDir, { recursive: true }).catch((error: NodeJS.ErrnoException) => {
    throw new UsageError(`cannot write to ${flags.outDir}: ${error.code}; give another place with --out-dir DIRECTORY`);
  });
  const output = survivingOutput(process.stdout);
  const run = new PlanRun(scenarios, {
    title,
    mode: pace.mode,
    durationFactor: pace.factor,
    directory: flags.outDir,
    coolDownMs,
    target: () => targetFrom(flags),
    show: (measured) => showEvents(measured.events, { tui: flags.tui, out: "" }, () => interrupt.press()),
    tell: (text) => output.print(text),
  });
  const interrupt = onInterrupt(
    () => run.interrupt(),
    () => process.exit(ExitCode.interrupted),
  );
  try {
    const { report, isWritten } = await run.go();
    output.print(`\n${renderPlanText(report, { width: process.stdout.columns || 120, color: wantsColor(process.stdout) })}`);
    const place = `${join(flags.outDir, "plan.{html,json,md,txt}")} and junit.xml`;
    output.print(` ${isWritten ? "" : "not all could be "}written to ${place} beside a summary of each scenario\n`);
    await output.flush();
    return report.results.exitCode as ExitCode;
  } finally {
    interrupt.release();
  }
}

function paceFrom({ smoke, durationFactor }: PlanFlags): PlanPace {
  if (smoke && durationFactor !== undefined) {
    throw new UsageError("--smoke contradicts --duration-factor: each says how long scenarios last");
  }
  if (smoke) return { mode: "smoke", factor: 1 };
  if (durationFactor === undefined) return { mode: "full", factor: 1 };
  const factor = Number(durationFactor);
  if (!(factor > 0 && factor <= 100)) {
    throw new UsageError(`--duration-factor "${durationFactor}": accepted is a number above zero and at most 100, such as 0.1`);
  }
  return { mode: factor < 1 ? "shortened" : "full", factor };
}

function chosenFrom(scenarios: readonly PlannedScenario[], { only, skip }: PlanFlags): PlannedScenario[] {
  const known = new Set(scenarios.map(({ name }) => name));
  const names = (flag: string, text: string | undefined) =>
    text?.split(",").map((part) => {
      const name = part.trim();
      if (!known.has(name)) throw new UsageError(`${flag} "${name}": the plan has ${[...known].join(", ")}`);
      return name;
    });
  const [wanted, unwanted] = [names("--only", only), names("--skip", skip) ?? []];
  const chosen = scenarios.filter(({ name }) => (wanted?.includes(name) ?? true) && !unwanted.includes(name));
  if (chosen.length === 0) throw new UsageError("--only and --skip leave no scenario: give fewer of them");
  return chosen;
}
