import { describe, expect, test } from "vitest";
import { addedBy } from "./added.ts";
import { exampleRun } from "./example-matrix.ts";

const group = (label: string, ...ms: number[]) => ({ label, runs: ms.map((each, i) => exampleRun(`${label}-${i}`, each)) });

describe("what a topology adds", () => {
  test("is a difference in milliseconds by percentile, with an interval that holds it", () => {
    const { figures, comparison } = addedBy(group("edge", 14, 14.2, 13.9, 14.1), group("direct", 10, 10.1, 9.9, 10), 500, true);
    expect(comparison.method).toBe("paired");
    expect(figures.map(({ percentile, verdict }) => [percentile, verdict])).toEqual([
      ["p50", "worse"],
      ["p95", "worse"],
      ["p99", "worse"],
    ]);
    for (const { againstMs, topologyMs, addedMs, lowMs, highMs } of figures) {
      expect(addedMs).toBeCloseTo(topologyMs - againstMs, 6);
      expect(lowMs).toBeGreaterThan(0);
      expect(lowMs).toBeLessThan(addedMs ?? 0);
      expect(highMs).toBeGreaterThan(addedMs ?? 0);
    }
  });

  test("cannot be told where runs differ by more", () => {
    const { figures } = addedBy(group("edge", 5, 20, 9, 14), group("direct", 10, 16, 6, 11), 500, false);
    expect(new Set(figures.map(({ verdict }) => verdict))).toEqual(new Set(["cannot-tell"]));
    for (const { lowMs, highMs } of figures) expect((lowMs ?? 0) < 0 && (highMs ?? 0) > 0).toBe(true);
  });

  test("has no figures where no run can stand for a side", () => {
    const edge = group("edge", 10);
    for (const { summary } of edge.runs) summary.results = { verdict: "invalid", exitCode: 111, reasons: ["late"] };
    expect(addedBy(edge, group("direct", 10), 500, false).figures).toEqual([]);
  });
});
