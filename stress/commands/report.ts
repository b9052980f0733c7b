import { dirname, join, resolve } from "node:path";
import { type Command, Option } from "commander";
import writeFileAtomic from "write-file-atomic";
import { UsageError } from "../profile/usage-error.ts";
import { reporters } from "../report/index.ts";
import { formatBytes } from "../screen/format.ts";
import { survivingOutput } from "../screen/output.ts";
import { wantsColor } from "../screen/theme.ts";
import { problemWith } from "./output-flags.ts";
import { reporterFor } from "./report-files.ts";
import { readSummary } from "./show.ts";

interface ReportFlags {
  format: string;
  out?: string;
}

/** `stress report [summary.json]`: a run as a page, or in another form. */
export const report = {
  register(program: Command): void {
    program
      .command("report")
      .description("turn a summary into a page, or into text, JSON, CSV, JUnit or Markdown")
      .argument("[file]", "a summary written by a run", "summary.json")
      .addOption(new Option("--format <format>", "form of the report").choices([...reporters.keys()]).default("html"))
      .option(
        "--out <file>",
        "where it goes, - for standard output (default: report.html beside the summary, others to standard output)",
      )
      .action((file: string, flags: ReportFlags) => reportFile(file, flags, process.stdout));
  },
};

/** Writes the report of the summary in `file`. @throws UsageError without a summary, or a place to write to. */
export async function reportFile(file: string, flags: ReportFlags, stdout: NodeJS.WriteStream): Promise<void> {
  const out = flags.out ?? (flags.format === "html" ? join(dirname(file), "report.html") : "-");
  if (out !== "-") await checkPlace(file, out);
  const summary = await readSummary(file);
  const render = await reporterFor(flags.format);
  const toScreen = out === "-" && stdout.isTTY === true;
  const text = render(summary, { width: toScreen ? stdout.columns : 80, color: toScreen && wantsColor(stdout), files: [file] });
  const output = survivingOutput(stdout);
  if (out === "-") output.print(text);
  else {
    await writeFileAtomic(out, text);
    output.print(`wrote ${out} (${formatBytes(Buffer.byteLength(text))})\n`);
  }
  await output.flush();
}

async function checkPlace(file: string, out: string): Promise<void> {
  const problem = resolve(out) === resolve(file) ? "it is the summary itself" : await problemWith(resolve(out));
  if (problem !== null) throw new UsageError(`cannot write the report to ${out}: ${problem}; give another place with --out FILE`);
}
