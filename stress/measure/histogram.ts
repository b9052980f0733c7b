import { build, decodeFromCompressedBase64, encodeIntoCompressedBase64, type JsHistogram } from "hdr-histogram-js";
import { highestUs, indexOf, type RawCounts, valueAt } from "./recorder.ts";

/** A figure that is only a lower bound when `beyond` is true: it falls among observations censored at a limit. */
export interface Bounded {
  us: number;
  beyond: boolean;
}

/** Limits that observations are known to exceed. */
interface Censored {
  hdr: JsHistogram;
  count: number;
  sumUs: number;
  minUs: number;
  maxUs: number;
}

/**
 * A latency distribution in integer microseconds with three significant digits; the only user of hdr-histogram-js.
 * Memory is fixed. Distributions are merged, never percentiles.
 *
 * Right-censored observations (known only to exceed a limit, each its own) take part in every rank, after all measured
 * ones: whatever their true figures, a percentile told without `beyond` is no lower than the true one. A percentile that
 * falls among them is told as the lowest it can be, every one of them at its limit.
 */
export class LatencyHistogram {
  readonly #hdr = createHdr();
  #count = 0;
  #sumUs = 0;
  #minUs = Number.POSITIVE_INFINITY;
  #maxUs = 0;
  #censored: Censored | null = null;

  get count(): number {
    return this.#count;
  }

  get censored(): number {
    return this.#censored?.count ?? 0;
  }

  /** The lowest limit that an observation is known to exceed; null where all were measured. */
  get censoredFromUs(): number | null {
    return this.#censored?.minUs ?? null;
  }

  get minUs(): number {
    return this.#count === 0 ? 0 : this.#minUs;
  }

