import { describe, expect, it } from "vitest";
import { LatencyHistogram } from "./histogram.ts";
import { LatencyRecorder, type RawCounts } from "./recorder.ts";

/** Numbers in [0, 1) that are the same in every run. */
function randomStream(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Latencies as a target makes them: most near 10 ms, some in a far tail, ties among them. Whole microseconds. */
function samples(count: number, seed: number): number[] {
  const random = randomStream(seed);
  return Array.from({ length: count }, () => {
    const base = 8000 + Math.floor(random() * 50) * 100;
    return random() < 0.03 ? base + Math.floor(random() ** -0.7 * 1e5) : base;
  });
}

function histogramOf(samplesUs: readonly number[]): LatencyHistogram {
  const recorder = new LatencyRecorder();
  for (const us of samplesUs) recorder.record(us / 1000);
  const histogram = new LatencyHistogram();
  const raw = recorder.take();
  if (raw !== null) histogram.addRaw(raw);
  return histogram;
}

/** The nearest-rank percentile by sorting. */
function sortedPercentile(values: readonly number[], p: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(1, Math.ceil((p * sorted.length) / 100 - 1e-9)) - 1] as number;
}

const percentiles = [1, 5, 25, 50, 75, 90, 95, 99, 99.9, 99.99, 100];

