import * as z from "zod";
import type { Reading } from "./source.ts";

/** What a sampler on another machine answers; `stress sampler` writes it, `--sample NAME=https://…` reads it. */

const figure = z.number().nullable();

export const readingSchema = z.object({
  rssBytes: figure,
  pssBytes: figure,
  workingSetBytes: figure,
  heapBytes: figure,
  cpuMs: figure,
  /** On that machine's clock. */
  cpuAtMs: z.number(),
  throttledMs: figure,
  throttledPeriods: figure,
  fds: figure,
  sockets: figure,
  threads: figure,
  pids: figure,
  restarts: z.int(),
  oomKills: figure,
}) satisfies z.ZodType<Reading>;

/** `GET /v1/services` */
export const servicesAnswerSchema = z.object({
  services: z.array(
    z.object({
      name: z.string(),
      source: z.enum(["process", "container"]),
      limits: z.object({ cpus: figure, memoryBytes: z.int().nullable(), enforced: z.boolean() }),
    }),
  ),
});

/** `GET /v1/services/NAME?pss=true` */
export const readingAnswerSchema = z.object({
  /** Names one life of the sampler: in another, what counts up began again at zero, and the clock is another. */
  instance: z.string(),
  /** Null while the service is down. */
  reading: readingSchema.nullable(),
});

export type ServicesAnswer = z.infer<typeof servicesAnswerSchema>;
export type ReadingAnswer = z.infer<typeof readingAnswerSchema>;
