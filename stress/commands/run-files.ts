import { glob, readdir, readFile, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { RunFile, RunGroup } from "../judge/compare.ts";
import { summarySchema } from "../measure/summary.ts";
import { UsageError } from "../profile/usage-error.ts";
import { readSummary } from "./show.ts";

/**
 * The runs that an argument stands for: a summary; a summary of repeated runs, for all of them; a directory, for every run
 * in it; a pattern, for the files that match.
 * @throws UsageError where there is none, or a file is not a summary.
 */
export async function readGroup(label: string, places: readonly string[]): Promise<RunGroup> {
  const runs: RunFile[] = [];
  for (const place of places) runs.push(...(await readPlace(place)));
  return { label, runs };
}

async function readPlace(place: string): Promise<RunFile[]> {
  const found = await stat(place).catch(() => null);
  if (found?.isDirectory()) return readDirectory(place);
  if (found !== null) return readFileOrSeries(place);
  if (!/[*?[{]/.test(place)) return readFileOrSeries(place);
  const files: string[] = [];
  for await (const file of glob(place)) files.push(file);
  files.sort(byNumber);
  if (files.length === 0) throw new UsageError(`no file matches ${place}: give the path of a summary.json that a run wrote`);
  const runs: RunFile[] = [];
  for (const file of files) runs.push(...(await readFileOrSeries(file)));
  return runs;
}

/** A summary that stands for several runs gives those, so that its figures do not count twice. */
async function readFileOrSeries(file: string): Promise<RunFile[]> {
  const summary = await readSummary(file);
  const { series } = summary;
  if (series?.files === undefined) return [{ file, summary }];
  const runs: RunFile[] = [];
  for (const name of series.files) {
    const path = join(dirname(file), name);
    runs.push({ file: path, summary: await readSummary(path) });
  }
  return runs;
}

/** Every run in a directory; other files may lie beside them. */
async function readDirectory(directory: string): Promise<RunFile[]> {
  const names = (await readdir(directory)).filter((name) => name.endsWith(".json")).sort(byNumber);
  const runs: RunFile[] = [];
  for (const name of names) {
    const file = join(directory, name);
    const parsed = summarySchema.safeParse(
      await readFile(file, "utf8")
        .then(JSON.parse)
        .catch(() => null),
    );
    if (parsed.success && parsed.data.series?.files === undefined) runs.push({ file, summary: parsed.data });
  }
  if (runs.length === 0) throw new UsageError(`${directory} holds no summary of a run: give a directory of summaries, or files`);
  return runs;
}

/** `run-10` after `run-9`. */
const byNumber = new Intl.Collator("en", { numeric: true }).compare;
