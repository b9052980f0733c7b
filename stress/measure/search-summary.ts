import * as z from "zod";

/** What a search adds to the summary of its confirming run: every probe it made, and the answer. */

const percentileSchema = z.object({ "p(50)": z.number(), "p(95)": z.number(), "p(99)": z.number() });

/** One probe, figures from the end of its warm-up. */
export const levelSchema = z.object({
  phase: z.enum(["climb", "bisect", "recheck", "confirm"]),
  /** Above 1 where the level was tried again. */
  attempt: z.int(),
  /** Arrivals a second. */
  rate: z.number(),
  startedAt: z.iso.datetime(),
  durationMs: z.number(),
  outcome: z.enum(["pass", "fail", "generator"]),
  /** What broke: the objective, and how it was found. */
  broken: z.array(z.object({ objective: z.string(), text: z.string(), excess: z.number().nullable() })),
  /** Response time in milliseconds; null where nothing was answered. Names of percentiles that are lower bounds in `beyond`. */
  response: percentileSchema.nullable(),
  beyond: z.array(z.string()),
  answeredRps: z.number(),
  failedShare: z.number(),
  dropped: z.int(),
  /** Growth of the backlog as a share of the rate, and of the response time in seconds a second. */
  backlogGrowth: z.number(),
  responseGrowth: z.number(),
  drainMs: z.number(),
  generatorCores: z.number(),
  pacerLagP99Ms: z.number().nullable(),
  services: z.array(
    z.object({
      name: z.string(),
      cpuCores: z.number().nullable(),
      /** Resident set of processes, anonymous memory of containers. */
      memoryBytes: z.number().nullable(),
      /** Time in which a CPU quota held the service back. */
      throttledMs: z.number().nullable(),
    }),
  ),
  bottleneck: z.object({
    kind: z.enum(["target", "memory", "connections", "generator", "host", "none", "unknown"]),
    evidence: z.array(z.string()),
  }),
});

export const searchSummarySchema = z.object({
  startedAt: z.iso.datetime(),
  endedAt: z.iso.datetime(),
  plan: z.object({
    start: z.number(),
    max: z.number(),
    /** How far the answer may be from the truth, as a share of it. */
    precision: z.number(),
    probeMs: z.number(),
    confirmMs: z.number(),
    warmUpMs: z.number(),
    coolDownMs: z.number(),
  }),
  answer: z.object({
    kind: z.enum(["found", "first-load-fails", "generator-first", "holds-at-max", "not-converged", "interrupted"]),
    /** The highest rate that a confirming run held; null where none did. */
    rate: z.number().nullable(),
    /** Where the capacity is, with this confidence; null where it cannot be said. */
    interval: z.object({ low: z.number(), high: z.number(), confidence: z.number() }).nullable(),
    /** The highest load that held and the lowest above it that did not, whoever's limit that was. */
    holds: z.number().nullable(),
    breaks: z.object({ rate: z.number(), by: z.enum(["target", "generator"]) }).nullable(),
    reason: z.string(),
  }),
  /** The objective that broke at the lowest load. */
  brokeFirst: z.object({ objective: z.string(), text: z.string(), rate: z.number() }).nullable(),
  /** What was exhausted at the lowest load that broke. */
  bottleneck: levelSchema.shape.bottleneck.extend({ rate: z.number() }).nullable(),
  method: z.string(),
  levels: z.array(levelSchema),
});

export type SearchLevel = z.infer<typeof levelSchema>;
export type SearchSummary = z.infer<typeof searchSummarySchema>;
