import * as z from "zod";

/** What every kind of stream has: how long it may be silent, and how soon one that was lost is asked for again. */
const common = {
  /** Longest an open stream may go without an event, or a message without its echo; beyond it, a failure. */
  silenceMs: z.number().positive(),
  /** Pause before a lost stream is asked for again; a server's `retry` replaces it. */
  reconnectMs: z.number().min(0),
};

/** Server-sent events. */
const sseSchema = z.object({
  kind: z.literal("sse"),
  ...common,
  /** Promised by the server: event n is due n intervals after the first. Null: events have no due time. */
  intervalMs: z.number().positive().nullable(),
});

/** A WebSocket whose server echoes. */
const wsSchema = z.object({
  kind: z.literal("ws"),
  ...common,
  /** A message is due so long after the one before, whatever became of it; 0: as soon as that came back. */
  intervalMs: z.number().min(0),
  /** Length of a message. */
  bytes: z.int().min(10),
});

/** Streams that users hold open, in place of requests that end. */
export const streamSchema = z.discriminatedUnion("kind", [sseSchema, wsSchema]);

export type StreamSpec = z.infer<typeof streamSchema>;
export type StreamKind = StreamSpec["kind"];

/** Whether what comes has a due time, and so a response time. */
export function hasDueTimes({ intervalMs }: StreamSpec): boolean {
  return intervalMs !== null && intervalMs > 0;
}
