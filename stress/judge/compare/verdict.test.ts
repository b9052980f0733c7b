import { describe, expect, test } from "vitest";
import type { Effect } from "./effect.ts";
import type { FigureKind } from "./figures.ts";
import { type FigureVerdict, holm, type Judged, judge, withoutAborted } from "./verdict.ts";

const margins = { ratio: 0.03, share: 0.001 };
const latency: FigureKind = { key: "p95", unit: "ms", better: "lower", scale: "ratio", strayBetweenRuns: 0.1 };
const rate: FigureKind = { ...latency, key: "rps", better: "higher" };
const failed: FigureKind = { ...latency, key: "failed", unit: "share", scale: "share" };

function judged(kind: FigureKind, change: number, standardError: number, more: Partial<Effect & Judged> = {}): Judged {
  const { bound = null, fromNothing = false } = more;
  return { kind, effect: { change, standardError, df: 8, bound }, reason: null, fromNothing };
}

describe("one figure", () => {
  test.each([
    ["slower beyond doubt", judged(latency, 0.1, 0.02), "worse"],
    ["faster beyond doubt", judged(latency, -0.1, 0.02), "better"],
    ["fewer requests a second beyond doubt", judged(rate, -0.1, 0.02), "worse"],
    ["more of them", judged(rate, 0.1, 0.02), "better"],
    ["no change, narrowly", judged(latency, 0, 0.005), "same"],
    ["no change, but not narrowly enough to say so", judged(latency, 0, 0.05), "cannot-tell"],
    ["a change that is real and too small to matter", judged(latency, 0.01, 0.002), "same"],
    ["slower, and perhaps by less than the margin", judged(latency, 0.04, 0.01), "worse"],
    ["slower by 5 %, and noise of 5 %", judged(latency, 0.05, 0.05), "cannot-tell"],
    ["no difference at all, without any spread", judged(latency, 0, 0), "same"],
    ["a large difference without any spread", judged(latency, 0.5, 0), "worse"],
    ["more failures by less than the margin", judged(failed, 0.0002, 0.00005), "same"],
    ["the same few, where there were none at all", judged(failed, 0.0002, 0.00005, { fromNothing: true }), "worse"],
    ["one or two failures, where there were none", judged(failed, 0.0002, 0.0002, { fromNothing: true }), "cannot-tell"],
    ["none and none", judged(failed, 0, 0.0001, { fromNothing: true }), "same"],
    ["beyond the time limit now: certainly higher", judged(latency, 5, 0.1, { bound: "lower" }), "worse"],
    [
      "beyond the time limit now, and measured nearly as high before",
      judged(latency, 0.001, 0.001, { bound: "lower" }),
      "cannot-tell",
    ],
    ["beyond the time limit before", judged(latency, -5, 0.1, { bound: "upper" }), "better"],
    ["a bound below what was measured proves no improvement", judged(latency, -5, 0.1, { bound: "lower" }), "cannot-tell"],
  ] as const)("%s: %s", (_, figure, verdict) => {
    expect(judge([figure], margins)[0]?.verdict).toBe(verdict);
  });

  test("what has no interval cannot be told, for its own reason", () => {
    const none: Judged = { kind: latency, effect: null, reason: "too short", fromNothing: false };
    expect(judge([none], margins)).toEqual([{ verdict: "cannot-tell", pWorse: null, pBetter: null, reason: "too short" }]);
  });

  test("what is not a number is never the same, nor worse", () => {
    expect(judge([judged(latency, Number.NaN, 0.01)], margins)[0]?.verdict).toBe("cannot-tell");
  });
});

describe("several figures", () => {
  // 2 standard errors: one-sided 0.04 with 8 degrees of freedom
  const doubtful = judged(latency, 0.1, 0.05);

  test("one that would be worse by itself is not, as the worst of ten", () => {
    expect(judge([doubtful], margins)[0]?.verdict).toBe("worse");
    const ten = [doubtful, ...new Array<Judged>(9).fill(judged(latency, 0, 0.05))];
    expect(judge(ten, margins)[0]).toMatchObject({ verdict: "cannot-tell", reason: expect.stringMatching(/perhaps worse/) });
  });

  test("Holm's worked example: the smallest times four, the next times three, never falling", () => {
    expect(holm([0.01, 0.04, 0.03, 0.005])).toEqual([0.03, 0.06, 0.06, 0.02]);
    expect(holm([0.9, null, 0.8])).toEqual([1, null, 1]);
    expect(holm([])).toEqual([]);
  });
});

describe("where runs were aborted", () => {
  const all: FigureVerdict[] = ["better", "same", "worse", "cannot-tell"];
  const unsure = "cannot-tell";
  test.each<[string, boolean[], FigureVerdict[]]>([
    ["in no group, everything stands", [false, false], all],
    ["in B, worse stands alone", [false, true], [unsure, unsure, "worse", unsure]],
    ["in A, nothing does", [true, false], [unsure, unsure, unsure, unsure]],
    ["in both, nothing does", [true, true], [unsure, unsure, unsure, unsure]],
    ["later in a trend, worse stands alone", [false, false, true], [unsure, unsure, "worse", unsure]],
  ])("%s", (_, aborted, expected) => {
    const judgements = all.map((verdict) => ({ verdict, pWorse: 0.5, pBetter: 0.5, reason: null }));
    expect(withoutAborted(judgements, aborted).map(({ verdict }) => verdict)).toEqual(expected);
  });

  test("what could not be told before keeps its reason", () => {
    const judgement = { verdict: unsure, pWorse: null, pBetter: null, reason: "too short" } as const;
    expect(withoutAborted([judgement], [false, true])).toEqual([judgement]);
  });
});
