import { LatencyRecorder, type RawCounts } from "./recorder.ts";

/** Durations of a stream run, each recorded in one distribution. */
export const streamTimes = [
  /** From asking for the stream (its connection included) until it was granted. */
  "opening",
  /** From the request's bytes to the first byte of its answer. */
  "waiting",
  /** From asking to the first event. */
  "first",
  /** Between two events; from a message to its echo. */
  "gap",
  /** From when an event or echo was due to its coming. */
  "late",
  /** How long a stream was open; in thousands of milliseconds, or an hour would not fit. */
  "session",
] as const;
export type StreamTime = (typeof streamTimes)[number];

/** Durations that may be cut short, and are then known only to exceed what is recorded. */
export const cutTimes = ["first", "gap", "late"] as const satisfies readonly StreamTime[];
export type CutTime = (typeof cutTimes)[number];

/** Counts of a stream run; differences in an interval, sums in the totals. */
export const streamCounts = [
  /** Streams asked for, those that were not granted, and those that ended before their time. */
  "asked",
  "refused",
  "opened",
  "dropped",
  /** Asked for again after a failure. */
  "reconnects",
  "messagesSent",
  /** Events, or messages of whatever content. */
  "messagesReceived",
  /** Events, or echoes: what the load is counted in. */
  "operations",
] as const;
export type StreamCount = (typeof streamCounts)[number];

/** What one worker's streams did since it last told. */
export interface StreamInterval {
  times: Record<StreamTime, RawCounts | null>;
  cut: Record<CutTime, RawCounts | null>;
  counts: Record<StreamCount, number>;
  /** Open now. */
  open: number;
}

/** Counters and recorders of one worker's streams; nothing here allocates per event. */
export class StreamTally {
  readonly times = recorders(streamTimes);
  readonly cut = recorders(cutTimes);
  counts = zeroes();
  open = 0;

  take(): StreamInterval {
    const interval = { times: taken(this.times), cut: taken(this.cut), counts: this.counts, open: this.open };
    this.counts = zeroes();
    return interval;
  }
}

export function zeroes(): Record<StreamCount, number> {
  return Object.fromEntries(streamCounts.map((name) => [name, 0])) as Record<StreamCount, number>;
}

/** The buffers of an interval, for `postMessage` to move rather than copy. */
export function streamRaws(interval: StreamInterval): (RawCounts | null)[] {
  return [...Object.values(interval.times), ...Object.values(interval.cut)];
}

function recorders<Name extends string>(names: readonly Name[]): Record<Name, LatencyRecorder> {
  return Object.fromEntries(names.map((name) => [name, new LatencyRecorder()])) as Record<Name, LatencyRecorder>;
}

function taken<Name extends string>(recorders: Record<Name, LatencyRecorder>): Record<Name, RawCounts | null> {
  const entries = Object.entries<LatencyRecorder>(recorders).map(([name, recorder]) => [name, recorder.take()]);
  return Object.fromEntries(entries) as Record<Name, RawCounts | null>;
}
