import { type Command, InvalidArgumentError, Option } from "commander";
import type { Comparison } from "../judge/compare/comparison.ts";
import type { Difference } from "../judge/compare/environment.ts";
import { hasAborted } from "../judge/compare/sound.ts";
import { compareGroups, defaultMargins, type RunGroup } from "../judge/compare.ts";
import { ExitCode } from "../judge/exit-code.ts";
import { UsageError } from "../profile/usage-error.ts";
import { renderComparisonMarkdown } from "../report/comparison/markdown.ts";
import { renderComparison } from "../report/comparison/text.ts";
import { survivingOutput } from "../screen/output.ts";
import { wantsColor } from "../screen/theme.ts";
import { addInterleaveFlags, type InterleaveFlags, interleave, refuseWithoutInterleave } from "./interleave.ts";
import { readGroup } from "./run-files.ts";

export interface CompareFlags {
  a?: string[];
  b?: string[];
  paired?: boolean;
  metric?: string[];
  margin: number;
  shareMargin: number;
  allowDifferent?: boolean;
  failOnRegression?: boolean;
  format: "text" | "json" | "markdown";
}

/** `stress compare A B […]`: is B worse? */
export const compare = {
  register(program: Command): void {
    const command = program
      .command("compare")
      .description("say whether one thing is worse than another, from repeated runs of each")
      .argument("[runs...]", "A B […]: each a summary, a directory of them, or a pattern; with three or more, a trend")
      .optionsGroup("Sides:")
      .option("--a <files...>", "the runs of A, in place of the first argument")
      .option("--b <files...>", "the runs of B, in place of the second")
      .option("--paired", "the n-th run of A was made beside the n-th of B (interleaved runs say so themselves)");
    addJudgementFlags(command)
      .option("--allow-different", "compare although host, topology, limits or load differ")
      .option("--fail-on-regression", "exit 112 when something is worse, 111 when that cannot be told because runs were aborted");
    addInterleaveFlags(command).action(async (places: string[], flags: CompareFlags & InterleaveFlags) => {
      const failing = flags.failOnRegression === true;
      if (flags.interleave === true) {
        process.exitCode = await interleave(places, flags, async (groups) => {
          // what is measured in turn may differ: that is what is compared
          const comparison = compareRuns(groups, { ...flags, allowDifferent: true });
          await printComparison(comparison, flags.format);
          return exitCodeOf(comparison, failing);
        });
        return;
      }
      refuseWithoutInterleave(command);
      const comparison = compareRuns(await groupsFrom(places, flags), flags);
      await printComparison(comparison, flags.format);
      process.exitCode = exitCodeOf(comparison, failing);
    });
  },
};

export function addJudgementFlags(command: Command): Command {
  return command
    .optionsGroup("Judgement:")
    .option(
      "--metric <name>",
      "only this figure, such as 'http_req_duration p(95)' (repeatable)",
      (name: string, all: string[] = []) => [...all, name],
    )
    .option("--margin <percent>", "a change within this is none", percent, defaultMargins.ratio)
    .option(
      "--share-margin <percent>",
      "the same for failed, dropped and unchecked requests, and lost streams, in percentage points",
      percent,
      defaultMargins.share,
    )
    .addOption(new Option("--format <format>", "how to print it").choices(["text", "json", "markdown"]).default("text"));
}

/** A percentage as a fraction: `3%`, `3 %` and `3` are 0.03. */
function percent(text: string): number {
  const value = /^(\d+(?:\.\d+)?)\s*%?$/.exec(text.trim())?.[1];
  if (value === undefined || Number(value) >= 100) {
    throw new InvalidArgumentError("accepted is a percentage from 0 to below 100, such as 3%");
  }
  return Number(value) / 100;
}

/** @throws UsageError unless there are two groups at least. */
async function groupsFrom(places: readonly string[], flags: CompareFlags): Promise<RunGroup[]> {
  const { a, b } = flags;
  if (a === undefined && b === undefined) {
    if (places.length < 2) {
      throw new UsageError("nothing to compare with: give two summaries or more, such as stress compare before.json after.json");
    }
    return Promise.all(labelled(places).map(({ label, place }) => readGroup(label, [place])));
  }
  if (a === undefined || b === undefined) throw new UsageError("--a and --b go together: each names the runs of one side");
  if (places.length > 0) throw new UsageError(`${places[0]} belongs to no side: name it after --a or --b, or give neither`);
  return [await readGroup("A", a), await readGroup("B", b)];
}

/** Each place under its own name; the same place twice under two. */
function labelled(places: readonly string[]): { label: string; place: string }[] {
  return places.map((place, i) => ({
    place,
    label: places.indexOf(place) === i && places.lastIndexOf(place) === i ? place : `${place} (${i + 1})`,
  }));
}

export type Judging = Pick<CompareFlags, "metric" | "margin" | "shareMargin" | "allowDifferent" | "paired">;

/** @throws UsageError where the groups are different things and nobody said that they may be. */
export function compareRuns(groups: readonly RunGroup[], judging: Judging): Comparison {
  const comparison = compareGroups(groups, {
    margins: { ratio: judging.margin, share: judging.shareMargin },
    keys: judging.metric ?? null,
    paired: judging.paired === true,
  });
  refuseDifferent(comparison.differences, judging.allowDifferent === true);
  const unknown = (judging.metric ?? []).filter((key) =>
    comparison.missing.some((each) => each.key === key && each.lackedBy.length === groups.length),
  );
  if (unknown.length > 0 && comparison.groups.every(({ runs }) => runs.length > 0)) {
    const known = comparison.figures.map(({ key }) => key);
    const all =
      known.length > 0
        ? known
        : compareGroups(groups, { margins: defaultMargins, keys: null, paired: false }).figures.map(({ key }) => key);
    throw new UsageError(`--metric "${unknown[0]}" is in none of the runs: they have ${all.join(", ")}`);
  }
  return comparison;
}

/** @throws UsageError where the differences make two things of one, unless they may. */
export function refuseDifferent(differences: readonly Difference[], allowed: boolean): void {
  const blocking = differences.filter((difference) => difference.blocking);
  if (blocking.length === 0 || allowed) return;
  const what = blocking.map(({ what, values }) => `${what} (${values.map((value) => `"${value}"`).join(" against ")})`);
  throw new UsageError(
    `these are runs of different things, in ${what.join("; ")}: give --allow-different to compare them all the same`,
  );
}

export async function printComparison(comparison: Comparison, format: CompareFlags["format"]): Promise<void> {
  const { stdout } = process;
  const output = survivingOutput(stdout);
  const text = {
    text: () => renderComparison(comparison, { width: stdout.columns || 120, color: wantsColor(stdout) }),
    markdown: () => renderComparisonMarkdown(comparison),
    json: () => `${JSON.stringify(comparison, null, 2)}\n`,
  }[format]();
  output.print(text);
  await output.flush();
}

/**
 * 111 where a side has no run that can be compared; where a regression counts, 112 where something is worse, else 111 where
 * runs were aborted, since a side that breaks is not to pass by the runs in which it did not.
 */
export function exitCodeOf({ groups, verdict }: Comparison, failOnRegression: boolean): ExitCode {
  if (groups.some(({ runs }) => runs.length === 0)) return ExitCode.invalid;
  if (!failOnRegression) return ExitCode.pass;
  if (verdict === "worse") return ExitCode.regression;
  return groups.some(hasAborted) ? ExitCode.invalid : ExitCode.pass;
}
