import * as z from "zod";

/** The parts of `summary.json` that say what grew during a run, and what did not come back after it. */

export const driftVerdictSchema = z.enum(["leaking", "stable", "undecided", "invalid"]);

/** Does a service's memory grow? Judged by where the bounds of its slope lie against a harmful slope. */
export const driftSchema = z.object({
  /** Which memory was judged. */
  figure: z.enum(["rss", "workingSet", "anon", "heap"]),
  verdict: driftVerdictSchema,
  /** Null where there was too little to fit. */
  slope: z
    .object({
      bytesPerHour: z.number(),
      lowerBytesPerHour: z.number(),
      upperBytesPerHour: z.number(),
      /** Each bound's own: the truth lies above the lower with the first, below the upper with the second probability. */
      lowerConfidence: z.number(),
      upperConfidence: z.number(),
    })
    .nullable(),
  /** Growth that fills a tenth of the limit, or of the baseline, in 24 hours; null where neither is known. */
  harmfulBytesPerHour: z.number().nullable(),
  /** The stretch that was judged: the load without its start. */
  steady: z.object({ fromMs: z.number(), toMs: z.number() }).nullable(),
  /** Over the whole run: those taken, and those that should have been and were not. */
  samples: z.int(),
  lost: z.int(),
  /** Blocks of samples that the slope rests on, and how many independent ones they are worth. */
  levels: z.int(),
  effectiveLevels: z.number().nullable(),
  /** Of the noise that fits best; null for a random walk, which never forgets. */
  correlationMs: z.number().nullable(),
  /** How much longer the load would have to be to decide; null when decided, or when that cannot be foretold. */
  neededMs: z.number().nullable(),
  /** From the end of the load at the estimated slope; null without a limit, or without growth. */
  timeToLimitMs: z.number().nullable(),
  reasons: z.array(z.string()),
});

/** Another thing that should be after, or late in, a run as it was before, or early. */
export const stabilityCheckSchema = z.object({
  check: z.enum(["residual", "fds", "threads", "sockets", "fds-growth", "sockets-growth", "cpu-after", "latency", "throughput"]),
  /** Null for what concerns the whole run. */
  service: z.string().nullable(),
  verdict: z.enum(["drifting", "stable", "undecided", "invalid"]),
  unit: z.enum(["bytes", "count", "cores", "ms", "requests/s"]),
  before: z.number().nullable(),
  after: z.number().nullable(),
  /** The most (for throughput the least) that `after` may be. */
  allowed: z.number().nullable(),
  /** Late over early with its bounds; null where single figures are compared. */
  ratio: z.object({ estimate: z.number(), lower: z.number(), upper: z.number() }).nullable(),
  reasons: z.array(z.string()),
});

export const stabilitySchema = z.object({
  verdict: z.enum(["drifting", "stable", "undecided", "invalid"]),
  /** Probability that any check of a run without drift raises an alarm, at most. */
  falseAlarmRate: z.number(),
  /** Checks that share it. */
  statisticalChecks: z.int(),
  checks: z.array(stabilityCheckSchema),
  reasons: z.array(z.string()),
});

export type Drift = z.infer<typeof driftSchema>;
export type DriftVerdict = z.infer<typeof driftVerdictSchema>;
export type StabilityCheck = z.infer<typeof stabilityCheckSchema>;
export type Stability = z.infer<typeof stabilitySchema>;
