import { createInterface } from "node:readline/promises";
import type { Command } from "commander";
import { applicable, type Change, changesFor } from "../doctor/change.ts";
import { applyChanges, defaultStateFile, type Outcome, undoChanges } from "../doctor/keep.ts";
import { type HostNeeds, needsOf } from "../doctor/needs.ts";
import { readHostLimits } from "../doctor/read.ts";
import type { HostReadings } from "../doctor/readings.ts";
import { type Finding, judgeHost, sysctlNames } from "../doctor/settings.ts";
import { ExitCode } from "../judge/exit-code.ts";
import { UsageError } from "../profile/usage-error.ts";
import { survivingOutput } from "../screen/output.ts";
import { themeFor, wantsColor } from "../screen/theme.ts";
import { doctorScreen } from "./doctor-screen.ts";
import { addLoadFlags, type LoadFlags } from "./load-flags.ts";
import { profileFrom } from "./load-profile.ts";
import { plainTarget } from "./target-flags.ts";

interface DoctorFlags extends LoadFlags {
  baseUrl: string;
  json?: boolean;
}

interface ChangeFlags {
  yes?: boolean;
  only?: string[];
  state: string;
}

const collect = (value: string, previous: string[] = []) => [...previous, value];

/** `stress doctor`: whether this host can carry a planned run, and its settings changed and given back. */
export const doctor = {
  register(program: Command): void {
    const command = program
      .command("doctor")
      .description("check this host's limits against a planned run; say what each setting really does")
      .option("--base-url <url>", "where the run will go", "https://localhost:9443")
      .option("--json", "findings as JSON");
    addLoadFlags(command).action((flags: DoctorFlags) => check(flags, process.stdout));
    command
      .command("apply")
      .description("raise what helps a load (as root), after keeping the old values; nothing is lowered")
      .option("--yes", "do not ask")
      .option("--only <name>", `of these alone (repeatable): ${applicable.join(", ")}`, collect)
      .option("--state <file>", "where the old values are kept", defaultStateFile)
      .action((flags: ChangeFlags) => apply(flags));
    command
      .command("undo")
      .description("give back what apply set")
      .option("--state <file>", "where the old values are kept", defaultStateFile)
      .action(({ state }: ChangeFlags) => tell(undoChanges(state)));
  },
};

async function check(flags: DoctorFlags, stdout: NodeJS.WriteStream): Promise<void> {
  const load = { model: "closed", stages: [{ durationMs: 60_000, from: 0, to: 100 }], thinkTime: null } as const;
  const defaults = { scenario: "doctor", load: { ...load, stages: [...load.stages] }, settle: { beforeMs: 0, afterMs: 0 } };
  const needs = needsOf(profileFrom(flags, defaults, plainTarget(flags.baseUrl)));
  const readings = readHostLimits(sysctlNames);
  const findings = judgeHost(needs, readings);
  const output = survivingOutput(stdout);
  output.print(flags.json ? asJson(needs, readings, findings) : screen(needs, readings, findings, stdout));
  await output.flush();
  process.exitCode = findings.some(({ status }) => status === "short") ? ExitCode.failed : ExitCode.pass;
}

function screen(needs: HostNeeds, readings: HostReadings, findings: Finding[], stdout: NodeJS.WriteStream): string {
  const view = { width: Math.min(stdout.columns || 80, 110), theme: themeFor(wantsColor(stdout)) };
  return `${doctorScreen(needs, readings.place, findings, view).join("\n")}\n`;
}

function asJson(needs: HostNeeds, { place }: HostReadings, findings: Finding[]): string {
  return `${JSON.stringify({ place, needs, findings }, null, 2)}\n`;
}

async function apply({ yes, only = [], state }: ChangeFlags): Promise<void> {
  const unknown = only.find((name) => !applicable.includes(name));
  if (unknown !== undefined) throw new UsageError(`--only ${unknown}: accepted are ${applicable.join(", ")}`);
  const changes = changesFor(readHostLimits(sysctlNames), only);
  if (changes.length === 0) {
    process.stdout.write("nothing to raise: every setting that helps a load is high enough, or cannot be set here\n");
    return;
  }
  if (process.getuid?.() !== 0) throw new UsageError(`apply needs root: ${changes.map(describe).join("; ")}`);
  for (const change of changes) process.stdout.write(`will set ${describe(change)}\n`);
  process.stdout.write(`the old values are kept in ${state} until undo, or a restart\n`);
  if (!yes && !(await confirmed())) {
    process.stdout.write("nothing was changed\n");
    return;
  }
  tell(applyChanges(changes, state));
  process.stdout.write("limits of open files are each process's own: ulimit -n, limits.conf, or LimitNOFILE= of its service\n");
}

function describe({ name, before, after }: Change): string {
  return `${name} from ${before} to ${after}`;
}

/** @throws UsageError where nobody can be asked. */
async function confirmed(): Promise<boolean> {
  if (!process.stdin.isTTY) throw new UsageError("apply asks before it changes anything: give --yes where nobody can answer");
  const asked = createInterface({ input: process.stdin, output: process.stdout });
  // Ctrl-C and Ctrl-D are a no.
  const answer = await asked.question("go on? [y/N] ").catch(() => "");
  asked.close();
  return /^y(es)?$/i.test(answer.trim());
}

function tell(outcomes: readonly Outcome[]): void {
  for (const { name, outcome, now, before, after } of outcomes) {
    const line =
      outcome === "foreign"
        ? `${name} is ${now}, which somebody has set since apply set ${after}: left alone (it was ${before})`
        : `${name} = ${now}`;
    process.stdout.write(`${line}\n`);
  }
  if (outcomes.some(({ outcome }) => outcome === "foreign")) process.exitCode = ExitCode.failed;
}