describe("percentiles", () => {
  it.each([1, 2, 10, 99, 100, 101, 1000, 54_321])("of %d samples are the sorted ones', within a thousandth", (count) => {
    const values = samples(count, count);
    const histogram = histogramOf(values);
    for (const p of percentiles) {
      const exact = sortedPercentile(values, p);
      const { us, beyond } = histogram.percentile(p);
      expect(beyond).toBe(false);
      expect(us).toBeGreaterThanOrEqual(exact);
      expect(us).toBeLessThanOrEqual(exact * 1.001);
    }
  });

  it("take the very rank where the distribution jumps, for every rank of up to 60 samples", () => {
    const wrong: string[] = [];
    for (let count = 1; count <= 60; count++) {
      for (let rank = 1; rank < count; rank++) {
        const histogram = histogramOf([...Array(rank).fill(100), ...Array(count - rank).fill(1900)]);
        if (histogram.percentile((100 * rank) / count).us !== 100) wrong.push(`${rank} of ${count}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  it("take the very rank among 700 million samples", () => {
    const histogram = new LatencyHistogram();
    const [fast, all] = [468_340_998, 697_901_160];
    histogram.addRaw({ offset: 100, counts: Int32Array.of(fast), count: fast, sumUs: fast * 100, minUs: 100, maxUs: 100 });
    const slow = all - fast;
    histogram.addRaw({ offset: 1900, counts: Int32Array.of(slow), count: slow, sumUs: slow * 1900, minUs: 1900, maxUs: 1900 });
    expect(histogram.percentile((100 * fast) / all).us).toBe(100);
    expect(histogram.percentile((100 * (fast + 1)) / all).us).toBe(1900);
  });

  it("lie between the smallest and the largest sample, both exact", () => {
    const histogram = histogramOf([123_456, 9_876_543]);
    expect(histogram.percentile(1).us).toBeLessThanOrEqual(123_456 * 1.001);
    expect(histogram.percentile(100)).toEqual({ us: 9_876_543, beyond: false });
    expect(histogram.max()).toEqual({ us: 9_876_543, beyond: false });
    expect(histogram.minUs).toBe(123_456);
  });

  it("are zero where there is nothing", () => {
    const empty = new LatencyHistogram();
    expect([empty.percentile(99), empty.max(), empty.mean(), empty.minUs]).toEqual([
      { us: 0, beyond: false },
      { us: 0, beyond: false },
      { us: 0, beyond: false },
      0,
    ]);
  });

  it("survive a day at 100,000 a second in one bucket", () => {
    const histogram = new LatencyHistogram();
    const perHour = 360_000_000;
    for (let hour = 0; hour < 24; hour++)
      histogram.addRaw({ offset: 50, counts: Int32Array.of(perHour), count: perHour, sumUs: perHour * 50, minUs: 50, maxUs: 50 });
    expect(histogram.count).toBe(24 * perHour);
    expect(histogram.percentile(99.9)).toEqual({ us: 50, beyond: false });
    expect(LatencyHistogram.decode(histogram.encode()).count).toBe(24 * perHour);
  });
});

describe("censored observations", () => {
  it("rank after every measured one, and make a percentile among them a lower bound", () => {
    const histogram = histogramOf(Array(98).fill(1000));
    histogram.addCensored(2, 30_000_000);
    expect(histogram.percentile(98)).toEqual({ us: 1000, beyond: false });
    expect(histogram.percentile(98.5)).toEqual({ us: 30_000_000, beyond: true });
    expect(histogram.percentile(99)).toEqual({ us: 30_000_000, beyond: true });
    expect(histogram.max()).toEqual({ us: 30_000_000, beyond: true });
    expect(histogram.mean()).toEqual({ us: (98 * 1000 + 2 * 30_000_000) / 100, beyond: true });
    expect([histogram.count, histogram.censored]).toEqual([98, 2]);
  });

  it("are all there is when everything timed out", () => {
    const histogram = new LatencyHistogram();
    histogram.addCensored(10, 500_000);
    for (const p of percentiles) expect(histogram.percentile(p)).toEqual({ us: 500_000, beyond: true });
    expect(histogram.minUs).toBe(0);
  });

  it("claim no more than each is known to exceed", () => {
    // Ten requests were cut off after 100 ms, ten after 2 s; the slowest that completed took 700 ms.
    const histogram = histogramOf([...Array(79).fill(1000), 700_000]);
    histogram.addCensored(10, 100_000);
    histogram.addCensored(10, 2_000_000);
    expect(histogram.percentile(80)).toEqual({ us: 700_000, beyond: false });
    // Whatever the true figures of the first ten, the 85th of 100 is above 100 ms; that it is above 2 s nobody knows.
    expect(histogram.percentile(85).beyond).toBe(true);
    expect(histogram.percentile(85).us).toBeGreaterThanOrEqual(100_000);
    expect(histogram.percentile(85).us).toBeLessThanOrEqual(100_000 * 1.001);
    expect(histogram.percentile(99)).toEqual({ us: 2_000_000, beyond: true });
  });

  it("come with their limits as recorded", () => {
    const cut = new LatencyRecorder();
    cut.record(30_000);
    cut.record(30_000);
    const histogram = histogramOf([1000]);
    const raw = cut.take();
    if (raw !== null) histogram.addCensoredRaw(raw);
    expect(histogram.censored).toBe(2);
    expect(histogram.percentile(99)).toEqual({ us: 30_000_000, beyond: true });
  });

  it("survive merging, copying and clearing", () => {
    const [a, b] = [histogramOf([1000]), new LatencyHistogram()];
    b.addCensored(1, 200_000);
    a.add(b);
    const copy = a.copy();
    a.clear();
    expect([a.count, a.censored, a.percentile(99)]).toEqual([0, 0, { us: 0, beyond: false }]);
    expect([copy.count, copy.censored, copy.percentile(99)]).toEqual([1, 1, { us: 200_000, beyond: true }]);
  });
});

describe("merging", () => {
  it("gives two workers' percentiles as one worker's on the same samples, exactly", () => {
    const all = samples(20_000, 7);
    const one = histogramOf(all);
    const two = histogramOf(all.filter((_, i) => i % 3 === 0));
    two.add(histogramOf(all.filter((_, i) => i % 3 !== 0)));
    one.addCensored(30, 1e7);
    two.addCensored(30, 1e7);
    for (const p of percentiles) expect(two.percentile(p)).toEqual(one.percentile(p));
    expect(two.mean()).toEqual(one.mean());
    expect([two.count, two.minUs, two.max()]).toEqual([one.count, one.minUs, one.max()]);
    expect(two.encode()).toBe(one.encode());
  });

  it("does not depend on how samples fell into intervals", () => {
    const all = samples(5000, 3);
    const whole = histogramOf(all);
    const pieces = new LatencyHistogram();
    for (let i = 0; i < all.length; i += 137) pieces.add(histogramOf(all.slice(i, i + 137)));
    for (const p of percentiles) expect(pieces.percentile(p)).toEqual(whole.percentile(p));
    expect(pieces.mean()).toEqual(whole.mean());
  });
});

describe("the encoding", () => {
  it("is read back with the same percentiles", () => {
    const histogram = histogramOf(samples(10_000, 5));
    const read = LatencyHistogram.decode(histogram.encode());
    expect(read.count).toBe(histogram.count);
    for (const p of percentiles) {
      const [was, is] = [histogram.percentile(p).us, read.percentile(p).us];
      expect(Math.abs(is - was)).toBeLessThanOrEqual(was * 0.001);
    }
    expect(Math.abs(read.mean().us - histogram.mean().us)).toBeLessThanOrEqual(histogram.mean().us * 0.001);
    expect(read.encode()).toBe(histogram.encode());
  });

  it("holds zero as a smallest sample", () => {
    expect(LatencyHistogram.decode(histogramOf([0, 5000]).encode()).minUs).toBe(0);
  });

  it("of nothing is nothing", () => {
    const read = LatencyHistogram.decode(new LatencyHistogram().encode());
    expect([read.count, read.percentile(99).us, read.minUs]).toEqual([0, 0, 0]);
  });

  it.each(["", "nonsense", "HISTFAAAAA=="])("refuses %j with an Error", (data) => {
    expect(() => LatencyHistogram.decode(data)).toThrow(Error);
  });
});

it("counts what is longer than a value, censored observations included", () => {
  const histogram = new LatencyHistogram();
  const recorder = new LatencyRecorder();
  for (const ms of [1, 2, 3, 4000]) recorder.record(ms);
  histogram.addRaw(recorder.take() as RawCounts);
  histogram.addCensored(2, 30_000_000);
  expect([0, 999, 1000, 2000, 3000, 5_000_000, 10 ** 12].map((us) => histogram.countAbove(us))).toEqual([6, 6, 5, 4, 3, 2, 2]);
  expect(new LatencyHistogram().countAbove(0)).toBe(0);
});
