import { describe, expect, it } from "vitest";
import type { Stage } from "../profile/profile.ts";
import { constantArrivals, pacerFor, poissonArrivals } from "./pacer.ts";

/** `[seconds, from, to]` each. */
function stages(...parts: [number, number, number][]): Stage[] {
  return parts.map(([seconds, from, to]) => ({ durationMs: seconds * 1000, from, to }));
}

const profiles: [string, Stage[]][] = [
  ["a constant rate", stages([10, 50, 50])],
  ["a ramp up from zero", stages([10, 0, 100])],
  ["a ramp down to zero", stages([10, 100, 0])],
  ["a ramp from one rate to another", stages([7, 20, 90])],
  ["a rate that hardly changes", stages([10, 50, 50.000001])],
  ["up, hold, up, down", stages([3, 0, 50], [5, 50, 50], [4, 50, 100], [3, 100, 0])],
  ["pauses at zero between loads, and at both ends", stages([2, 0, 0], [3, 40, 40], [2, 0, 0], [3, 0, 30], [1, 0, 0])],
  ["a jump up and one down", stages([2, 10, 10], [2, 200, 200], [2, 10, 10])],
  ["a rate of a few a minute", stages([600, 0.05, 0.05])],
  ["thirds, which have no exact binary form", stages([9, 1 / 3, 1 / 3], [27, 1 / 3, 100 / 3])],
];

/** The rate at `tMs` by the definition of a stage, arrivals a millisecond. */
function rateOf(profile: readonly Stage[], tMs: number): number {
  let startMs = 0;
  for (const { durationMs, from, to } of profile) {
    if (tMs < startMs + durationMs) return (from + ((to - from) * (tMs - startMs)) / durationMs) / 1000;
    startMs += durationMs;
  }
  return 0;
}

const lengthOf = (profile: readonly Stage[]) => profile.reduce((sum, { durationMs }) => sum + durationMs, 0);

describe.each(profiles)("%s", (_, profile) => {
  const pacer = pacerFor(profile);
  const lengthMs = lengthOf(profile);

  it("counts what integrating the rate step by step counts", () => {
    const stepMs = lengthMs / 200_000;
    let area = 0;
    for (let i = 0; i < 200_000; i++) {
      area += rateOf(profile, (i + 0.5) * stepMs) * stepMs;
      const tMs = (i + 1) * stepMs;
      if (i % 5000 === 4999) expect(pacer.countAt(tMs)).toBeCloseTo(area, 2);
    }
    expect(pacer.total).toBeCloseTo(area, 2);
    expect(pacer.countAt(lengthMs * 2)).toBe(pacer.total);
    expect(pacer.countAt(-1)).toBe(0);
  });

  it("has the rate that the stages have", () => {
    for (let i = 0; i < 1000; i++) {
      const tMs = (i * lengthMs) / 1000;
      expect(pacer.rateAt(tMs)).toBeCloseTo(rateOf(profile, tMs) * 1000, 9);
    }
    expect([pacer.rateAt(-1), pacer.rateAt(lengthMs + 1)]).toEqual([0, 0]);
  });

  it("has arrival n due when the count reaches n, in order, and none after the last", () => {
    const last = Math.ceil(pacer.total - 1e-6) - 1;
    let before = 0;
    for (let n = 0; n <= last; n++) {
      const dueMs = pacer.dueAt(n);
      expect(Math.abs(pacer.countAt(dueMs) - n)).toBeLessThan(1e-6);
      expect(dueMs).toBeGreaterThanOrEqual(before);
      expect(dueMs).toBeLessThan(lengthMs);
      // Never where the rate is zero: the count stands still there. A ramp from zero starts with the arrival before it.
      expect(Math.max(rateOf(profile, dueMs), rateOf(profile, dueMs + 1e-3))).toBeGreaterThan(0);
      before = dueMs;
    }
    expect(pacer.dueAt(last + 1)).toBe(Number.POSITIVE_INFINITY);
  });

  it.each([1, 2, 3, 7, 64])("is shared by %d workers, exactly: none twice, none lost, none moved", (of) => {
    const due: number[] = [];
    for (let index = 0; index < of; index++) {
      const arrivals = constantArrivals(pacer, index, of);
      for (let next = arrivals.next(); next < Number.POSITIVE_INFINITY; next = arrivals.next()) due.push(next);
      expect(arrivals.next()).toBe(Number.POSITIVE_INFINITY);
    }
    due.sort((a, b) => a - b);
    expect(due).toEqual(Array.from({ length: Math.ceil(pacer.total - 1e-6) }, (_, n) => pacer.dueAt(n)));
  });
});

