import { describe, expect, test } from "vitest";
import type { Summary } from "../../measure/summary.ts";
import { b, compare, group, options } from "../../testing/comparisons.ts";
import { compareGroups } from "../compare.ts";

describe("runs that cannot be compared are left out, and it is said why", () => {
  const results =
    (verdict: Summary["results"]["verdict"], reason = "so it is") =>
    (summary: Summary): Summary => ({
      ...summary,
      results: { verdict, exitCode: 1, reasons: [reason] },
    });
  test.each([
    ["partial", (summary: Summary): Summary => ({ ...summary, partial: true }), /did not end in order/],
    ["interrupted", results("interrupted"), /it was interrupted/],
    ["aborted", results("aborted", "aborted: rate>0.5"), /an abort rule ended it early \(aborted: rate>0\.5\)/],
    ["invalid", results("invalid"), /it is invalid \(so it is\)/],
    ["undecided", results("undecided"), /it is undecided/],
    [
      "limited by the generator",
      (summary: Summary): Summary => ({
        ...summary,
        generator: { ...summary.generator, saturated: true, evidence: ["thread at 100 %"] },
      }),
      /the generator was at its limit \(thread at 100 %\)/,
    ],
    [
      "empty",
      (summary: Summary): Summary => ({
        ...summary,
        metrics: { ...summary.metrics, http_reqs: { type: "counter", contains: "default", values: { count: 0, rate: 0 } } },
      }),
      /made no request/,
    ],
  ])("%s", (_, spoil, reason) => {
    const comparison = compare([group("a"), b({ change: (summary, i) => (i === 0 ? spoil(summary) : summary) })]);
    expect(comparison.groups[1]?.runs).toHaveLength(4);
    expect(comparison.groups[1]?.leftOut).toMatchObject([{ file: "b-1.json", reason: expect.stringMatching(reason) }]);
    expect(comparison.warnings.join("\n")).toMatch(reason);
    const none = compare([group("a"), b({ change: spoil })]);
    expect([none.figures, none.verdict]).toEqual([[], "cannot-tell"]);
    expect(none.warnings).toContain("b has no run that can be compared");
  });

  test("a failed objective is no reason: that is what a comparison is to find", () => {
    expect(compare([group("a"), b({ change: results("fail") })]).groups[1]?.runs).toHaveLength(5);
  });

  test("a run counts once, however often it is named", () => {
    const a = group("a");
    const doubled = { ...a, runs: [...a.runs, ...a.runs] };
    const comparison = compare([doubled, b()]);
    expect(comparison.groups[0]?.runs).toHaveLength(5);
    expect(comparison.groups[0]?.leftOut[0]?.reason).toBe("it is the same run as a-1.json");
  });

  test("a run against itself shows nothing, and that is said", () => {
    for (const runs of [1, 5]) {
      const comparison = compare([group("a", { runs }), group("again", { runs })]);
      expect(comparison.verdict).not.toMatch(/worse|better/);
      expect(comparison.warnings.join()).toMatch(/are the same run/);
    }
  });

  test("in pairs by their order, what is left out on one side takes its partner along and moves no other", () => {
    const without =
      (lost: number) =>
      (summary: Summary, i: number): Summary =>
        i === lost ? { ...summary, partial: true as const } : summary;
    const comparison = compareGroups([group("a", { change: without(1) }), b({ change: without(3) })], {
      ...options,
      paired: true,
    });
    expect(comparison.method).toBe("paired");
    expect(comparison.groups.map(({ runs }) => runs.map(({ file }) => file.replace(/^\D+/, "")))).toEqual([
      ["1.json", "3.json", "5.json"],
      ["1.json", "3.json", "5.json"],
    ]);
  });

  test("in pairs, a run whose partner is left out is left out as well", () => {
    const series =
      (side: "a" | "b") =>
      (summary: Summary, i: number): Summary => ({
        ...summary,
        series: { id: "s", run: i + 1, of: 5, side },
        ...(side === "b" && i === 1 ? { partial: true as const } : {}),
      });
    const comparison = compare([group("a", { change: series("a") }), b({ change: series("b") })]);
    expect(comparison.method).toBe("paired");
    expect(comparison.groups.map(({ runs }) => runs.length)).toEqual([4, 4]);
    expect(comparison.groups[0]?.leftOut).toEqual([{ file: "a-2.json", reason: expect.stringMatching(/paired with/) }]);
  });
});
