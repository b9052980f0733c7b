import { resolve } from "node:path";
import writeFileAtomic from "write-file-atomic";
import type { Summary } from "../measure/summary.ts";
import { UsageError } from "../profile/usage-error.ts";
import { type Reporter, reporters } from "../report/index.ts";
import { loadPage } from "./load-page.ts";
import { problemWith } from "./output-flags.ts";

/** A report that is written when a run is over. */
export interface ReportFile {
  format: string;
  path: string;
}

/** Reports from `--report` values, their places made sure of. @throws UsageError */
export async function reportFilesFrom(texts: readonly string[]): Promise<ReportFile[]> {
  return Promise.all(
    texts.map(async (text) => {
      const [, format = "", file = ""] = /^([a-z-]+)=(.+)$/.exec(text) ?? [];
      if (!reporters.has(format)) {
        throw new UsageError(`--report "${text}": accepted is FORMAT=FILE, FORMAT one of ${[...reporters.keys()].join(", ")}`);
      }
      const path = resolve(file);
      const problem = await problemWith(path);
      if (problem !== null) throw new UsageError(`cannot write the report to ${file}: ${problem}; give another place`);
      return { format, path };
    }),
  );
}

/** @returns the reporter of one of the known formats. */
export async function reporterFor(format: string): Promise<Reporter> {
  const load = reporters.get(format);
  if (load === undefined) throw new Error(`no reporter for ${format}`);
  return loadPage(load);
}

/** Writes all of them; one that fails keeps none of the others. @returns a line for each that could not be written. */
export async function writeReports(files: readonly ReportFile[], summary: Summary, summaryPath: string): Promise<string[]> {
  const written = await Promise.allSettled(
    files.map(async ({ format, path }) => {
      const render = await reporterFor(format);
      await writeFileAtomic(path, render(summary, { width: 80, color: false, files: [summaryPath] }));
    }),
  );
  return written.flatMap((result, i) =>
    result.status === "rejected" ? [`cannot write ${files[i]?.path}: ${(result.reason as Error).message}`] : [],
  );
}

/** On standard error, in the one line that every problem has. */
export function tellProblem(problem: string): void {
  process.stderr.write(`stress: ${problem}\n`);
}
