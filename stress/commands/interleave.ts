import { randomInt, randomUUID } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Command } from "commander";
import type { RunFile, RunGroup } from "../judge/compare.ts";
import { ExitCode, worstExitCode } from "../judge/exit-code.ts";
import { summaryOfSeries } from "../judge/series.ts";
import { preflight } from "../load/preflight.ts";
import { seededRandom } from "../load/random.ts";
import type { RunEvent } from "../measure/event.ts";
import type { Summary } from "../measure/summary.ts";
import type { Profile } from "../profile/profile.ts";
import { parseCount, parseDuration } from "../profile/units.ts";
import { UsageError } from "../profile/usage-error.ts";
import { formatLatency, formatRate, formatShare } from "../screen/format.ts";
import { clean } from "../screen/line.ts";
import { survivingOutput } from "../screen/output.ts";
import { onInterrupt } from "./interrupt.ts";
import { addLoadFlags, type LoadFlags } from "./load-flags.ts";
import { MeasuredRun } from "./measured-run.ts";
import { pause } from "./pause.ts";
import { tellProblem } from "./report-files.ts";
import { saveSummary } from "./save-summary.ts";
import { collect, type MeasuredTarget, targetFrom } from "./target-flags.ts";
import { throughputProfile } from "./throughput.ts";

export interface InterleaveFlags extends LoadFlags {
  interleave?: boolean;
  aBaseUrl?: string;
  bBaseUrl?: string;
  aDeployment?: string;
  bDeployment?: string;
  aSample?: string[];
  bSample?: string[];
  ca?: string;
  cert?: string;
  key?: string;
  insecure?: boolean;
  rounds?: string;
  coolDown?: string;
  outDir?: string;
  orderSeed?: string;
}

/** Fewer give no interval; see docs/methodology.md for what five find. */
const defaultRounds = "5";
const defaultCoolDown = "2s";
const defaultDirectory = "comparison";

/** Flags of measuring two targets in turn; without `--interleave` none of them has a meaning. */
export function addInterleaveFlags(command: Command): Command {
  const before = new Set(command.options);
  command
    .optionsGroup("Measuring two targets in turn:")
    .option("--interleave", "measure A and B in turn, in random order within each round, and compare")
    .option("--a-base-url <url>", "target A")
    .option("--b-base-url <url>", "target B")
    .option("--a-deployment <file>", "deployment A, in place of its URL")
    .option("--b-deployment <file>", "deployment B")
    .option("--a-sample <name=source>", "service of A to sample, as in throughput (repeatable)", collect)
    .option("--b-sample <name=source>", "service of B to sample (repeatable)", collect)
    .option("--ca <file>", "PEM file of the CA to trust")
    .option("--cert <file>", "client certificate, PEM")
    .option("--key <file>", "its key, PEM")
    .option("--insecure", "trust any certificate")
    .option("--rounds <number>", `runs of each (default ${defaultRounds})`)
    .option("--cool-down <time>", `pause between runs (default ${defaultCoolDown})`)
    .option("--out-dir <directory>", `where the summaries go, in a/ and b/ (default ${defaultDirectory})`)
    .option("--order-seed <number>", "seed of the order");
  addLoadFlags(command);
  ours.set(
    command,
    command.options.filter((option) => !before.has(option)).map((option) => option.attributeName()),
  );
  return command;
}

const ours = new WeakMap<Command, string[]>();

/** @throws UsageError where a flag of measuring was given and nothing is measured. */
export function refuseWithoutInterleave(command: Command): void {
  const given = (ours.get(command) ?? []).find((name) => command.getOptionValueSource(name) === "cli");
  if (given === undefined) return;
  const flag = command.options.find((option) => option.attributeName() === given)?.long;
  throw new UsageError(`${flag} is about measuring: give --interleave and two targets, or leave it out to compare summaries`);
}

interface Side {
  name: "a" | "b";
  target(): Promise<MeasuredTarget>;
  runs: RunFile[];
}

/**
 * Measures two targets in turn, `--rounds` times each, every round in random order, so that neither the machine's drift nor
 * what one run leaves to the next favours a side. Each run's summary is kept; `compare` is given those of whole rounds.
 * @returns the worst exit code: 105 when interrupted, else what `compare` says.
 */
