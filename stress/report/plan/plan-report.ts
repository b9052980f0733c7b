import * as z from "zod";
import { levelRowSchema, planModeSchema } from "../../measure/plan-summary.ts";
import { type Summary, verdictSchema } from "../../measure/summary.ts";
import { loadLabel } from "../../screen/load-label.ts";

/**
 * `plan.json`: every scenario of a plan with its outcome and its figures, and where its own summary lies. Tables, Markdown
 * and JUnit are made from it alone.
 */

/**
 * `pass` is said of a scenario that was run in full alone; one that held in a smoke test, or in less time than the plan
 * says, has `held`.
 */
export const outcomeSchema = z.enum(["pass", "held", "fail", "undecided", "interrupted", "not-run"]);

const figure = z.number().nullable();

export const scenarioRowSchema = z.object({
  name: z.string(),
  title: z.string(),
  plan: z.string(),
  mode: planModeSchema,
  outcome: outcomeSchema,
  verdict: verdictSchema.nullable(),
  exitCode: z.int(),
  reasons: z.array(z.string()),
  warnings: z.array(z.string()),
  /** Its summary, relative to `plan.json`; null where it was not measured. */
  file: z.string().nullable(),
  startedAt: z.iso.datetime().nullable(),
  /** In words: `100/s for 10m`. */
  load: z.string(),
  durationMs: z.number(),
  /** What the load is counted in, a second. */
  rps: figure,
  operations: z.enum(["requests", "events", "messages"]),
  /** Response time where there is one, else service time; what lies between events, or a message and its echo, for streams. */
  "p(50)": figure,
  "p(95)": figure,
  "p(99)": figure,
  beyond: z.array(z.string()),
  limitMs: z.number(),
  failedShare: figure,
  /** Of all services, at constant load. */
  cpuCores: figure,
  memoryBytes: figure,
  /** What was found beside thresholds: recovery, breaking point, refusal. */
  findings: z.array(z.string()),
  levels: z.array(levelRowSchema).optional(),
});

export const planReportSchema = z.object({
  schemaVersion: z.literal(1),
  kind: z.literal("plan"),
  title: z.string(),
  mode: planModeSchema,
  /** Times were multiplied by it. */
  durationFactor: z.number(),
  version: z.string(),
  command: z.string(),
  target: z.string(),
  topology: z.string().nullable(),
  startedAt: z.iso.datetime(),
  endedAt: z.iso.datetime(),
  /** Present and true until the last scenario is over. */
  partial: z.literal(true).optional(),
  scenarios: z.array(scenarioRowSchema),
  results: z.object({ exitCode: z.int(), passed: z.int(), held: z.int(), failed: z.int(), undecided: z.int(), notRun: z.int() }),
});

export type Outcome = z.infer<typeof outcomeSchema>;
export type ScenarioRow = z.infer<typeof scenarioRowSchema>;
export type PlanReport = z.infer<typeof planReportSchema>;

/** The row of a scenario that was measured. */
export function rowOf(summary: Summary, file: string): ScenarioRow {
  const { plan, profile, metrics, results, state, capacity, resources, metadata, warnings } = summary;
  if (plan === undefined) throw new Error(`${file} is of no plan`);
  const { stream } = profile;
  const latency = metrics[latencyOf(profile)];
  const trend = latency?.type === "trend" && latency.values.count + latency.values.censored > 0 ? latency : null;
  const failed = metrics[stream === undefined ? "http_req_failed" : "streams_failed"];
  const sum = (figures: (number | null | undefined)[]) =>
    figures.length === 0 || figures.some((each) => each === null || each === undefined)
      ? null
      : figures.reduce<number>((total, each) => total + (each ?? 0), 0);
  const { recovery, breakingPoint, refusal } = plan;
  return {
    name: metadata.scenario,
    title: plan.title,
    plan: plan.plan,
    mode: plan.mode,
    outcome: outcomeOf(summary),
    verdict: results.verdict,
    exitCode: results.exitCode,
    reasons: results.reasons,
    warnings,
    file,
    startedAt: metadata.startedAt,
    load: loadLabel(profile),
    durationMs: state.testRunDurationMs,
    rps: capacity.averageRps,
    operations: stream === undefined ? "requests" : stream.kind === "sse" ? "events" : "messages",
    "p(50)": trend?.values["p(50)"] ?? null,
    "p(95)": trend?.values["p(95)"] ?? null,
    "p(99)": trend?.values["p(99)"] ?? null,
    beyond: trend?.beyond ?? [],
    limitMs: stream?.silenceMs ?? profile.timeoutMs,
    failedShare: failed?.type === "rate" ? failed.values.rate : null,
    cpuCores: sum(resources.map(({ cpu }) => cpu.steadyCores)),
    memoryBytes: sum(resources.map(({ rss, anon }) => (rss ?? anon)?.steadyBytes)),
    findings: [recovery?.text, breakingPoint?.text, refusal?.text].filter((text) => text !== undefined),
    ...(breakingPoint && { levels: breakingPoint.levels }),
  };
}

function latencyOf({ load, stream }: Summary["profile"]): string {
  if (stream === undefined) return load.model === "open" ? "response_time" : "http_req_duration";
  const due = stream.intervalMs !== null && stream.intervalMs > 0;
  if (stream.kind === "sse") return due ? "sse_event_lateness" : "sse_event_gap";
  return due ? "ws_response_time" : "ws_round_trip";
}

function outcomeOf({ results: { verdict }, plan }: Summary): Outcome {
  if (verdict === "pass") return plan?.mode === "full" ? "pass" : "held";
  if (verdict === "interrupted") return "interrupted";
  return verdict === "invalid" || verdict === "undecided" ? "undecided" : "fail";
}

/** How many of each outcome. */
export function countsOf(rows: readonly ScenarioRow[]): Omit<PlanReport["results"], "exitCode"> {
  const count = (...outcomes: Outcome[]) => rows.filter(({ outcome }) => outcomes.includes(outcome)).length;
  return {
    passed: count("pass"),
    held: count("held"),
    failed: count("fail"),
    undecided: count("undecided", "interrupted"),
    notRun: count("not-run"),
  };
}
