import { ExitCode } from "../../judge/exit-code.ts";
import type { OpeningProps } from "./opening.tsx";

/** The verdict on a report of many runs, by its exit code. */
export function reportVerdict(
  exitCode: number,
  isPartial: boolean,
): Pick<OpeningProps, "tone" | "word" | "meaning" | "exitCode"> {
  if (isPartial) return { tone: "warn", word: "INCOMPLETE", meaning: "written while it went on", exitCode: null };
  switch (exitCode) {
    case ExitCode.pass:
      return { tone: "good", word: "PASSED", meaning: "every objective held", exitCode };
    case ExitCode.failed:
      return { tone: "bad", word: "FAILED", meaning: "", exitCode };
    case ExitCode.interrupted:
      return { tone: "warn", word: "INTERRUPTED", meaning: "the figures cover what ran until then", exitCode };
    default:
      return { tone: "warn", word: "UNDECIDED", meaning: "not all of it can be judged", exitCode };
  }
}
