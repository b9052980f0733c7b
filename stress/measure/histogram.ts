import { build, decodeFromCompressedBase64, encodeIntoCompressedBase64, type Histogram } from "hdr-histogram-js";
import { type RawCounts, valueAt } from "./recorder.ts";

/** A figure that is only a lower bound when `beyond` is true: it falls among observations censored at a limit. */
export interface Bounded {
  us: number;
  beyond: boolean;
}

/**
 * A latency distribution in integer microseconds with three significant digits; the only user of hdr-histogram-js.
 * Memory is fixed. Distributions are merged, never percentiles. Right-censored observations (known only to exceed
 * `limitUs`) take part in every rank, after all measured ones.
 */
export class LatencyHistogram {
  // 64-bit counts: a day at 40,000 requests a second overflows 32 bits in one bucket.
  #hdr: Histogram = build({
    bitBucketSize: 64,
    autoResize: false,
    lowestDiscernibleValue: 1,
    highestTrackableValue: 2 ** 31 - 1,
    numberOfSignificantValueDigits: 3,
  });
  #count = 0;
  #sumUs = 0;
  #minUs = Number.POSITIVE_INFINITY;
  #maxUs = 0;
  #censored = 0;
  #limitUs = 0;

  get count(): number {
    return this.#count;
  }

  get censored(): number {
    return this.#censored;
  }

  get minUs(): number {
    return this.#count === 0 ? 0 : this.#minUs;
  }

  addRaw(raw: RawCounts): void {
    for (let i = 0; i < raw.counts.length; i++) {
      const count = raw.counts[i] as number;
      if (count > 0) this.#hdr.recordValueWithCount(valueAt(raw.offset + i), count);
    }
    this.#tally(raw.count, raw.sumUs, raw.minUs, raw.maxUs);
  }

  add(other: LatencyHistogram): void {
    this.#hdr.add(other.#hdr);
    this.#tally(other.#count, other.#sumUs, other.#minUs, other.#maxUs);
    this.addCensored(other.#censored, other.#limitUs);
  }

  copy(): LatencyHistogram {
    const copy = new LatencyHistogram();
    copy.add(this);
    return copy;
  }

  /** Adds observations known only to exceed `limitUs`. */
  addCensored(count: number, limitUs: number): void {
    this.#censored += count;
    if (count > 0) this.#limitUs = Math.max(this.#limitUs, limitUs);
  }

  clear(): void {
    this.#hdr.reset();
    this.#count = 0;
    this.#sumUs = 0;
    this.#minUs = Number.POSITIVE_INFINITY;
    this.#maxUs = 0;
    this.#censored = 0;
    this.#limitUs = 0;
  }

  /** The nearest-rank percentile, 0 < p ≤ 100, over measured and censored observations; 0 when there are none. */
  percentile(p: number): Bounded {
    const total = this.#count + this.#censored;
    if (total === 0) return { us: 0, beyond: false };
    const rank = Math.max(1, Math.ceil((p / 100) * total - 1e-9));
    if (rank > this.#count) return { us: Math.max(this.#limitUs, this.#maxUs), beyond: true };
    const value = this.#hdr.getValueAtPercentile((rank / this.#count) * 100);
    return { us: Math.min(this.#maxUs, Math.max(this.#minUs, value)), beyond: false };
  }

  max(): Bounded {
    return this.#censored > 0 ? { us: Math.max(this.#limitUs, this.#maxUs), beyond: true } : { us: this.#maxUs, beyond: false };
  }

  /** Mean; with censored observations a lower bound, since each counts as no more than its limit. */
  mean(): Bounded {
    const total = this.#count + this.#censored;
    const sum = this.#sumUs + this.#censored * this.#limitUs;
    return { us: total === 0 ? 0 : sum / total, beyond: this.#censored > 0 };
  }

  /** HdrHistogram V2, compressed, base64: measured observations only. */
  encode(): string {
    return encodeIntoCompressedBase64(this.#hdr);
  }

  /** @throws when `data` is not such an encoding. Exact sums are not in it: the mean becomes the buckets' mean. */
  static decode(data: string): LatencyHistogram {
    const histogram = new LatencyHistogram();
    const hdr = decodeFromCompressedBase64(data, 64);
    histogram.#hdr.add(hdr);
    if (hdr.totalCount > 0) {
      histogram.#tally(hdr.totalCount, hdr.mean * hdr.totalCount, hdr.minNonZeroValue, hdr.maxValue);
    }
    return histogram;
  }

  #tally(count: number, sumUs: number, minUs: number, maxUs: number): void {
    if (count === 0) return;
    this.#count += count;
    this.#sumUs += sumUs;
    if (minUs < this.#minUs) this.#minUs = minUs;
    if (maxUs > this.#maxUs) this.#maxUs = maxUs;
  }
}
