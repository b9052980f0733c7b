import { describe, expect, test } from "vitest";
import { seededRandom } from "../load/random.ts";
import { normal, type Point, upwardTrend } from "./stationary.ts";

const seconds = (values: readonly number[]): Point[] => values.map((value, i) => ({ atMs: (i + 1) * 1000, value }));

describe("a trend", () => {
  test("is the slope a second where the series is a line", () => {
    const { slope, p } = upwardTrend(seconds(Array.from({ length: 10 }, (_, i) => 3 + 5 * i)));
    expect(slope).toBeCloseTo(5, 10);
    expect(p).toBeLessThan(0.001);
  });

  test("is not moved by one bad second", () => {
    const { slope, p } = upwardTrend(seconds([4, 5, 4, 5, 4, 900, 4, 5, 4, 5]));
    expect(slope).toBeCloseTo(0, 1);
    expect(p).toBeGreaterThan(0.05);
  });

  test("that falls is no upward trend", () => {
    expect(upwardTrend(seconds([9, 8, 7, 6, 5, 4, 3])).p).toBeGreaterThan(0.99);
  });

  test("is none in a constant series, and none that three points could show", () => {
    expect(upwardTrend(seconds([2, 2, 2, 2, 2, 2]))).toEqual({ slope: 0, p: 1 });
    expect(upwardTrend(seconds([1, 2, 3]))).toEqual({ slope: 0, p: 1 });
    expect(upwardTrend([])).toEqual({ slope: 0, p: 1 });
  });

  test("has Mann and Kendall's significance: eight rising points have S = 28 of variance 65.3", () => {
    const { p } = upwardTrend(seconds([1, 2, 3, 4, 5, 6, 7, 8]));
    expect(p).toBeCloseTo(1 - normal(27 / Math.sqrt((8 * 7 * 21) / 18)), 10);
  });

  test("of an hour is read from means of neighbours, and is the same", () => {
    const { slope, p } = upwardTrend(seconds(Array.from({ length: 3600 }, (_, i) => 0.01 * i + Math.sin(i))));
    expect(slope).toBeCloseTo(0.01, 3);
    expect(p).toBeLessThan(1e-6);
  });
});

/** Share of `runs` series that are called growing at 5 %. */
function calledGrowing(runs: number, series: (random: () => number) => number[]): number {
  let called = 0;
  for (let seed = 0; seed < runs; seed++) if (upwardTrend(seconds(series(seededRandom(seed, 0)))).p < 0.05) called++;
  return called / runs;
}

/** Values that remember: each is `memory` of the one before plus noise. */
const remembering = (memory: number, count: number, growth: number) => (random: () => number) => {
  let value = 0;
  return Array.from({ length: count }, (_, i) => {
    value = memory * value + (random() + random() + random() - 1.5);
    return value + growth * i;
  });
};

describe("how often it is wrong", () => {
  test.each([
    ["independent seconds", 0, 10, 0.07],
    ["independent seconds of a long run", 0, 60, 0.07],
    ["seconds that remember half of the one before", 0.5, 60, 0.15],
  ])("%s without a trend are called growing in at most that share", (_, memory, count, most) => {
    expect(calledGrowing(1000, remembering(memory, count, 0))).toBeLessThanOrEqual(most);
  });

  test("growth of three deviations over a probe is found mostly, over a long run nearly always", () => {
    expect(calledGrowing(500, remembering(0, 10, 0.17))).toBeGreaterThan(0.7);
    expect(calledGrowing(500, remembering(0.5, 60, 0.06))).toBeGreaterThan(0.95);
  });
});

test("the normal distribution is that of the tables", () => {
  expect(normal(0)).toBeCloseTo(0.5, 7);
  expect(normal(1.959964)).toBeCloseTo(0.975, 6);
  expect(normal(-1.644854)).toBeCloseTo(0.05, 6);
});
