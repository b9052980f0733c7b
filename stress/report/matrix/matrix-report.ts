import * as z from "zod";
import { comparisonSchema } from "../../judge/compare/comparison.ts";
import type { RunFile } from "../../judge/compare.ts";
import { ExitCode, worstExitCode } from "../../judge/exit-code.ts";
import { type Summary, verdictSchema } from "../../measure/summary.ts";

/** `matrix.json`: every topology at every rate, and what each costs against one of them. Tables are made from it alone. */

const figure = z.number().nullable();

export const matrixRowSchema = z.object({
  topology: z.string(),
  targetRate: z.number(),
  /** Null where it was not measured. */
  verdict: verdictSchema.nullable(),
  exitCode: z.int(),
  reasons: z.array(z.string()),
  /** Of all its runs, each once: what to mind with its figures. */
  warnings: z.array(z.string()),
  /** Summaries of its runs, relative to `matrix.json`; the figures are those of the run in the middle. */
  files: z.array(z.string()),
  iterationsPerSecond: figure,
  requestsPerSecond: figure,
  avgMs: figure,
  p50Ms: figure,
  p95Ms: figure,
  p99Ms: figure,
  /** Names of figures that are lower bounds. */
  beyond: z.array(z.string()),
  limitMs: z.number(),
  successShare: figure,
  dropped: figure,
  maxVus: figure,
  cpuCores: figure,
  memoryBytes: figure,
});

/** What a topology adds to another at one rate. */
export const addedSchema = z.object({
  targetRate: z.number(),
  topology: z.string(),
  against: z.string(),
  comparison: comparisonSchema,
  /** In milliseconds, by percentile; null where it cannot be told. */
  figures: z.array(
    z.object({
      percentile: z.enum(["p50", "p95", "p99"]),
      againstMs: z.number(),
      topologyMs: z.number(),
      addedMs: figure,
      lowMs: figure,
      highMs: figure,
      verdict: z.enum(["better", "same", "worse", "cannot-tell"]),
    }),
  ),
});

export const matrixReportSchema = z.object({
  schemaVersion: z.literal(1),
  kind: z.literal("matrix"),
  version: z.string(),
  command: z.string(),
  host: z.string(),
  startedAt: z.iso.datetime(),
  endedAt: z.iso.datetime(),
  partial: z.literal(true).optional(),
  durationMs: z.number(),
  runs: z.int(),
  rows: z.array(matrixRowSchema),
  /** Topologies that were not measured, and why. */
  failedTopologies: z.array(z.object({ topology: z.string(), reason: z.string() })),
  added: z.array(addedSchema),
  results: z.object({ exitCode: z.int(), passed: z.int(), failed: z.int(), undecided: z.int() }),
});

export type MatrixRow = z.infer<typeof matrixRowSchema>;
export type Added = z.infer<typeof addedSchema>;
export type MatrixReport = z.infer<typeof matrixReportSchema>;

/** The row of runs, of which `summary` stands for all. */
export function matrixRowOf(topology: string, targetRate: number, summary: Summary, runs: readonly RunFile[]): MatrixRow {
  const { metrics, results, profile, resources } = summary;
  const latency = metrics.response_time;
  const trend = latency?.type === "trend" && latency.values.count + latency.values.censored > 0 ? latency : null;
  const counter = (name: string) => {
    const metric = metrics[name];
    return metric?.type === "counter" ? metric.values : null;
  };
  const failed = metrics.http_req_failed;
  const vus = metrics.vus_max;
  const sum = (figures: (number | null | undefined)[]) =>
    figures.length === 0 || figures.some((each) => each === null || each === undefined)
      ? null
      : figures.reduce<number>((total, each) => total + (each ?? 0), 0);
  return {
    topology,
    targetRate,
    verdict: results.verdict,
    exitCode: results.exitCode,
    reasons: results.reasons,
    warnings: [...new Set(runs.flatMap((run) => run.summary.warnings))],
    files: runs.map(({ file }) => file),
    iterationsPerSecond: counter("iterations")?.rate ?? null,
    requestsPerSecond: counter("http_reqs")?.rate ?? null,
    avgMs: trend?.values.avg ?? null,
    p50Ms: trend?.values["p(50)"] ?? null,
    p95Ms: trend?.values["p(95)"] ?? null,
    p99Ms: trend?.values["p(99)"] ?? null,
    beyond: trend?.beyond ?? [],
    limitMs: profile.timeoutMs,
    successShare: failed?.type === "rate" && failed.values.passes + failed.values.fails > 0 ? 1 - failed.values.rate : null,
    dropped: counter("dropped_iterations")?.count ?? null,
    maxVus: vus?.type === "gauge" ? vus.values.value : null,
    cpuCores: sum(resources.map(({ cpu }) => cpu.steadyCores)),
    memoryBytes: sum(resources.map(({ rss, anon }) => (rss ?? anon)?.steadyBytes)),
  };
}

/** How many cells passed, failed and could not be judged, and the worst of their exit codes; a topology that does not work has failed. */
export function matrixResults(
  rows: readonly Pick<MatrixRow, "verdict" | "exitCode">[],
  failedTopologies: number,
  isInterrupted: boolean,
): MatrixReport["results"] {
  const codes = rows.filter(({ verdict }) => verdict !== null).map(({ exitCode }) => exitCode as ExitCode);
  const count = (...of: ExitCode[]) => codes.filter((code) => of.includes(code)).length;
  const ofAll: ExitCode[] = [
    ...(failedTopologies > 0 ? [ExitCode.failed] : []),
    ...(isInterrupted ? [ExitCode.interrupted] : []),
  ];
  return {
    exitCode: worstExitCode([...codes, ...ofAll]),
    passed: count(ExitCode.pass),
    failed: count(ExitCode.failed),
    undecided: count(ExitCode.invalid, ExitCode.interrupted),
  };
}
