import * as z from "zod";

/** The place of a run among repeated ones. Runs of one series share its id. */
export const seriesSchema = z.object({
  id: z.string(),
  /** From 1. */
  run: z.int().positive(),
  of: z.int().positive(),
  /** Where two targets were measured in turn: which of them. Their runs of the same number were made one after the other. */
  side: z.enum(["a", "b"]).nullable(),
  /**
   * Only in the summary that stands for all of them: the runs' files, relative to it. Its figures are those of the run in
   * the middle, `run`; its results are of all runs.
   */
  files: z.array(z.string()).optional(),
});

export type Series = z.infer<typeof seriesSchema>;
