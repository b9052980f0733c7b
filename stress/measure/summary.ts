import * as z from "zod";
import { profileSchema } from "../profile/profile.ts";
import { driftSchema, stabilitySchema } from "./drift-summary.ts";
import { planScenarioSchema } from "./plan-summary.ts";
import { resourceSeriesSchema } from "./resource-series.ts";
import { searchSummarySchema } from "./search-summary.ts";
import { seriesSchema } from "./series.ts";

/**
 * `summary.json`: the one source of every table, page, document and comparison. Its outer shape is k6's handleSummary
 * object (`metrics`, `root_group`, `options`, `state`), so a k6 user's jq works; times in `metrics` are milliseconds.
 * `summary.schema.json` is generated from this file (`npm run schema`), and a test holds the two together.
 */

export const thresholdResultSchema = z.object({
  /** True means passed. */
  ok: z.boolean(),
  /** The measured figure in the metric's own unit; null without samples. */
  actual: z.number().nullable(),
  samples: z.int(),
  /** `no-data`; `beyond-limit` when the figure is only a lower bound. */
  reason: z.enum(["no-data", "beyond-limit"]).optional(),
});

const thresholds = z.record(z.string(), thresholdResultSchema).optional();

export const trendSchema = z.object({
  type: z.literal("trend"),
  contains: z.literal("time"),
  values: z.object({
    count: z.int(),
    /** Observations known only to exceed the time limit; every percentile counts them. */
    censored: z.int(),
    min: z.number(),
    avg: z.number(),
    med: z.number(),
    max: z.number(),
    "p(50)": z.number(),
    "p(90)": z.number(),
    "p(95)": z.number(),
    "p(99)": z.number(),
    "p(99.9)": z.number(),
  }),
  /** Names of the values that are lower bounds because they fall among censored observations. */
  beyond: z.array(z.string()),
  /** `ms` for durations of hours. */
  histogram: z.object({ unit: z.enum(["us", "ms"]), encoding: z.literal("hdr-v2-b64"), data: z.string() }),
  thresholds,
});

export const counterSchema = z.object({
  type: z.literal("counter"),
  contains: z.enum(["default", "data"]),
  values: z.object({ count: z.number(), rate: z.number() }),
  thresholds,
});

export const rateSchema = z.object({
  type: z.literal("rate"),
  contains: z.literal("default"),
  values: z.object({ rate: z.number(), passes: z.int(), fails: z.int() }),
  thresholds,
});

export const gaugeSchema = z.object({
  type: z.literal("gauge"),
  contains: z.literal("default"),
  values: z.object({ value: z.number(), min: z.number(), max: z.number() }),
  thresholds,
});

export const metricSchema = z.discriminatedUnion("type", [trendSchema, counterSchema, rateSchema, gaugeSchema]);

const phaseRowSchema = z.object({
  name: z.string(),
  kind: z.enum(["ramp", "hold"]),
  durationMs: z.number(),
  from: z.number(),
  to: z.number(),
  unit: z.enum(["users", "requests/s"]),
  requests: z.int(),
  failed: z.int(),
  /** Successful answers a second: an error that comes fast is no capacity. */
  rps: z.number(),
  "p(50)": z.number(),
  "p(95)": z.number(),
  "p(99)": z.number(),
  beyond: z.array(z.string()),
});

const memoryWindowSchema = z.object({
  coldBytes: z.number().nullable(),
  preBytes: z.number().nullable(),
  steadyBytes: z.number().nullable(),
  postBytes: z.number().nullable(),
  /** Change of steady against pre, and of post against pre, in percent. */
  steadyPct: z.number().nullable(),
  residualPct: z.number().nullable(),
});

const countWindowSchema = z.object({ pre: z.int().nullable(), max: z.int().nullable(), post: z.int().nullable() });

export const serviceResourcesSchema = z.object({
  name: z.string(),
  source: z.enum(["process", "container"]),
  /** Resident set for processes; null for containers, whose figures are named for what they are. */
  rss: memoryWindowSchema.nullable(),
  pss: memoryWindowSchema.nullable(),
  anon: memoryWindowSchema.nullable(),
  workingSet: memoryWindowSchema.nullable(),
  /** Used JavaScript heap, where the service publishes it. */
  heap: memoryWindowSchema.nullable(),
  cpu: z.object({
    preCores: z.number().nullable(),
    steadyCores: z.number().nullable(),
    maxCores: z.number().nullable(),
    postCores: z.number().nullable(),
  }),
  /** Time and periods of the load in which a container's CPU quota held it back. */
  throttled: z.object({ ms: z.number(), periods: z.int() }).nullable(),
  /** Descriptors, those of them that are sockets, and threads: medians before and after the load, and the most ever seen. */
  fds: countWindowSchema,
  sockets: countWindowSchema,
  threads: countWindowSchema,
  /** Tasks that count towards a container's pids limit. */
  pids: countWindowSchema,
  limits: z.object({ cpus: z.number().nullable(), memoryBytes: z.int().nullable(), enforced: z.boolean() }),
  restarts: z.int(),
  oomKills: z.int().nullable(),
  /** False where the service was down when it was last looked at. */
  running: z.boolean(),
  samples: z.object({ taken: z.int(), lost: z.int() }),
  drift: driftSchema.nullable().optional(),
  series: resourceSeriesSchema.optional(),
});

