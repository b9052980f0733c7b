import { describe, expect, test } from "vitest";
import { oneAgainstMany, oneAgainstOne, paired, trend, welch } from "./effect.ts";
import type { Figure, FigureKind } from "./figures.ts";

const latency: FigureKind = { key: "p95", unit: "ms", better: "lower", scale: "ratio", strayBetweenRuns: 0.1 };
const failed: FigureKind = { ...latency, key: "failed", unit: "share", scale: "share", strayBetweenRuns: 0.5 };

const times = (...values: number[]): Figure[] =>
  values.map((value) => ({ kind: latency, value, beyond: false, resolution: value / 1024, trials: 0 }));
const shares = (...values: number[]): Figure[] =>
  values.map((value) => ({ kind: failed, value, beyond: false, resolution: 1e-5, trials: 100_000 }));

describe("two sides of repeated runs", () => {
  test("Welch's t on the logarithm: change, standard error and degrees of freedom as by hand", () => {
    const e = (...logs: number[]) => times(...logs.map(Math.exp));
    const { change, standardError, df } = welch(e(1, 2, 3), e(2, 4, 6, 8));
    expect(change).toBeCloseTo(3, 12);
    // variances 1 and 20/3
    expect(standardError).toBeCloseTo(Math.sqrt(1 / 3 + 20 / 3 / 4), 12);
    expect(df).toBeCloseTo((1 / 3 + 5 / 3) ** 2 / ((1 / 3) ** 2 / 2 + (5 / 3) ** 2 / 3), 12);
  });

  test("in pairs, what both runs of a pair share drops out", () => {
    const [a, b] = [times(10, 20, 40, 80), times(11, 22.2, 43.8, 88.3)];
    expect(paired(a, b).standardError).toBeLessThan(welch(a, b).standardError / 50);
    expect(Math.exp(paired(a, b).change)).toBeCloseTo(1.1, 2);
  });

  test("runs that agree to the last digit are as uncertain as their rounding, not certain", () => {
    const { standardError } = welch(times(10, 10), times(10, 10));
    expect(standardError).toBeCloseTo(1 / 1024 / Math.sqrt(12), 6);
  });

  test("no failure in any run is not certain never to fail", () => {
    const { change, standardError } = welch(shares(0, 0, 0), shares(0, 0, 0));
    expect(change).toBe(0);
    expect(standardError).toBeGreaterThan(5e-6);
    expect(standardError).toBeLessThan(5e-5);
  });

  test.each([
    ["B", times(1, 1), times(1, 1).map((figure) => ({ ...figure, beyond: true })), "lower"],
    ["A", times(1, 1).map((figure) => ({ ...figure, beyond: true })), times(1, 1), "upper"],
    ["neither", times(1, 1), times(1, 1), null],
  ] as const)("beyond the limit on side %s", (_, a, b, bound) => {
    expect([welch(a, b).bound, paired(a, b).bound, oneAgainstMany(a.slice(1), b).bound]).toEqual([bound, bound, bound]);
  });
});

test("one run against five is judged by how the five differ", () => {
  const five = times(9.8, 10.1, 10, 10.2, 9.9);
  const { standardError, df } = oneAgainstMany(five, times(11));
  expect(df).toBe(4);
  expect(standardError).toBeCloseTo(Math.sqrt(0.00025 * (1 + 1 / 5)), 3);
});

test("a run against a run: the assumed spread counts twice, what the runs show of themselves on top", () => {
  const [a, b] = [times(10), times(12)].map(([figure]) => figure as Figure) as [Figure, Figure];
  const sure = oneAgainstOne(a, b, [
    { standardError: 0, df: 9 },
    { standardError: 0, df: 9 },
  ]);
  expect(sure.standardError).toBeCloseTo(0.1 * Math.SQRT2, 4);
  const unsure = oneAgainstOne(a, b, [
    { standardError: 0.3, df: 3 },
    { standardError: 0.4, df: 3 },
  ]);
  expect(unsure.standardError).toBeCloseTo(Math.sqrt(0.02 + 0.09 + 0.16), 6);
  expect(unsure.df).toBeLessThan(sure.df);
});

test("a share is assumed to stray by its odds, which leave it between none and all", () => {
  const known = { standardError: 0, df: Number.POSITIVE_INFINITY };
  const between = (from: number, to: number) => {
    const [a, b] = shares(from, to) as [Figure, Figure];
    return oneAgainstOne(a, b, [known, known]);
  };
  expect(between(0.01, 0.01).standardError).toBeCloseTo(Math.SQRT2 * 0.5 * 0.01 * 0.99, 4);
  const { change, standardError } = between(0, 1);
  expect(change / standardError).toBeGreaterThan(5);
});

describe("a trend", () => {
  test("is the change from the first to the last along the line, with n − 2 degrees of freedom", () => {
    const groups = [0, 0.1, 0.2, 0.3].map((log) => times(Math.exp(log + 0.01), Math.exp(log - 0.01)));
    const effect = trend(groups);
    expect(effect?.change).toBeCloseTo(0.3, 9);
    expect(effect?.df).toBe(6);
    // residuals of 0.01 each: s² = 8e-4 / 6, Σ(x − x̄)² = 10, three steps
    expect(effect?.standardError).toBeCloseTo(3 * Math.sqrt(8e-4 / 6 / 10), 9);
  });

  test("needs three runs, and none that is only a bound", () => {
    expect(trend([times(1), times(2)])).toBeNull();
    expect(trend([times(1), times(2), times(3).map((figure) => ({ ...figure, beyond: true }))])).toBeNull();
  });
});
