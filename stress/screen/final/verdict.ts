import type { Summary, Verdict } from "../../measure/summary.ts";
import type { View } from "../header.ts";
import { clean, margin, spread, wrap } from "../line.ts";
import type { Tone } from "../theme.ts";
import { planModeText } from "./plan-mode.ts";

/** A verdict for people. */
export interface Wording {
  tone: Tone;
  sign: string;
  word: string;
  meaning: string;
}

const words: Record<Verdict, Wording> = {
  pass: { tone: "good", sign: "✓", word: "PASSED", meaning: "every objective held" },
  fail: { tone: "bad", sign: "✗", word: "FAILED", meaning: "" },
  aborted: { tone: "bad", sign: "✗", word: "ABORTED", meaning: "an abort rule ended the run" },
  regression: { tone: "bad", sign: "✗", word: "REGRESSION", meaning: "worse than the baseline" },
  invalid: { tone: "warn", sign: "!", word: "INVALID", meaning: "this run cannot be judged" },
  undecided: { tone: "warn", sign: "!", word: "UNDECIDED", meaning: "this run cannot be judged" },
  interrupted: { tone: "warn", sign: "!", word: "INTERRUPTED", meaning: "the figures cover what ran until then" },
};

const incomplete: Wording = {
  tone: "warn",
  sign: "!",
  word: "INCOMPLETE",
  meaning: "written while the run went on; it did not end in order",
};

/** A plan's scenario that was run short did not pass what it was not held to. */
const held: Wording = { tone: "good", sign: "✓", word: "HELD", meaning: "" };

/** A checkpoint's verdict is on the figures so far; it is no verdict on the run. */
export function wordingOf(summary: Summary): Wording {
  if (summary.partial === true) return incomplete;
  const { plan, results } = summary;
  if (results.verdict !== "pass" || plan === undefined || plan.mode === "full") return words[results.verdict];
  return { ...held, meaning: planModeText[plan.mode] };
}

/** The verdict in one word, then every reason for it. */
export function verdictBlock(summary: Summary, view: View): string[] {
  const { exitCode, reasons } = summary.results;
  const { tone, sign, word, meaning } = wordingOf(summary);
  const { theme, width } = view;
  const title = `${theme[tone](`${sign} ${word}`)}${meaning === "" ? "" : `  ${meaning}`}`;
  const code = summary.partial === true ? "" : theme.faint(`exit ${exitCode}`);
  const lines = [" ".repeat(margin) + spread(title, code, width - 2 * margin)];
  for (const reason of reasons) lines.push(...wrap(clean(reason), width - margin, 3));
  return lines;
}