export const verdictSchema = z.enum(["pass", "fail", "invalid", "undecided", "aborted", "interrupted", "regression"]);

export const summarySchema = z.object({
  schemaVersion: z.literal(1),
  /** Present and true in the checkpoints written during a run. */
  partial: z.literal(true).optional(),
  metadata: z.object({
    id: z.string(),
    startedAt: z.iso.datetime(),
    endedAt: z.iso.datetime(),
    version: z.string(),
    commit: z.string().nullable(),
    /** The command line, secrets removed. */
    command: z.string(),
    scenario: z.string(),
    /** Digest of the profile, secrets left out. */
    configHash: z.string(),
    /** The same of what was sent alone: tells loads apart where the profile's redacted values do not. */
    loadHash: z.string().optional(),
  }),
  /** Present in repeated runs. */
  series: seriesSchema.optional(),
  environment: z.object({
    host: z.object({ cpuModel: z.string(), cores: z.int(), memoryBytes: z.int(), kernel: z.string(), os: z.string() }),
    node: z.string(),
    deployment: z
      .object({
        topology: z.string(),
        mode: z.string(),
        services: z.array(z.object({ name: z.string(), cpus: z.number().nullable(), memoryBytes: z.int().nullable() })),
      })
      .nullable(),
  }),
  profile: profileSchema,
  options: z.object({ summaryTrendStats: z.array(z.string()), noColor: z.boolean() }),
  state: z.object({ testRunDurationMs: z.number(), isStdOutTTY: z.boolean(), isStdErrTTY: z.boolean() }),
  root_group: z.object({
    name: z.literal(""),
    path: z.literal(""),
    id: z.string(),
    groups: z.array(z.never()),
    checks: z.array(z.object({ name: z.string(), path: z.string(), id: z.string(), passes: z.int(), fails: z.int() })),
  }),
  metrics: z.record(z.string(), metricSchema),
  phases: z.array(phaseRowSchema),
  timeseries: z.object({
    intervalMs: z.int(),
    columns: z.array(z.string()),
    rows: z.array(z.array(z.number().nullable())),
    /**
     * Service times; where there are due times, response times beside them. Of streams the gaps or round trips, and how
     * late events or echoes came. Encoded as in `metrics`.
     */
    batches: z.array(
      z.object({
        fromMs: z.number(),
        toMs: z.number(),
        /** Measured observations; `censored` says how many more are known only to exceed a limit. */
        data: z.string(),
        response: z.string().optional(),
        censored: z.object({ count: z.int(), fromMs: z.number() }).optional(),
        responseCensored: z.object({ count: z.int(), fromMs: z.number() }).optional(),
      }),
    ),
  }),
  failures: z.array(z.object({ class: z.string(), count: z.int(), example: z.string() })),
  generator: z.object({
    workers: z.int(),
    cpuCores: z.number(),
    /** Per worker thread: cores used, idle spinning taken out. */
    threadCpu: z.array(z.number()),
    /** Per worker thread: share of time runnable but not running (schedstat). */
    runDelay: z.array(z.number()),
    /** Share of the host's CPU time taken by its hypervisor. */
    steal: z.number().nullable(),
    /** Share of the host's CPU time that was used while the load lasted, by whatever ran on it. */
    hostBusy: z.number().nullable().optional(),
    pacerLagP99Ms: z.number().nullable(),
    /** Arrivals due and sent; null in the closed models. */
    offered: z.int().nullable(),
    achieved: z.int().nullable(),
    blocked: z.int().nullable(),
    saturated: z.boolean(),
    evidence: z.array(z.string()),
  }),
  resources: z.array(serviceResourcesSchema),
  stability: stabilitySchema.nullable().optional(),
  capacity: z.object({
    /** Successful answers a second while the load lasted, ramps included. */
    averageRps: z.number(),
    /** The same at the highest constant level, of a plan's ramp the highest that held; null when there was none. */
    sustainedRps: z.number().nullable(),
    sustainedAt: z.string().nullable(),
    kind: z.enum(["measured", "floor"]),
    bottleneck: z.enum(["target", "generator", "host", "none", "unknown"]),
    evidence: z.array(z.string()),
  }),
  /** Of `stress search`: every probe, and the answer. The rest of the summary is then that of the confirming run. */
  search: searchSummarySchema.optional(),
  /** Of a scenario of `stress plan`. */
  plan: planScenarioSchema.optional(),
  warnings: z.array(z.string()),
  results: z.object({ verdict: verdictSchema, exitCode: z.int(), reasons: z.array(z.string()) }),
});

export type ThresholdResult = z.infer<typeof thresholdResultSchema>;
export type Trend = z.infer<typeof trendSchema>;
export type Metric = z.infer<typeof metricSchema>;
export type MemoryWindow = z.infer<typeof memoryWindowSchema>;
export type CountWindow = z.infer<typeof countWindowSchema>;
export type ServiceResources = z.infer<typeof serviceResourcesSchema>;
export type PhaseRow = z.infer<typeof phaseRowSchema>;
export type Verdict = z.infer<typeof verdictSchema>;
export type Summary = z.infer<typeof summarySchema>;