export async function interleave(
  places: readonly string[],
  flags: InterleaveFlags & { a?: string[]; b?: string[] },
  compare: (groups: RunGroup[]) => Promise<ExitCode>,
): Promise<ExitCode> {
  if (places.length > 0 || flags.a !== undefined || flags.b !== undefined) {
    throw new UsageError("--interleave makes the runs it compares: name no files, but --a-base-url and --b-base-url");
  }
  const rounds = parseCount(flags.rounds ?? defaultRounds, { what: "--rounds" });
  const coolDownMs = parseDuration(flags.coolDown ?? defaultCoolDown, { what: "--cool-down", allowZero: true });
  const orderSeed =
    flags.orderSeed === undefined ? randomInt(2 ** 31) : parseCount(flags.orderSeed, { what: "--order-seed", allowZero: true });
  const random = seededRandom(orderSeed, 0);
  const directory = flags.outDir ?? defaultDirectory;
  const sides = [sideOf("a", flags), sideOf("b", flags)] as const;
  const first = new Map<Side, MeasuredTarget>();
  for (const side of sides) {
    const target = await side.target();
    first.set(side, target);
    await preflight(throughputProfile(flags, target));
    await mkdir(join(directory, side.name), { recursive: true }).catch((error: NodeJS.ErrnoException) => {
      throw new UsageError(`cannot write to ${directory}: ${error.code}; give another place with --out-dir DIRECTORY`);
    });
  }
  const series = { id: randomUUID(), of: rounds };
  // the comparison alone is on the standard output, for whoever reads it as JSON
  const output = survivingOutput(process.stderr);
  const stop = new AbortController();
  let running: MeasuredRun | null = null;
  const interrupt = onInterrupt(
    () => {
      stop.abort();
      running?.interrupt();
    },
    () => process.exit(ExitCode.interrupted),
  );
  output.print(`${rounds} rounds, order seed ${orderSeed}\n`);
  try {
    for (let round = 1; round <= rounds && !stop.signal.aborted; round++) {
      for (const side of random() < 0.5 ? sides : sides.toReversed()) {
        if (stop.signal.aborted) break;
        const target = first.get(side) ?? (await side.target());
        first.delete(side);
        const profile: Profile = throughputProfile(flags, target);
        const address = await preflight(profile);
        const file = `run-${round}.json`;
        running = new MeasuredRun(profile, target, join(directory, side.name, file), {
          review: (summary) => ({ ...summary, series: { ...series, run: round, side: side.name } }),
        });
        const told = tellWarnings(running.events, (text) => output.print(`warning: ${clean(text)}\n`));
        const summary = await running.go(address);
        await told;
        running = null;
        side.runs.push({ file, summary });
        output.print(`round ${round} of ${rounds}  ${side.name.toUpperCase()}  ${inShort(summary)}\n`);
        await pause(coolDownMs, stop.signal);
      }
    }
  } finally {
    interrupt.release();
    for (const { name, runs } of sides) {
      if (runs.length === 0) continue;
      const path = join(directory, name, "summary.json");
      await saveSummary(path, () => summaryOfSeries(runs, { ...series, side: name }), tellProblem);
    }
  }
  await output.flush();
  const cut = stop.signal.aborted ? ExitCode.interrupted : ExitCode.pass;
  if (sides.some(({ runs }) => runs.length === 0)) return cut;
  const groups = sides.map(({ name, runs }) => ({
    label: name.toUpperCase(),
    runs: runs.map(({ file, summary }) => ({ file: join(directory, name, file), summary })),
  }));
  return worstExitCode([cut, await compare(groups)]);
}

/** @throws UsageError where a side has no target. */
function sideOf(name: "a" | "b", flags: InterleaveFlags): Side {
  const [baseUrl, deployment, sample] =
    name === "a" ? [flags.aBaseUrl, flags.aDeployment, flags.aSample] : [flags.bBaseUrl, flags.bDeployment, flags.bSample];
  if (baseUrl === undefined && deployment === undefined) {
    throw new UsageError(
      `--interleave needs two targets: give --${name}-base-url https://HOST:PORT or --${name}-deployment FILE`,
    );
  }
  const { ca, cert, key, insecure } = flags;
  const target = Object.fromEntries(
    Object.entries({ baseUrl, deployment, sample, ca, cert, key, insecure }).filter(([, value]) => value !== undefined),
  );
  return { name, target: () => targetFrom(target), runs: [] };
}

async function tellWarnings(events: AsyncIterable<RunEvent>, tell: (text: string) => void): Promise<void> {
  for await (const event of events) if (event.type === "warning") tell(event.message);
}

function inShort({ capacity, metrics, results }: Summary): string {
  const latency = metrics.response_time ?? metrics.http_req_duration;
  const failed = metrics.http_req_failed;
  return [
    `${formatRate(capacity.sustainedRps ?? capacity.averageRps)} RPS`,
    latency?.type === "trend" ? `p95 ${formatLatency(latency.values["p(95)"])}` : "",
    failed?.type === "rate" ? `${formatShare(failed.values.rate)} failed` : "",
    results.verdict,
  ]
    .filter((part) => part !== "")
    .join("  ");
}
