import { Command, CommanderError } from "commander";
import { compare } from "./commands/compare.ts";
import { doctor } from "./commands/doctor.ts";
import { matrix } from "./commands/matrix.ts";
import { plan } from "./commands/plan.ts";
import { report } from "./commands/report.ts";
import { sampler } from "./commands/sampler.ts";
import { search } from "./commands/search.ts";
import { show } from "./commands/show.ts";
import { sizing } from "./commands/sizing.ts";
import { soak } from "./commands/soak.ts";
import { throughput } from "./commands/throughput.ts";
import { ExitCode, exitCodeHelp, exitCodeOrder } from "./judge/exit-code.ts";
import { UsageError } from "./profile/usage-error.ts";
import { version } from "./version.ts";

/** Every command: `{ register(program) }`, one file each. */
const commands = [throughput, search, plan, matrix, soak, compare, sizing, show, report, doctor, sampler];

function createProgram(): Command {
  const program = new Command("stress")
    .description("Measures how much an edge carries, and says how it knows.")
    .version(version)
    .showHelpAfterError(false)
    .exitOverride()
    .configureOutput({ outputError: () => {} });
  for (const command of commands) command.register(program);
  const codes = exitCodeHelp.map(([code, meaning]) => `  ${String(code).padStart(3)}  ${meaning}`).join("\n");
  program.addHelpText("after", `\nExit codes:\n${codes}\n\nWhere several apply, the first of ${exitCodeOrder}.`);
  // Sub-commands inherit neither the override nor the output settings when they are added by hand.
  for (const command of program.commands) command.exitOverride().configureOutput({ outputError: () => {} });
  return program;
}

/** Runs a command line. @returns its exit code; every error has been told in one line. */
async function main(argv: readonly string[]): Promise<number> {
  const program = createProgram();
  try {
    if (argv.length === 0) {
      program.outputHelp();
      return ExitCode.usage;
    }
    await program.parseAsync(argv, { from: "user" });
    return Number(process.exitCode ?? ExitCode.pass);
  } catch (error) {
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return ExitCode.pass;
      return tell(`${error.message.replace(/^error: /, "")} (see stress --help)`, ExitCode.usage);
    }
    if (error instanceof UsageError) return tell(error.message, ExitCode.usage);
    return tell(
      `internal error: ${error instanceof Error ? error.message : error} (this is a defect; PLIMSOLL_DEBUG=1 shows where)`,
      ExitCode.internal,
      error,
    );
  }
}

function tell(message: string, code: ExitCode, error?: unknown): ExitCode {
  process.stderr.write(`stress: ${message.replaceAll("\n", " ")}\n`);
  if (error instanceof Error && process.env.PLIMSOLL_DEBUG === "1") process.stderr.write(`${error.stack}\n`);
  return code;
}

// A reader that has gone away (`| head`) is no reason to fail.
for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});
process.exitCode = await main(process.argv.slice(2));
