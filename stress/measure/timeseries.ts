import { LatencyHistogram } from "./histogram.ts";

/** Bounds on what a summary holds, however long the run. */
const maxRows = 3600;
const maxBatches = 120;

/** What a distribution in the time series covers, of a load that lasts `expectedMs`. */
export function batchMsOf(expectedMs: number | null): number {
  return secondsFor(expectedMs, maxBatches);
}

/** One row's figures that add up, and percentiles that do not. */
export interface Row {
  atMs: number;
  users: number;
  requests: number;
  failed: number;
  p50: number;
  p95: number;
  p99: number;
  max: number;
  /** Further columns by name (`rss:proxy`, or `anon:proxy` of a container), null where not read. */
  gauges: Record<string, number | null>;
}

const figures = ["t_ms", "users", "requests", "failed", "p50_ms", "p95_ms", "p99_ms", "max_ms"];

/** A batch that is over is kept encoded: a few KiB in place of 180. */
interface Batch {
  fromMs: number;
  toMs: number;
  data: string;
  /** Where there are due times: response times, and how late events of streams came. */
  response?: string;
  /** What `data` and `response` do not hold: how many observations are known only to exceed a limit, and the lowest limit. */
  censored?: CensoredPart;
  responseCensored?: CensoredPart;
}

interface CensoredPart {
  count: number;
  fromMs: number;
}

/**
 * The run over time, in bounded memory: at most 3,600 rows and 120 distributions. Their intervals follow from the
 * expected duration, so that nothing needs coarsening; a run that lasts longer than expected has neighbours merged:
 * counts are added, distributions merged, and of two rows' percentiles the higher one is kept (an upper bound).
 */
export class Timeseries {
  readonly #gauges: readonly string[];
  #rowMs: number;
  #batchMs: number;
  #rows: Row[] = [];
  #batches: Batch[] = [];
  /** The row in progress: its latency is merged from seconds, in one histogram used again and again. */
  readonly #rowLatency = new LatencyHistogram();
  #row: Row | null = null;
  #rowFromMs = 0;
  readonly #batch = new LatencyHistogram();
  readonly #batchResponse: LatencyHistogram | null;
  #batchFromMs: number | null = null;
  #batchToMs = 0;

  /** `hasResponse`: what counts from due times is kept beside what counts from sending. */
  constructor(expectedMs: number | null, gauges: readonly string[], hasResponse = false) {
    this.#gauges = gauges;
    this.#batchResponse = hasResponse ? new LatencyHistogram() : null;
    this.#rowMs = secondsFor(expectedMs, maxRows);
    this.#batchMs = batchMsOf(expectedMs);
  }

