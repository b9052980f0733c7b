import type { Summary } from "../measure/summary.ts";
import type { Comparison } from "./compare/comparison.ts";
import { hasAborted } from "./compare/sound.ts";
import { ExitCode, worstExitCode } from "./exit-code.ts";

/**
 * The results of a run, or of several, with what their comparison with a baseline adds: worse is a regression, unless the
 * run itself has failed or cannot be judged, which comes first. A baseline without a sound run, or of which runs were
 * aborted, leaves it undecided.
 */
export function withBaseline(results: Summary["results"], comparison: Comparison): Summary["results"] {
  const { exitCode } = results;
  const [baseline, run] = comparison.groups;
  const said = (code: ExitCode, verdict: Summary["results"]["verdict"], reason: string): Summary["results"] => {
    const worst = worstExitCode([exitCode as ExitCode, code]);
    return {
      verdict: worst === exitCode ? results.verdict : verdict,
      exitCode: worst,
      reasons: [...results.reasons, reason],
    };
  };
  if (baseline === undefined || run === undefined) return results;
  if (baseline.runs.length === 0) {
    return said(ExitCode.invalid, "undecided", `the baseline ${baseline.label} has no run that can be compared`);
  }
  // why the run cannot be compared is in its results already
  if (run.runs.length === 0) return { ...results, reasons: [...results.reasons, "not compared with the baseline"] };
  if (hasAborted(baseline)) {
    return said(
      ExitCode.invalid,
      "undecided",
      `runs of the baseline ${baseline.label} were aborted, and those that are left are its good ones: measure it anew`,
    );
  }
  if (comparison.verdict !== "worse") return results;
  const worse = comparison.figures.filter(({ verdict }) => verdict === "worse").map(({ key }) => key);
  return said(ExitCode.regression, "regression", `worse than the baseline ${baseline.label} in ${worse.join(", ")}`);
}
