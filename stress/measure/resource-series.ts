import * as z from "zod";

/** Points kept of each service: what a chart can show. */
export const mostPoints = 600;

/**
 * What was sampled of a service from the start of the run to its end, for whoever draws it or looks again: the first
 * column is `run_ms`, since the run started; the others are null where the figure was not read.
 */
export const resourceSeriesSchema = z.object({
  /** When the load began, in `run_ms`; null where the run did not come to it. */
  loadFromMs: z.number().nullable(),
  columns: z.array(z.string()),
  rows: z.array(z.array(z.number().nullable())),
});

export type ResourceSeries = z.infer<typeof resourceSeriesSchema>;
