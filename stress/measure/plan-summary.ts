import * as z from "zod";

/** What a scenario of a plan adds to its summary: how it was run, and what beyond thresholds was asked of it. */

/** `smoke`: short and gentle. `shortened`: less time than the plan says. Neither can meet the plan's criteria. */
export const planModeSchema = z.enum(["full", "smoke", "shortened"]);

/** How long after a spike the target was as before it. */
export const recoverySchema = z.object({
  withinMs: z.number(),
  verdict: z.enum(["recovered", "late", "undecided"]),
  /** From the spike's end; null where it did not recover, or that cannot be known. */
  recoveredAfterMs: z.number().nullable(),
  /** What it was held to: per-second p95 and share of failures, from the time before the spike. */
  band: z.object({ p95Ms: z.number(), failedShare: z.number() }).nullable(),
  /** The worst second of the spike and of the time until recovery; p95 null where no second had an answer. */
  worst: z.object({ p95Ms: z.number().nullable(), failedShare: z.number() }),
  text: z.string(),
});

export const levelRowSchema = z.object({
  level: z.number(),
  unit: z.enum(["users", "requests/s"]),
  durationMs: z.number(),
  answeredRps: z.number(),
  "p(50)": z.number().nullable(),
  "p(95)": z.number().nullable(),
  "p(99)": z.number().nullable(),
  beyond: z.array(z.string()),
  failedShare: z.number(),
  /** Means and highest readings over the level, all services together and each; null where not read. */
  cpuCores: z.number().nullable(),
  memoryBytes: z.number().nullable(),
  services: z.array(z.object({ name: z.string(), cpuCores: z.number().nullable(), memoryBytes: z.number().nullable() })),
  /** `generator`: it gave way here, so that nothing can be said of the target. */
  outcome: z.enum(["held", "broke", "generator"]),
  broken: z.array(z.string()),
});

/** What was held, level by level, and where it broke. */
export const breakingPointSchema = z.object({
  verdict: z.enum(["found", "none", "floor", "undecided"]),
  heldAt: z.number().nullable(),
  brokeAt: z.number().nullable(),
  levels: z.array(levelRowSchema),
  text: z.string(),
});

/** What the target did with more than it can take. */
export const refusalSchema = z.object({
  verdict: z.enum(["graceful", "not-graceful", "undecided"]),
  /** Connections that were there before the load, and what became of the requests on them. */
  established: z.object({
    connections: z.int(),
    requests: z.int(),
    answered: z.int(),
    refused: z.int(),
    wrong: z.int(),
    broken: z.int(),
    slowestMs: z.number().nullable(),
  }),
  /** Connections opened meanwhile, one request each. */
  fresh: z.object({ requests: z.int(), answered: z.int(), refused: z.int(), wrong: z.int(), slowestMs: z.number().nullable() }),
  /** The health endpoint, each time over a connection of its own. */
  health: z.object({ path: z.string(), requests: z.int(), answered: z.int(), slowestMs: z.number().nullable() }),
  reasons: z.array(z.string()),
  text: z.string(),
});

export const planScenarioSchema = z.object({
  plan: z.string(),
  title: z.string(),
  mode: planModeSchema,
  recovery: recoverySchema.optional(),
  breakingPoint: breakingPointSchema.optional(),
  refusal: refusalSchema.optional(),
});

export type PlanMode = z.infer<typeof planModeSchema>;
export type Recovery = z.infer<typeof recoverySchema>;
export type LevelRow = z.infer<typeof levelRowSchema>;
export type BreakingPoint = z.infer<typeof breakingPointSchema>;
export type Refusal = z.infer<typeof refusalSchema>;
export type PlanScenario = z.infer<typeof planScenarioSchema>;