describe("closed forms", () => {
  it.each([
    [stages([10, 100, 100]), 0, 0, "the first at once"],
    [stages([10, 100, 100]), 999, 9990, "the last one gap before the end"],
    [stages([10, 0, 100]), 125, 5000, "a quarter of the arrivals by half of a ramp from zero"],
    [stages([10, 100, 0]), 375, 5000, "three quarters by half of a ramp to zero"],
    [stages([1, 10, 10], [5, 0, 0], [1, 10, 10]), 10, 6000, "none in a pause: the next is due when it ends"],
    [stages([3600, 1000, 1000]), 3_599_999, 3_599_999, "no drift in an hour"],
  ])("%j: arrival %d is due at %d ms: %s", (profile, n, tMs) => {
    expect(pacerFor(profile).dueAt(n)).toBeCloseTo(tMs, 6);
  });

  it("neither add nor lose an arrival by rounding, whatever the rate", () => {
    const wrong: string[] = [];
    for (let tenths = 1; tenths <= 400; tenths++) {
      for (const seconds of [1, 3, 7, 30, 60]) {
        const part: [number, number, number] = [seconds, tenths / 10, tenths / 10];
        for (const profile of [stages(part), stages(part, part, part)]) {
          const arrivals = Math.ceil((tenths * seconds * profile.length) / 10);
          const pacer = pacerFor(profile);
          if (pacer.dueAt(arrivals - 1) === Number.POSITIVE_INFINITY || pacer.dueAt(arrivals) !== Number.POSITIVE_INFINITY) {
            wrong.push(`${tenths / 10}/s for ${profile.length} × ${seconds} s`);
          }
        }
      }
    }
    expect(wrong).toEqual([]);
  });
});

describe("Poisson arrivals", () => {
  const take = (profile: Stage[], index: number, of: number, seed: number) => {
    const arrivals = poissonArrivals(pacerFor(profile), index, of, seed);
    const due: number[] = [];
    for (let next = arrivals.next(); next < Number.POSITIVE_INFINITY; next = arrivals.next()) due.push(next);
    return due;
  };

  it("are the same for the same seed, and others for another seed or worker", () => {
    const profile = stages([10, 50, 50]);
    expect(take(profile, 0, 2, 7)).toEqual(take(profile, 0, 2, 7));
    expect(take(profile, 0, 2, 7)).not.toEqual(take(profile, 0, 2, 8));
    expect(take(profile, 0, 2, 7)).not.toEqual(take(profile, 1, 2, 7));
  });

  it("come in order, within the load", () => {
    const due = take(stages([2, 0, 100], [1, 0, 0], [2, 100, 0]), 0, 1, 3);
    expect(due).toEqual([...due].sort((a, b) => a - b));
    expect(due.filter((tMs) => tMs < 0 || tMs > 5000 || (tMs > 2000 && tMs < 3000))).toEqual([]);
  });

  /** Counts in windows of a second, all workers together. */
  function countsOf(profile: Stage[], workers: number, seed: number): number[] {
    const counts = new Array<number>(lengthOf(profile) / 1000).fill(0);
    for (let index = 0; index < workers; index++) {
      for (const tMs of take(profile, index, workers, seed))
        counts[Math.floor(tMs / 1000)] = (counts[Math.floor(tMs / 1000)] ?? 0) + 1;
    }
    return counts;
  }

  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

  it.each([1, 2, 5])("of %d workers together have the mean of their rate, and a variance equal to it", (workers) => {
    const rate = 40;
    const counts = countsOf(stages([2000, rate, rate]), workers, 11);
    const average = mean(counts);
    const variance = mean(counts.map((count) => (count - average) ** 2));
    // Five standard errors: of the mean √(λ/n), of the variance λ√(2/n).
    expect(Math.abs(average - rate)).toBeLessThan(5 * Math.sqrt(rate / 2000));
    expect(Math.abs(variance - rate)).toBeLessThan(5 * rate * Math.sqrt(2 / 2000));
  });

  it("follow a ramp", () => {
    const sums = new Array<number>(10).fill(0);
    for (let seed = 0; seed < 200; seed++)
      for (const [i, count] of countsOf(stages([10, 0, 100]), 2, seed).entries()) sums[i] = (sums[i] ?? 0) + count;
    // In second i the rate averages 10 i + 5.
    for (const [i, sum] of sums.entries()) {
      const expected = (10 * i + 5) * 200;
      expect(Math.abs(sum - expected)).toBeLessThan(5 * Math.sqrt(expected));
    }
  });

  it("of two workers do not echo each other", () => {
    const gaps = (due: readonly number[]) => due.slice(1).map((tMs, i) => tMs - (due[i] as number));
    const [a, b] = [gaps(take(stages([500, 100, 100]), 0, 2, 1)), gaps(take(stages([500, 100, 100]), 1, 2, 1))];
    const n = Math.min(a.length, b.length);
    for (const shift of [0, 1, 2, 17, 1000]) {
      const [x, y] = [a.slice(0, n - shift), b.slice(shift, n)];
      const [meanX, meanY] = [mean(x), mean(y)];
      const covariance = mean(x.map((value, i) => (value - meanX) * ((y[i] as number) - meanY)));
      expect(Math.abs(covariance / (meanX * meanY))).toBeLessThan(5 / Math.sqrt(n - shift));
    }
  });
});
