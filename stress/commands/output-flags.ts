import { access, constants, rm, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import type { Command } from "commander";
import { UsageError } from "../profile/usage-error.ts";

export interface OutputFlags {
  out: string;
  /** False with `--no-tui`. */
  tui: boolean;
  baseline?: string;
  allowDifferent?: boolean;
  report?: string[];
}

const collect = (value: string, previous: string[] = []) => [...previous, value];

/** As `addOutputFlags`, for what has no baseline. */
export function addResultFlags(command: Command, file: string): Command {
  return command
    .optionsGroup("Output:")
    .option("--out <file>", "where the summary goes", file)
    .option(
      "--report <format=file>",
      "a report of the run, too: html=run.html, junit=run.xml, markdown=run.md (repeatable)",
      collect,
    )
    .option("--no-tui", "plain lines instead of the screen");
}

/** `file`: where the summary goes without `--out`. */
export function addOutputFlags(command: Command, file = "summary.json"): Command {
  return addResultFlags(command, file)
    .option("--baseline <file>", "compare with a summary, or a directory of them; exit 112 when something is worse")
    .option("--allow-different", "compare with it although host, topology, limits or load differ");
}

/** Path of the summary, made sure of before anything is measured. @throws UsageError where it cannot be written. */
export async function summaryPath(flags: OutputFlags): Promise<string> {
  const path = resolve(flags.out);
  const problem = await problemWith(path);
  if (problem !== null)
    throw new UsageError(`cannot write the summary to ${flags.out}: ${problem}; give another place with --out FILE`);
  return path;
}

/**
 * Removes what an earlier command left where this one writes in the end only: killed meanwhile, it would leave that for its
 * own result. Called when nothing stands in the way any more, and all that is read has been read. @throws UsageError
 */
export async function removeEarlier(paths: readonly string[]): Promise<void> {
  for (const path of paths) {
    await rm(path, { force: true }).catch((error: NodeJS.ErrnoException) => {
      throw new UsageError(`cannot replace ${path} (${error.code}); give another place with --out FILE`);
    });
  }
}

/** What stands against writing a file to the absolute `path`; null when nothing does. */
export async function problemWith(path: string): Promise<string | null> {
  const directory = dirname(path);
  try {
    const found = await stat(directory);
    if (!found.isDirectory()) return `${directory} is not a directory`;
    await access(directory, constants.W_OK | constants.X_OK);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ENOENT" ? `${directory} does not exist` : `${directory} is not writable`;
  }
  const existing = await stat(path).catch(() => null);
  return existing !== null && !existing.isFile() ? "it is not a file" : null;
}
