import * as z from "zod";

/** What `stress compare --format json` prints. Changes are fractions (0.05 is 5 % more), of shares differences. */

const runSchema = z.object({
  file: z.string(),
  id: z.string(),
  startedAt: z.iso.datetime(),
});

export const groupSchema = z.object({
  label: z.string(),
  runs: z.array(runSchema),
  /** Runs that are not sound, and why; `aborted` where an abort rule ended one. */
  leftOut: z.array(z.object({ file: z.string(), reason: z.string(), aborted: z.literal(true).optional() })),
});

export const changeSchema = z.object({
  estimate: z.number(),
  /** Of the 95 % interval; null where it is open, because a percentile is only a bound. */
  low: z.number().nullable(),
  high: z.number().nullable(),
  bound: z.enum(["lower", "upper"]).nullable(),
});

export const figureVerdictSchema = z.enum(["better", "same", "worse", "cannot-tell"]);

export const comparedFigureSchema = z.object({
  key: z.string(),
  unit: z.enum(["requests/s", "ms", "share", "us", "bytes"]),
  better: z.enum(["higher", "lower"]),
  scale: z.enum(["ratio", "share"]),
  /** One a group, in order: the figure of each run, and their geometric (of shares arithmetic) mean. */
  groups: z.array(z.object({ centre: z.number(), beyond: z.boolean(), values: z.array(z.number()) })),
  change: changeSchema.nullable(),
  /** Adjusted for the number of figures. */
  pWorse: z.number().nullable(),
  pBetter: z.number().nullable(),
  verdict: figureVerdictSchema,
  reason: z.string().nullable(),
});

export const comparisonSchema = z.object({
  schemaVersion: z.literal(1),
  kind: z.literal("comparison"),
  method: z.enum(["welch", "paired", "one-against-many", "one-against-one", "trend"]),
  margins: z.object({ ratio: z.number(), share: z.number() }),
  groups: z.array(groupSchema),
  figures: z.array(comparedFigureSchema),
  /** Figures that some group lacks. */
  missing: z.array(z.object({ key: z.string(), lackedBy: z.array(z.string()) })),
  /** In what the groups differ besides what was measured; one value a group. */
  differences: z.array(z.object({ what: z.string(), values: z.array(z.string()), blocking: z.boolean() })),
  warnings: z.array(z.string()),
  verdict: figureVerdictSchema,
});

export type Comparison = z.infer<typeof comparisonSchema>;
export type ComparedFigure = z.infer<typeof comparedFigureSchema>;
export type ComparedGroup = z.infer<typeof groupSchema>;