  /** Adds a second of the load: `fromMs` to `row.atMs`, and the latency of its requests. */
  add(fromMs: number, row: Row, latency: LatencyHistogram, response: LatencyHistogram | null = null): void {
    this.#addToBatch(fromMs, row.atMs, latency, response);
    if (this.#row === null) this.#rowFromMs = fromMs;
    this.#row = this.#row === null ? row : sum(this.#row, row);
    this.#rowLatency.add(latency);
    // Rounds come by a timer: what is nearly a row is one.
    if (row.atMs - this.#rowFromMs < this.#rowMs - 100) return;
    this.#rows.push(this.#rowSoFar(this.#row));
    this.#row = null;
    this.#rowLatency.clear();
    if (this.#rows.length < maxRows) return;
    this.#rows = pairs(this.#rows, sum);
    this.#rowMs *= 2;
  }

  /** As in `summary.json`, row and batch in progress included. Changes nothing: checkpoints ask for it too. */
  toSummary(): {
    intervalMs: number;
    columns: string[];
    rows: (number | null)[][];
    batches: Batch[];
  } {
    const rows = this.#row === null ? this.#rows : [...this.#rows, this.#rowSoFar(this.#row)];
    const batches = this.#batchFromMs === null ? this.#batches : [...this.#batches, this.#batchSoFar(this.#batchFromMs)];
    return {
      intervalMs: this.#rowMs,
      columns: [...figures, ...this.#gauges],
      rows: rows.map((row) => [
        Math.round(row.atMs),
        row.users,
        row.requests,
        row.failed,
        row.p50,
        row.p95,
        row.p99,
        row.max,
        ...this.#gauges.map((name) => row.gauges[name] ?? null),
      ]),
      batches,
    };
  }

  #rowSoFar(row: Row): Row {
    const ms = (p: number) => this.#rowLatency.percentile(p).us / 1000;
    return { ...row, p50: ms(50), p95: ms(95), p99: ms(99), max: this.#rowLatency.max().us / 1000 };
  }

  #batchSoFar(fromMs: number): Batch {
    const batch = { fromMs: Math.round(fromMs), toMs: Math.round(this.#batchToMs), data: this.#batch.encode() };
    const response = this.#batchResponse;
    return {
      ...batch,
      ...(this.#batch.censored > 0 && { censored: censoredIn(this.#batch) }),
      ...(response !== null && { response: response.encode() }),
      ...(response !== null && response.censored > 0 && { responseCensored: censoredIn(response) }),
    };
  }

  #addToBatch(fromMs: number, toMs: number, latency: LatencyHistogram, response: LatencyHistogram | null): void {
    if (this.#batchFromMs !== null && toMs - this.#batchFromMs > this.#batchMs + 100) this.#closeBatch(fromMs);
    this.#batchFromMs ??= fromMs;
    this.#batchToMs = toMs;
    this.#batch.add(latency);
    if (response !== null) this.#batchResponse?.add(response);
  }

  #closeBatch(nextFromMs: number): void {
    if (this.#batchFromMs === null) return;
    this.#batches.push(this.#batchSoFar(this.#batchFromMs));
    this.#batch.clear();
    this.#batchResponse?.clear();
    this.#batchFromMs = nextFromMs;
    if (this.#batches.length < maxBatches) return;
    this.#batches = pairs(this.#batches, mergedBatch);
    this.#batchMs *= 2;
  }
}

function sum(a: Row, b: Row): Row {
  return {
    atMs: b.atMs,
    users: b.users,
    requests: a.requests + b.requests,
    failed: a.failed + b.failed,
    p50: Math.max(a.p50, b.p50),
    p95: Math.max(a.p95, b.p95),
    p99: Math.max(a.p99, b.p99),
    max: Math.max(a.max, b.max),
    gauges: b.gauges,
  };
}

function mergedBatch(a: Batch, b: Batch): Batch {
  const [censored, responseCensored] = [
    bothCensored(a.censored, b.censored),
    bothCensored(a.responseCensored, b.responseCensored),
  ];
  return {
    fromMs: a.fromMs,
    toMs: b.toMs,
    data: mergedData(a.data, b.data),
    ...(a.response !== undefined && b.response !== undefined && { response: mergedData(a.response, b.response) }),
    ...(censored && { censored }),
    ...(responseCensored && { responseCensored }),
  };
}

function censoredIn(latency: LatencyHistogram): CensoredPart {
  return { count: latency.censored, fromMs: (latency.censoredFromUs ?? 0) / 1000 };
}

function bothCensored(a: CensoredPart | undefined, b: CensoredPart | undefined): CensoredPart | undefined {
  return a && b ? { count: a.count + b.count, fromMs: Math.min(a.fromMs, b.fromMs) } : (a ?? b);
}

function mergedData(a: string, b: string): string {
  const merged = LatencyHistogram.decode(a);
  merged.add(LatencyHistogram.decode(b));
  return merged.encode();
}

function pairs<T>(items: readonly T[], merge: (a: T, b: T) => T): T[] {
  const merged: T[] = [];
  for (let i = 0; i < items.length; i += 2) {
    const [a, b] = [items[i] as T, items[i + 1]];
    merged.push(b === undefined ? a : merge(a, b));
  }
  return merged;
}

/** Whole seconds an item must cover so that `most` of them cover the run; the overrun of a second or two included. */
function secondsFor(expectedMs: number | null, most: number): number {
  return expectedMs === null ? 1000 : Math.max(1, Math.ceil((expectedMs + 2000) / 1000 / (most - 2))) * 1000;
}
