import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import type { Summary } from "../measure/summary.ts";
import { writeSummary } from "../report/json.ts";

export interface Saved {
  summary: Summary;
  /** Where it is; empty where it could be written nowhere. */
  files: string[];
}

/**
 * Writes the summary that `make` gives to `path`. An hour's result is not lost to a full disk: it goes where temporary files
 * do, and where there is no room either it can still be shown. `warn` hears so before `make` is called again, for the summary
 * to say it too. Rejects only where `make` does.
 */
export async function saveSummary(
  path: string,
  make: () => Summary | Promise<Summary>,
  warn: (message: string) => void,
): Promise<Saved> {
  const summary = await make();
  const problem = await problemOf(writeSummary(path, summary));
  if (problem === null) return { summary, files: [path] };
  const directory = await mkdtemp(join(tmpdir(), "plimsoll-")).catch(() => tmpdir());
  const elsewhere = join(directory, basename(path));
  // Whether there is room is known before it is told.
  const second = await problemOf(writeSummary(elsewhere, summary));
  warn(`cannot write ${path}: ${problem}; ${second === null ? `the summary is in ${elsewhere}` : `nor ${elsewhere}: ${second}`}`);
  const told = await make();
  if (second !== null) return { summary: told, files: [] };
  await problemOf(writeSummary(elsewhere, told));
  return { summary: told, files: [elsewhere] };
}

async function problemOf(writing: Promise<void>): Promise<string | null> {
  return writing.then(
    () => null,
    (error: Error) => error.message,
  );
}
