import type { Latency, Snapshot } from "../measure/event.ts";

/** What a run has done so far, in slices of time, small enough to keep for any length of run. */

export interface Slice {
  fromMs: number;
  toMs: number;
  requests: number;
  failed: number;
  /** The greatest rates a second within it, which merging would level. */
  peakRequests: number;
  peakFailed: number;
  /** Users, or arrivals a second in the open model: the highest. */
  level: number;
  /** Percentiles cannot be merged: the slice keeps the worst second's. Null where nothing was answered. */
  p50: number | null;
  p95: number | null;
  p99: number | null;
}

const mostSlices = 1024;

/** `slices` and one more second, neighbours merged in pairs when there are too many. */
export function withSnapshot(slices: readonly Slice[], snapshot: Snapshot): readonly Slice[] {
  const { interval, atMs, offeredRate, users } = snapshot;
  const latency: Latency = interval.response ?? interval.service;
  const figure = (value: number): number | null => (latency.count > 0 ? value : null);
  const next: Slice = {
    fromMs: Math.max(0, atMs - interval.durationMs),
    toMs: atMs,
    requests: interval.requests,
    failed: interval.failed,
    peakRequests: interval.rps,
    peakFailed: interval.durationMs > 0 ? (interval.failed * 1000) / interval.durationMs : 0,
    level: offeredRate ?? users,
    p50: figure(latency.p50),
    p95: figure(latency.p95),
    p99: figure(latency.p99),
  };
  const longer = [...slices, next];
  if (longer.length <= mostSlices) return longer;
  return longer.flatMap((slice, at) => {
    const following = longer[at + 1];
    if (at % 2 === 1) return [];
    return following === undefined ? [slice] : [merged(slice, following)];
  });
}

/**
 * The slices in `width` columns of equal time over `spanMs`, null where a column holds none. Seen over the whole run, a
 * column never moves, and the empty ones show what is still to come.
 */
export function inColumns(slices: readonly Slice[], width: number, spanMs: number): (Slice | null)[] {
  const columns: (Slice | null)[] = Array.from({ length: width }, () => null);
  const columnMs = spanMs / width;
  for (const slice of slices) {
    // The middle of a short slice decides, so that no second shows twice; one longer than a column fills all it covers.
    const long = slice.toMs - slice.fromMs > columnMs;
    const first = Math.floor((long ? slice.fromMs + columnMs / 2 : (slice.fromMs + slice.toMs) / 2) / columnMs);
    const last = long ? Math.ceil((slice.toMs - columnMs / 2) / columnMs) : first;
    for (let column = Math.max(0, first); column <= Math.min(width - 1, last); column += 1) {
      const present = columns[column] ?? null;
      columns[column] = present === null ? slice : merged(present, slice);
    }
  }
  return columns;
}

/** Time on the axis when the end is unknown: the least power of two of seconds a column that shows everything. */
export function openSpanMs(elapsedMs: number, width: number): number {
  let columnMs = 1000;
  while (columnMs * width < elapsedMs) columnMs *= 2;
  return columnMs * width;
}

/** Events a second over the slice. */
export function rateOf(slice: Slice, count: "requests" | "failed"): number {
  return slice.toMs > slice.fromMs ? (slice[count] * 1000) / (slice.toMs - slice.fromMs) : 0;
}

function merged(a: Slice, b: Slice): Slice {
  const worst = (name: "p50" | "p95" | "p99"): number | null => {
    const values = [a[name], b[name]].filter((value) => value !== null);
    return values.length === 0 ? null : Math.max(...values);
  };
  return {
    fromMs: a.fromMs,
    toMs: b.toMs,
    requests: a.requests + b.requests,
    failed: a.failed + b.failed,
    peakRequests: Math.max(a.peakRequests, b.peakRequests),
    peakFailed: Math.max(a.peakFailed, b.peakFailed),
    level: Math.max(a.level, b.level),
    p50: worst("p50"),
    p95: worst("p95"),
    p99: worst("p99"),
  };
}