  addRaw(raw: RawCounts): void {
    recordRaw(this.#hdr, raw);
    this.#tally(raw.count, raw.sumUs, raw.minUs, raw.maxUs);
  }

  add(other: LatencyHistogram): void {
    this.#hdr.add(other.#hdr);
    this.#tally(other.#count, other.#sumUs, other.#minUs, other.#maxUs);
    if (other.#censored === null) return;
    const { hdr, ...sums } = other.#censored;
    this.#addLimits(hdr, sums);
  }

  copy(): LatencyHistogram {
    const copy = new LatencyHistogram();
    copy.add(this);
    return copy;
  }

  /** Adds observations known only to exceed `limitUs`. */
  addCensored(count: number, limitUs: number): void {
    if (count === 0) return;
    const hdr = createHdr();
    hdr.recordValueWithCount(Math.min(limitUs, highestUs), count);
    this.#addLimits(hdr, { count, sumUs: count * limitUs, minUs: limitUs, maxUs: limitUs });
  }

  /** Adds observations known only to exceed the figures in `raw`. */
  addCensoredRaw(raw: RawCounts): void {
    const hdr = createHdr();
    recordRaw(hdr, raw);
    this.#addLimits(hdr, raw);
  }

  clear(): void {
    this.#hdr.reset();
    this.#count = 0;
    this.#sumUs = 0;
    this.#minUs = Number.POSITIVE_INFINITY;
    this.#maxUs = 0;
    this.#censored = null;
  }

  /** The nearest-rank percentile, 0 < p ≤ 100, over measured and censored observations; 0 when there are none. */
  percentile(p: number): Bounded {
    const total = this.#count + this.censored;
    if (total === 0) return { us: 0, beyond: false };
    // p/100 has no exact binary form: 0.95 of 20 would be the 20th.
    const exact = (p / 100) * total;
    const rank = Math.min(total, Math.max(1, Math.ceil(exact - 1e-9 - exact * 1e-15)));
    if (rank <= this.#count) {
      const value = valueAtRank(this.#hdr, rank, this.#count);
      return { us: Math.min(this.#maxUs, Math.max(this.#minUs, value)), beyond: false };
    }
    return { us: this.#lowestAt(rank), beyond: true };
  }

  /** Measured observations longer than `us`, to the precision of the buckets, and all censored ones. */
  countAbove(us: number): number {
    let count = this.censored;
    for (let i = indexOf(Math.min(highestUs, Math.round(us))) + 1; i <= indexOf(this.#maxUs); i++)
      count += this.#hdr.getCountAtIndex(i);
    return count;
  }

  max(): Bounded {
    return this.#censored === null
      ? { us: this.#maxUs, beyond: false }
      : { us: Math.max(this.#censored.maxUs, this.#maxUs), beyond: true };
  }

  /** Mean; with censored observations a lower bound, since each counts as no more than its limit. */
  mean(): Bounded {
    const total = this.#count + this.censored;
    const sum = this.#sumUs + (this.#censored?.sumUs ?? 0);
    return { us: total === 0 ? 0 : sum / total, beyond: this.#censored !== null };
  }

  /** HdrHistogram V2, compressed, base64: measured observations only. */
  encode(): string {
    return encodeIntoCompressedBase64(this.#hdr);
  }

  /** @throws when `data` is not such an encoding. Exact sums are not in it: the mean becomes the buckets' mean. */
  static decode(data: string): LatencyHistogram {
    const histogram = new LatencyHistogram();
    const hdr = decodeFromCompressedBase64(data, 64) as JsHistogram;
    histogram.#hdr.add(hdr);
    if (hdr.totalCount > 0) {
      // The library tells the smallest value apart from zero; the percentile at nothing is the smallest of all.
      histogram.#tally(hdr.totalCount, hdr.mean * hdr.totalCount, hdr.getValueAtPercentile(0), hdr.maxValue);
    }
    return histogram;
  }

  /** The value at `rank` of all observations, every censored one at its limit. */
  #lowestAt(rank: number): number {
    const { hdr, count, minUs, maxUs } = this.#censored as Censored;
    // All at one limit, the usual case, and nothing measured above it: known exactly.
    if (minUs === maxUs && minUs >= this.#maxUs) return minUs;
    const all = createHdr();
    all.add(this.#hdr);
    all.add(hdr);
    return Math.min(Math.max(maxUs, this.#maxUs), valueAtRank(all, rank, this.#count + count));
  }

  #addLimits(hdr: JsHistogram, { count, sumUs, minUs, maxUs }: Omit<Censored, "hdr">): void {
    this.#censored ??= { hdr: createHdr(), count: 0, sumUs: 0, minUs: Number.POSITIVE_INFINITY, maxUs: 0 };
    this.#censored.hdr.add(hdr);
    this.#censored.count += count;
    this.#censored.sumUs += sumUs;
    this.#censored.minUs = Math.min(this.#censored.minUs, minUs);
    this.#censored.maxUs = Math.max(this.#censored.maxUs, maxUs);
  }

  #tally(count: number, sumUs: number, minUs: number, maxUs: number): void {
    if (count === 0) return;
    this.#count += count;
    this.#sumUs += sumUs;
    if (minUs < this.#minUs) this.#minUs = minUs;
    if (maxUs > this.#maxUs) this.#maxUs = maxUs;
  }
}

function createHdr(): JsHistogram {
  // without WebAssembly, which is asked for nowhere, it is always one of these
  return build({
    // 64-bit counts: a day at 40,000 requests a second overflows 32 bits in one bucket.
    bitBucketSize: 64,
    autoResize: false,
    lowestDiscernibleValue: 1,
    highestTrackableValue: highestUs,
    numberOfSignificantValueDigits: 3,
  }) as JsHistogram;
}

function recordRaw(hdr: JsHistogram, raw: RawCounts): void {
  for (let i = 0; i < raw.counts.length; i++) {
    const count = raw.counts[i] as number;
    if (count > 0) hdr.recordValueWithCount(valueAt(raw.offset + i), count);
  }
}

/** Asked for the middle of the rank: the library rounds up, and at the rank's own share its rounding errors take the next. */
function valueAtRank(hdr: JsHistogram, rank: number, count: number): number {
  return hdr.getValueAtPercentile(((rank - 0.5) / count) * 100);
}
