import type { Summary, Verdict } from "../../measure/summary.ts";
import type { View } from "../header.ts";
import { clean, margin, spread, wrap } from "../line.ts";
import type { Tone } from "../theme.ts";

const words: Record<Verdict, { tone: Tone; sign: string; word: string; meaning: string }> = {
  pass: { tone: "good", sign: "✓", word: "PASSED", meaning: "every objective held" },
  fail: { tone: "bad", sign: "✗", word: "FAILED", meaning: "" },
  aborted: { tone: "bad", sign: "✗", word: "ABORTED", meaning: "an abort rule ended the run" },
  regression: { tone: "bad", sign: "✗", word: "REGRESSION", meaning: "worse than the baseline" },
  invalid: { tone: "warn", sign: "!", word: "INVALID", meaning: "this run cannot be judged" },
  undecided: { tone: "warn", sign: "!", word: "UNDECIDED", meaning: "this run cannot be judged" },
  interrupted: { tone: "warn", sign: "!", word: "INTERRUPTED", meaning: "the figures cover what ran until then" },
};

/** The verdict in one word, then every reason for it. */
export function verdictBlock(summary: Summary, view: View): string[] {
  const { verdict, exitCode, reasons } = summary.results;
  const { tone, sign, word, meaning } = words[verdict];
  const { theme, width } = view;
  const title = `${theme[tone](`${sign} ${word}`)}${meaning === "" ? "" : `  ${meaning}`}`;
  const lines = [" ".repeat(margin) + spread(title, theme.faint(`exit ${exitCode}`), width - 2 * margin)];
  if (summary.partial === true) {
    lines.push(
      ...wrap(
        theme.warn("! written during the run, which did not end in order: figures are those until then"),
        width - margin,
        3,
      ),
    );
  }
  for (const reason of reasons) lines.push(...wrap(clean(reason), width - margin, 3));
  return lines;
}
