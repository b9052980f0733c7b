import { describe, expect, test } from "vitest";
import { addedBy } from "./added.ts";
import { addedCells, notesOf } from "./cells.ts";
import { exampleMatrix, exampleRun } from "./example-matrix.ts";
import { renderMatrixMarkdown } from "./markdown.ts";
import { type MatrixReport, matrixRowOf } from "./matrix-report.ts";
import { renderMatrixText } from "./text.ts";

const group = (label: string, ...ms: number[]) => ({
  label,
  runs: ms.map((each, i) => exampleRun(`${label}-${i}`, each, { model: "open" })),
});

/** Runs of `node` and `chain` at two rates, each with the warnings given by run, against those of `direct`. */
function matrixOf(warnings: readonly (readonly string[])[]): MatrixReport {
  const runs = (label: string, ms: number) =>
    warnings.map((each, i) => {
      const { file, summary } = exampleRun(`${label}-${i}`, ms + i / 10);
      return { file, summary: { ...summary, warnings: [...each] } };
    });
  const rates = [100, 500];
  const topologies = ["direct", "node", "chain"];
  const rows = topologies.flatMap((topology) =>
    rates.map((rate) => {
      const all = runs(`${topology}-${rate}`, 10);
      return matrixRowOf(topology, rate, (all[0] as (typeof all)[number]).summary, all);
    }),
  );
  const added = topologies.slice(1).flatMap((topology) =>
    rates.map((rate) => {
      const [of, against] = [runs(`${topology}-${rate}`, 12), runs(`direct-${rate}`, 10)];
      return addedBy({ label: topology, runs: of }, { label: "direct", runs: against }, rate, true);
    }),
  );
  return { ...exampleMatrix(), rows, added, failedTopologies: [] };
}

describe("notes on a matrix", () => {
  test("tell what the runs warned of, each once with its places", () => {
    const notes = notesOf(matrixOf([["the host is busy"], ["the host is busy", "few ports"], []]));
    expect(notes).toContainEqual({ place: "direct 100/s, direct 500/s and 4 more", note: "warning: the host is busy" });
    expect(notes.filter(({ note }) => note.endsWith("the host is busy"))).toHaveLength(1);
    expect(notes.filter(({ note }) => note === "warning: few ports")).toHaveLength(1);
  });

  test("tell what weakens the comparisons, each once", () => {
    const notes = notesOf(matrixOf([[]])).filter(({ note }) => note.startsWith("warning: one run a side proves little"));
    expect(notes.map(({ place }) => place)).toEqual(["node 100/s against direct, node 500/s against direct and 2 more"]);
  });

  test("stand in every form of the report", () => {
    const report = matrixOf([["the host is busy"]]);
    for (const text of [renderMatrixMarkdown(report), renderMatrixText(report, { width: 200, color: false })]) {
      expect(text).toContain("warning: the host is busy");
      expect(text).toContain("warning: one run a side proves little");
    }
  });

  test("a comparison without figures is told as that, and not twice", () => {
    const edge = group("edge", 10);
    for (const { summary } of edge.runs) summary.results = { verdict: "invalid", exitCode: 111, reasons: ["late"] };
    const added = [addedBy(edge, group("direct", 10), 500, false)];
    expect(notesOf({ ...exampleMatrix(), rows: [], failedTopologies: [], added })).toEqual([
      { place: "edge 500/s", note: "what it adds to direct cannot be told: no run of edge can be compared" },
    ]);
  });
});

test("an interval from one run a side is marked as resting on an assumption; one from more is not", () => {
  const intervals = (...ms: number[]) => {
    const runs = (label: string, factor: number) => {
      const made = group(label, ...ms.map((each) => each * factor));
      for (const { summary } of made.runs) summary.timeseries = seriesOf(summary);
      return made;
    };
    return addedCells(addedBy(runs("edge", 3), runs("direct", 1), 500, false)).map((cells) => cells.at(-2));
  };
  for (const cell of intervals(10)) expect(cell).toMatch(/^\+[\d.]+ ms to \+[\d.]+ ms \(assumed spread\)$/);
  for (const cell of intervals(10, 10.2, 9.9)) expect(cell).toMatch(/^\+[\d.]+ ms to \+[\d.]+ ms$/);
});

/** Batches in which every response time of the run is drawn again: what one run tells of its own spread. */
function seriesOf({ timeseries, metrics }: ReturnType<typeof exampleRun>["summary"]) {
  const time = metrics.response_time;
  const response = time?.type === "trend" ? time.histogram.data : "";
  const batches = Array.from({ length: 20 }, (_, i) => ({ fromMs: i * 1000, toMs: (i + 1) * 1000, data: response, response }));
  return { ...timeseries, batches };
}
