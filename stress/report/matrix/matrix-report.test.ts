import { describe, expect, test } from "vitest";
import { matrixResults } from "./matrix-report.ts";

describe("the exit code of a matrix is the worst of its cells, as that of a plan is of its scenarios", () => {
  test.each<[string, number[], { failedTopologies?: number; isInterrupted?: boolean }, number]>([
    ["all passed", [0, 0], {}, 0],
    ["an objective missed in one cell", [0, 99], {}, 99],
    ["a cell that cannot be judged", [0, 111], {}, 111],
    ["a missed objective beside a cell that cannot be judged", [99, 111, 0], {}, 111],
    ["a topology that does not work", [0], { failedTopologies: 1 }, 99],
    ["a topology that does not work beside a cell that cannot be judged", [111], { failedTopologies: 1 }, 111],
    ["interrupted", [99, 111], { isInterrupted: true }, 105],
    ["interrupted before the first run", [], { isInterrupted: true }, 105],
  ])("%s", (_, codes, { failedTopologies = 0, isInterrupted = false }, exitCode) => {
    const rows = codes.map((code) => ({ verdict: code === 0 ? ("pass" as const) : ("fail" as const), exitCode: code }));
    const unmeasured = { verdict: null, exitCode: 105 };
    expect(matrixResults([...rows, unmeasured], failedTopologies, isInterrupted)).toEqual({
      exitCode,
      passed: codes.filter((code) => code === 0).length,
      failed: codes.filter((code) => code === 99).length,
      undecided: codes.filter((code) => code === 111).length,
    });
  });
});
