import { expect, test } from "vitest";
import type { Summary } from "../../measure/summary.ts";
import { compare, group } from "../../testing/comparisons.ts";

const rule = "aborted: http_req_failed: rate>0.5 for 5 s";
const aborted: Summary["results"] = { verdict: "aborted", exitCode: 99, reasons: [rule] };
/** The generator was at its limit as well, which makes a run invalid whatever else it is. */
const invalid: Summary["results"] = { verdict: "invalid", exitCode: 111, reasons: ["no reserve", rule] };

const series =
  (side: "a" | "b", lost: number, results = aborted) =>
  (summary: Summary, i: number): Summary => {
    const inTurn: Summary = { ...summary, series: { id: "s", run: i + 1, of: 20, side } };
    return i < lost ? { ...inTurn, results } : inTurn;
  };

/** The very runs of A again, so that what is left is the same beyond doubt. */
function twin(lost: number, results = aborted) {
  const again = group("b", { runs: 20, change: series("b", lost, results) });
  const runs = again.runs.map(({ file, summary }) => ({
    file,
    summary: { ...summary, metadata: { ...summary.metadata, id: `b ${summary.metadata.id}` } },
  }));
  return compare([group("a", { runs: 20, change: series("a", 0) }), { ...again, runs }]);
}

test("in pairs, a side that an abort rule ended more often than not is never the same by its other runs", () => {
  expect(twin(0).verdict).toBe("same");
  const comparison = twin(12);
  expect([comparison.method, comparison.groups[1]?.runs.length]).toEqual(["paired", 8]);
  expect(comparison.verdict).toBe("cannot-tell");
  expect(comparison.groups.map((side) => side.leftOut.filter(({ aborted }) => aborted).length)).toEqual([0, 12]);
  expect(comparison.warnings).toContain(
    "b had 12 runs aborted, and those that are left are its good ones: they can show it to be worse, and nothing else",
  );
});

test("nor is it where the runs that a rule ended are invalid as well", () => {
  const comparison = twin(12, invalid);
  expect(comparison.verdict).toBe("cannot-tell");
  expect(comparison.groups[1]?.leftOut.filter(({ aborted }) => aborted)).toHaveLength(12);
  expect(comparison.groups[1]?.leftOut[0]?.reason).toBe(`an abort rule ended it early (no reserve; ${rule})`);
});
