import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { type Command, Option } from "commander";
import { ExitCode } from "../judge/exit-code.ts";
import { parseCount, parseDuration, parseRate } from "../profile/units.ts";
import { UsageError } from "../profile/usage-error.ts";
import { renderMatrixText } from "../report/matrix/text.ts";
import { survivingOutput } from "../screen/output.ts";
import { wantsColor } from "../screen/theme.ts";
import { onInterrupt } from "./interrupt.ts";
import { addRequestFlags, type LoadFlags } from "./load-flags.ts";
import { profileFrom } from "./load-profile.ts";
import { MatrixRun } from "./matrix/matrix-run.ts";
import { type TrustFlags, topologiesFrom } from "./matrix/topology.ts";
import { showEvents } from "./show-events.ts";
import { collect, type MeasuredTarget, plainTarget } from "./target-flags.ts";

interface MatrixFlags extends LoadFlags, TrustFlags {
  topology: string[];
  rate: string;
  duration: string;
  repeat: string;
  coolDown: string;
  against?: string;
  port: string;
  outDir: string;
  tui: boolean;
}

/** Requests of the functional check. */
const checkRequests = "10";

/** `stress matrix`: topologies by rates, each cell a run of its own, and one table. */
export const matrix = {
  register(program: Command): void {
    const command = program
      .command("matrix")
      .description("measure every topology at every rate, and what each adds to the first")
      .optionsGroup("Matrix:")
      .requiredOption(
        "--topology <names>",
        "what to measure: NAME=https://HOST:PORT, NAME=deployment.json, or deployed in turn: direct (backend alone), node, " +
          "docker-node, nginx, chain, cluster-N (edge before N backends); a,b,c or repeatable",
        collect,
      )
      .option("--rate <rates>", "arrivals a second, one after the other", "100,200,500,1000")
      .option("--duration <time>", "how long each", "60s")
      .option("--repeat <runs>", "runs of each cell, topologies in turn: an interval needs several", "1")
      .option("--cool-down <time>", "pause after each run", "5s")
      .option("--against <name>", "topology with which the others are compared (default: the first, none for none)")
      .option("--port <number>", "port of the edges that are deployed; two more follow it", "9543")
      .option("-c, --vus <number>", "connections opened beforehand (default: a tenth of the rate, at most 500)")
      .option("--max-vus <number>", "most connections (default: the rate, at most 5000)")
      .addOption(new Option("--arrivals <kind>", "spacing of arrivals").choices(["constant", "poisson"]))
      .addOption(new Option("--when-busy <what>", "an arrival that finds no free connection").choices(["wait", "drop"]))
      .optionsGroup("Trust:")
      .option("--ca <file>", "PEM file of the CA to trust")
      .option("--cert <file>", "client certificate, PEM")
      .option("--key <file>", "its key, PEM")
      .option("--insecure", "trust any certificate");
    addRequestFlags(command)
      .optionsGroup("Output:")
      .option("--out-dir <directory>", "where a summary of each run and matrix.html, .json, .md and .txt go", "matrix-results")
      .option("--no-tui", "plain lines instead of the screen")
      .action(async (flags: MatrixFlags) => {
        process.exitCode = await runMatrix(flags);
      });
  },
};

async function runMatrix(flags: MatrixFlags): Promise<ExitCode> {
  const rates = ratesFrom(flags.rate);
  const runs = parseCount(flags.repeat, { what: "--repeat" });
  const coolDownMs = parseDuration(flags.coolDown, { what: "--cool-down", allowZero: true });
  const durationMs = parseDuration(flags.duration, { what: "--duration" });
  const topologies = await topologiesFrom(flags.topology, portFrom(flags.port), flags);
  const against = againstFrom(
    flags.against,
    topologies.map(({ name }) => name),
  );
  const profileAt = (rate: number, measured: MeasuredTarget) => loadProfile(flags, rate, measured);
  // what makes no sense is told before anything is put up
  const nowhere = { target: plainTarget("http://localhost"), deployment: null, services: [] };
  for (const rate of rates) profileAt(rate, nowhere);
  await mkdir(flags.outDir, { recursive: true }).catch((error: NodeJS.ErrnoException) => {
    throw new UsageError(`cannot write to ${flags.outDir}: ${error.code}; give another place with --out-dir DIRECTORY`);
  });
  const output = survivingOutput(process.stdout);
  const run = new MatrixRun(topologies, {
    rates,
    durationMs,
    runs,
    coolDownMs,
    directory: flags.outDir,
    against,
    profileAt,
    checkProfile: (measured) => checkProfile(flags, measured),
    show: (measured) => showEvents(measured.events, { tui: flags.tui, out: "" }, () => interrupt.press()),
    tell: (text) => output.print(text),
  });
  const interrupt = onInterrupt(
    () => run.interrupt(),
    () => process.exit(ExitCode.interrupted),
  );
  try {
    const { report, isWritten } = await run.go();
    output.print(`\n${renderMatrixText(report, { width: process.stdout.columns || 140, color: wantsColor(process.stdout) })}`);
    const place = join(flags.outDir, "matrix.{html,json,md,txt}");
    output.print(` ${isWritten ? "" : "not all could be "}written to ${place} beside a summary of each run\n`);
    await output.flush();
    return report.results.exitCode as ExitCode;
  } finally {
    interrupt.release();
  }
}

function loadProfile(flags: MatrixFlags, rate: number, { target, services }: MeasuredTarget) {
  const settle = services.length === 0 ? { beforeMs: 0, afterMs: 0 } : { beforeMs: 2000, afterMs: 5000 };
  const load = { model: "closed" as const, stages: [{ durationMs: 1000, from: 1, to: 1 }], thinkTime: null };
  return profileFrom({ ...flags, rate: `${rate}/s` }, { scenario: "matrix", load, settle }, target);
}

/** The same requests and checks, a few of them, and no objective but that they are answered. */
function checkProfile({ topology: _, ...flags }: MatrixFlags, { target }: MeasuredTarget) {
  const { rate, duration, vus, maxVus, arrivals, whenBusy, ...rest } = flags;
  const load = { model: "closed" as const, stages: [{ durationMs: 1000, from: 1, to: 1 }], thinkTime: null };
  return profileFrom(
    { ...rest, requests: checkRequests, vus: "1", threshold: ["http_req_failed: rate==0"], abortOn: [] },
    { scenario: "functional check", load, settle: { beforeMs: 0, afterMs: 0 } },
    target,
  );
}

/** In rising order, each once: `100,200,500` or `100/s,1k/s`. */
function ratesFrom(text: string): number[] {
  const rates = text.split(",").map((part) => {
    const given = part.trim();
    return parseRate(given.includes("/") ? given : `${given}/s`, { what: "--rate" });
  });
  return [...new Set(rates)].sort((a, b) => a - b);
}

function portFrom(text: string): number {
  const port = Number(text);
  if (Number.isInteger(port) && port >= 1 && port <= 65_533) return port;
  throw new UsageError(`--port "${text}": accepted is a whole number from 1 to 65533`);
}

function againstFrom(given: string | undefined, names: readonly string[]): string | null {
  if (given === undefined) return names[0] ?? null;
  if (given === "none") return null;
  if (!names.includes(given)) throw new UsageError(`--against "${given}": there are ${names.join(", ")}, and none`);
  return given;
}
