import { LatencyHistogram } from "../../measure/histogram.ts";
import { trendOf } from "../../measure/metrics.ts";
import { LatencyRecorder, type RawCounts } from "../../measure/recorder.ts";
import type { Summary } from "../../measure/summary.ts";
import { type ExampleOptions, exampleSummary } from "../example-summary.ts";
import { addedBy } from "./added.ts";
import { type MatrixReport, matrixRowOf } from "./matrix-report.ts";

/** A run whose response times lie around `ms`. */
export function exampleRun(name: string, ms: number, options: ExampleOptions = {}): { file: string; summary: Summary } {
  const recorder = new LatencyRecorder();
  for (let i = 0; i < 1000; i++) recorder.record(ms * (0.9 + (i % 100) / 500));
  const histogram = new LatencyHistogram();
  histogram.addRaw(recorder.take() as RawCounts);
  const summary = exampleSummary(options);
  return {
    file: `${name}.json`,
    summary: {
      ...summary,
      metadata: { ...summary.metadata, id: name },
      metrics: { ...summary.metrics, response_time: trendOf(histogram) },
    },
  };
}

const times: Record<string, readonly number[]> = { direct: [0.5, 0.9], node: [1.4, 2.2], nginx: [1.1, 1.6] };

/** Three topologies at two rates, one cell failed, one not run, two runs each. */
export function exampleMatrix(): MatrixReport {
  const rates = [100, 500];
  const runsOf = (topology: string, at: number) =>
    [1, 2].map((run) => exampleRun(`${topology}/${rates[at]}-${run}`, (times[topology]?.[at] ?? 1) * (1 + run / 50)));
  const rows = Object.keys(times).flatMap((topology) =>
    rates.map((rate, at) => {
      const outcome = topology === "nginx" && rate === 500 ? "failed" : "passed";
      const { summary } = exampleRun(topology, times[topology]?.[at] ?? 1, { outcome });
      return matrixRowOf(topology, rate, summary, runsOf(topology, at));
    }),
  );
  const added = ["node", "nginx"].flatMap((topology) =>
    rates.map((rate, at) => {
      const group = (label: string) => ({ label, runs: runsOf(label, at) });
      return addedBy(group(topology), group("direct"), rate, true);
    }),
  );
  const [last] = rows.slice(-1);
  return {
    schemaVersion: 1,
    kind: "matrix",
    version: "0.1.0",
    command: "stress matrix --topology direct,node,nginx,chain --rate 100,500 --repeat 2",
    host: "Example CPU, 2 cores",
    startedAt: "2026-01-01T00:00:00.000Z",
    endedAt: "2026-01-01T00:20:00.000Z",
    durationMs: 60_000,
    runs: 2,
    rows: [...rows, ...(last ? [{ ...last, topology: "chain", verdict: null, p95Ms: null, files: [] }] : [])],
    failedTopologies: [{ topology: "chain", reason: "functional check: status (GET /health 502)" }],
    added,
    results: { exitCode: 99, passed: 5, failed: 1, undecided: 0 },
  };
}
