import { expect, test } from "vitest";
import { simulatedRun, steadyTarget } from "../bench/simulated-run.ts";
import type { Summary } from "../measure/summary.ts";
import { withBaseline } from "./baseline.ts";
import { compareGroups, defaultMargins, type RunGroup } from "./compare.ts";
import { summaryOfSeries } from "./series.ts";

const options = { margins: defaultMargins, keys: null, paired: false };

function group(
  label: string,
  from: number,
  change: (summary: Summary) => Summary = (summary) => summary,
  slowdown = 1,
): RunGroup {
  const runs = [0, 1, 2, 3, 4].map((i) => ({
    file: `${label}-${i}.json`,
    summary: change(simulatedRun({ ...steadyTarget, slowdown }, from + i)),
  }));
  return { label, runs };
}

const passed: Summary["results"] = { verdict: "pass", exitCode: 0, reasons: [] };
const aborted = (summary: Summary): Summary => ({
  ...summary,
  results: { verdict: "aborted", exitCode: 99, reasons: ["aborted: http_req_failed: rate>0.5 for 10 s"] },
});
const partial = (summary: Summary): Summary => ({ ...summary, partial: true });

test.each<[string, Summary["results"], RunGroup, RunGroup, string, number, RegExp | null]>([
  ["a run that is no worse passes", passed, group("old", 1), group("new", 11), "pass", 0, null],
  [
    "a slower one is a regression",
    passed,
    group("old", 1),
    group("new", 11, undefined, 1.3),
    "regression",
    112,
    /worse than the baseline old in .*p\(95\)/,
  ],
  [
    "a run that failed its own objectives has failed, and is told to be worse as well",
    { verdict: "fail", exitCode: 99, reasons: ["too slow"] },
    group("old", 1),
    group("new", 11, undefined, 1.3),
    "fail",
    99,
    /worse than the baseline/,
  ],
  [
    "an interrupted run stays interrupted, and is not compared",
    { verdict: "interrupted", exitCode: 105, reasons: ["interrupted"] },
    group("old", 1),
    group("new", 11, partial, 1.3),
    "interrupted",
    105,
    /not compared with the baseline/,
  ],
  [
    "a baseline of which runs were aborted is not what its others are: undecided, and no regression",
    passed,
    { label: "old", runs: [...group("old", 1).runs, ...group("aborted", 21, aborted).runs.slice(0, 2)] },
    group("new", 11, undefined, 1.3),
    "undecided",
    111,
    /runs of the baseline old were aborted/,
  ],
  [
    "a baseline of broken runs leaves it undecided",
    passed,
    group("old", 1, partial),
    group("new", 11),
    "undecided",
    111,
    /old has no run/,
  ],
] as const)("%s", (_, results, old, made, verdict, exitCode, reason) => {
  const judged = withBaseline(results, compareGroups([old, made], options));
  expect([judged.verdict, judged.exitCode]).toEqual([verdict, exitCode]);
  if (reason === null) expect(judged.reasons).toEqual([]);
  else expect(judged.reasons.join("; ")).toMatch(reason);
});

test("a series is the run in the middle, with the results of the worst and the names of all", () => {
  const rates = [300, 100, 200, 900, 50];
  const runs = group("s", 1).runs.map(({ file, summary }, i) => ({
    file,
    summary: {
      ...summary,
      // the slowest cannot be compared, so it is not the middle of anything
      ...(i === 4 && { partial: true as const }),
      capacity: { ...summary.capacity, sustainedRps: rates[i] ?? 0 },
      results: i === 1 ? { verdict: "fail" as const, exitCode: 99, reasons: ["too slow"] } : passed,
    },
  }));
  const all = summaryOfSeries(runs, { id: "series", of: 5, side: null });
  expect(all.capacity.sustainedRps).toBe(200);
  expect(all.series).toEqual({ id: "series", of: 5, side: null, run: 3, files: runs.map(({ file }) => file) });
  expect(all.results).toEqual({ verdict: "fail", exitCode: 99, reasons: ["run 2 of 5: too slow"] });
});
