import { readFile } from "node:fs/promises";
import type { Command } from "commander";
import { type Summary, summarySchema } from "../measure/summary.ts";
import { UsageError } from "../profile/usage-error.ts";
import { renderText } from "../report/text.ts";
import { survivingOutput } from "../screen/output.ts";
import { wantsColor } from "../screen/theme.ts";

/** `stress show [summary.json]`: the final screen of a run again, from its file alone. */
export const show = {
  name: "show",
  register(program: Command): void {
    program
      .command("show")
      .description("show the final screen of a run again")
      .argument("[file]", "a summary written by a run", "summary.json")
      .action((file: string) => showFile(file, process.stdout));
  },
};

/** Prints the summary in `file` to `stdout`. Throws a UsageError when there is none to show. */
export async function showFile(file: string, stdout: NodeJS.WriteStream): Promise<void> {
  const summary = await readSummary(file);
  const output = survivingOutput(stdout);
  output.print(renderText(summary, { width: stdout.columns || 80, color: wantsColor(stdout), files: [file] }));
  await output.flush();
}

/** Reads and checks a summary. Throws a UsageError that says in one line what is wrong with `file`. */
export async function readSummary(file: string): Promise<Summary> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    throw new UsageError(`cannot read ${file}: ${reasonOf(error)}; give the path of a summary.json that a run wrote`);
  }
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    throw new UsageError(`${file} is not JSON; give the path of a summary.json that a run wrote`);
  }
  const parsed = summarySchema.safeParse(content);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const where = issue === undefined || issue.path.length === 0 ? "its top level" : issue.path.map(String).join(".");
  throw new UsageError(`${file} is not a summary of a run: ${where}: ${issue?.message ?? "unexpected content"}`);
}

const reasons: Record<string, string> = {
  ENOENT: "no such file",
  EISDIR: "it is a directory",
  ENOTDIR: "a part of its path is not a directory",
  EACCES: "permission denied",
};

function reasonOf(error: unknown): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return reasons[code] ?? (error instanceof Error ? error.message : String(error));
}
