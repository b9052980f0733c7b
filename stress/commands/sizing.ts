import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { basename, dirname, relative, resolve } from "node:path";
import type { Command } from "commander";
import writeFileAtomic from "write-file-atomic";
import { ExitCode } from "../judge/exit-code.ts";
import { UsageError } from "../profile/usage-error.ts";
import { renderSizing } from "../report/sizing/document.ts";
import type { Evidence } from "../report/sizing/evidence.ts";
import { type KeepaliveEvidence, keepaliveSchema } from "../report/sizing/keepalive.ts";
import { type ComposeLimits, composeLimits } from "../report/sizing/limits.ts";
import { problemWith } from "./output-flags.ts";
import { readSummary } from "./show.ts";

interface SizingFlags {
  out?: string;
  compose?: string;
  keepalive?: string;
  notes?: string;
  headroom: string;
  check?: boolean;
}

/** `stress sizing`: the sizing document from the summaries of real runs. */
export const sizing = {
  register(program: Command): void {
    program
      .command("sizing")
      .description("write the sizing document from summaries: what it carries, what that costs, how much for how many")
      .argument("<files...>", "summaries of runs: the evidence")
      .option("--out <file>", "where the document goes (default: standard output)")
      .option("--compose <file>", "compose file whose limits the document shows")
      .option("--keepalive <file>", "what `npm run bench:keepalive -- --out FILE` wrote")
      .option("--notes <file>", "text that says how the evidence was made, for the document to link to")
      .option("--headroom <percent>", "share of a replica's capacity to leave unused", "30 %")
      .option("--check", "write nothing; fail when --out is not what the evidence gives")
      .action(async (files: string[], flags: SizingFlags) => {
        process.exitCode = await write(files, flags);
      });
  },
};

async function write(
  files: readonly string[],
  { out, compose, keepalive: pool, notes: told, headroom, check }: SizingFlags,
): Promise<ExitCode> {
  if (check && out === undefined) throw new UsageError("--check compares with a document: name it with --out FILE");
  if (out !== undefined && !check) await checkPlace(out);
  const evidence = await Promise.all(files.map(readEvidence));
  const limits = compose === undefined ? [] : await readLimits(compose);
  const keepalive = pool === undefined ? null : await readKeepalive(pool);
  const notes = told === undefined ? null : await linkTo(told, out);
  const text = renderSizing(evidence, { limits, keepalive, notes, headroom: parseHeadroom(headroom), command: "npm run sizing" });
  if (out === undefined) {
    process.stdout.write(text);
    return ExitCode.pass;
  }
  if (!check) {
    await writeFileAtomic(out, text);
    return ExitCode.pass;
  }
  if ((await readText(out, "the document")) === text) return ExitCode.pass;
  process.stderr.write(`stress: ${out} is not what its evidence gives: run the same command without --check\n`);
  return ExitCode.failed;
}

async function checkPlace(out: string): Promise<void> {
  const problem = await problemWith(resolve(out));
  if (problem !== null)
    throw new UsageError(`cannot write the document to ${out}: ${problem}; give another place with --out FILE`);
}

async function readEvidence(file: string): Promise<Evidence> {
  const summary = await readSummary(file);
  if (summary.partial) throw new UsageError(`${file} is the checkpoint of a run that did not end: give a finished run's summary`);
  const sha256 = createHash("sha256")
    .update(await readFile(file))
    .digest("hex");
  return { file: basename(file), sha256, summary };
}

async function readLimits(file: string): Promise<ComposeLimits[]> {
  const text = await readText(file, "the compose file");
  try {
    return composeLimits(text);
  } catch (error) {
    throw new UsageError(`${file} is not a compose file (${(error as Error).message.split("\n")[0]}): give compose/compose.yaml`);
  }
}

async function readKeepalive(file: string): Promise<KeepaliveEvidence> {
  const text = await readText(file, "the comparison");
  const parsed = keepaliveSchema.safeParse(parseJson(text));
  if (parsed.success) return parsed.data;
  throw new UsageError(`${file} is no comparison of the upstream pool: give what npm run bench:keepalive -- --out FILE wrote`);
}

/** As the document refers to it, whose place is `out`. */
async function linkTo(file: string, out = ""): Promise<string> {
  await readText(file, "the notes");
  return relative(dirname(out), file);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

async function readText(file: string, what: string): Promise<string> {
  return readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    throw new UsageError(`cannot read ${what} ${file} (${error.code ?? error.message}): give the path of one that is there`);
  });
}

function parseHeadroom(text: string): number {
  const percent = /^\d+(\.\d+)?\s*%?$/.test(text.trim()) ? Number.parseFloat(text) : Number.NaN;
  if (!(percent >= 0 && percent < 100)) {
    throw new UsageError(`--headroom "${text}": accepted is a percentage from 0 to below 100, such as 30 %`);
  }
  return percent / 100;
}
