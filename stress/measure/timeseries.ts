import { LatencyHistogram } from "./histogram.ts";

/** Bounds on what a summary holds, however long the run. */
const maxRows = 3600;
const maxBatches = 120;

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
  /** Further columns by name (`rss:proxy`), null where not read. */
  gauges: Record<string, number | null>;
}

const figures = ["t_ms", "users", "requests", "failed", "p50_ms", "p95_ms", "p99_ms", "max_ms"];

interface Batch {
  fromMs: number;
  toMs: number;
  histogram: LatencyHistogram;
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
  /** Requests' latency since the row began; merged from seconds. */
  #pending: { from: number; histogram: LatencyHistogram; row: Row } | null = null;

  constructor(expectedMs: number | null, gauges: readonly string[]) {
    this.#gauges = gauges;
    this.#rowMs = secondsFor(expectedMs, maxRows);
    this.#batchMs = secondsFor(expectedMs, maxBatches);
  }

  /** Adds a second of the load: `fromMs` to `row.atMs`, and the latency of its requests. */
  add(fromMs: number, row: Row, latency: LatencyHistogram): void {
    this.#addToBatch(fromMs, row.atMs, latency);
    if (this.#pending === null) this.#pending = { from: fromMs, histogram: new LatencyHistogram(), row };
    else this.#pending.row = sum(this.#pending.row, row);
    this.#pending.histogram.add(latency);
    // Rounds come by a timer: what is nearly a row is one.
    if (row.atMs - this.#pending.from >= this.#rowMs - 100) this.#closeRow();
  }

  /** As in `summary.json`. The row in progress is included as far as it got. */
  toSummary(): {
    intervalMs: number;
    columns: string[];
    rows: (number | null)[][];
    batches: { fromMs: number; toMs: number; data: string }[];
  } {
    this.#closeRow();
    return {
      intervalMs: this.#rowMs,
      columns: [...figures, ...this.#gauges],
      rows: this.#rows.map((row) => [
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
      batches: this.#batches.map(({ fromMs, toMs, histogram }) => ({
        fromMs: Math.round(fromMs),
        toMs: Math.round(toMs),
        data: histogram.encode(),
      })),
    };
  }

  #closeRow(): void {
    if (this.#pending === null) return;
    const { histogram, row } = this.#pending;
    const ms = (p: number) => histogram.percentile(p).us / 1000;
    this.#rows.push({ ...row, p50: ms(50), p95: ms(95), p99: ms(99), max: histogram.max().us / 1000 });
    this.#pending = null;
    if (this.#rows.length < maxRows) return;
    this.#rows = pairs(this.#rows, sum);
    this.#rowMs *= 2;
  }

  #addToBatch(fromMs: number, toMs: number, latency: LatencyHistogram): void {
    const last = this.#batches.at(-1);
    if (last !== undefined && toMs - last.fromMs <= this.#batchMs + 100) {
      last.toMs = toMs;
      last.histogram.add(latency);
      return;
    }
    if (this.#batches.length === maxBatches) {
      this.#batches = pairs(this.#batches, (a, b) => {
        a.histogram.add(b.histogram);
        return { fromMs: a.fromMs, toMs: b.toMs, histogram: a.histogram };
      });
      this.#batchMs *= 2;
    }
    const histogram = new LatencyHistogram();
    histogram.add(latency);
    this.#batches.push({ fromMs, toMs, histogram });
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
