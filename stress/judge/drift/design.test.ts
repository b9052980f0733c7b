import { describe, expect, it } from "vitest";
import { seededRandom } from "../../load/random.ts";
import { Designs, designOf, fitsOf } from "./design.ts";
import type { Noise } from "./noise.ts";
import { normal } from "./test-traces.ts";

/** Unevenly spaced, with a gap. */
const times = Float64Array.from({ length: 24 }, (_, i) => 1000 * i + 300 * Math.sin(7 * i) + (i > 15 ? 4000 : 0));
const one = new Float64Array(times.length).fill(1);
const line = times.map((atMs) => atMs / 1000);
const gauss = normal(seededRandom(5, 0));
const series = Float64Array.from(times, (atMs) => 1e8 + atMs / 10 + 500 * gauss());

/** The slow way: the whole covariance matrix, in units of the variance gained within one mean gap. */
function covarianceOf({ correlationMs, white }: Noise): number[][] {
  const gapMs = ((times.at(-1) ?? 0) - (times[0] ?? 0)) / (times.length - 1);
  const stationary = -1 / Math.expm1((-2 * gapMs) / correlationMs);
  return Array.from(times, (a, i) =>
    Array.from(times, (b, j) => {
      const walked = (Math.min(a, b) - (times[0] ?? 0)) / gapMs;
      const process = Number.isFinite(correlationMs) ? stationary * Math.exp(-Math.abs(a - b) / correlationMs) : walked;
      return process + (i === j ? white : 0);
    }),
  );
}

/** Lower triangle L of L Lᵀ. */
function cholesky(matrix: readonly number[][]): number[][] {
  const lower = matrix.map((row) => row.map(() => 0));
  for (let i = 0; i < matrix.length; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = matrix[i]?.[j] ?? 0;
      for (let k = 0; k < j; k++) sum -= (lower[i]?.[k] ?? 0) * (lower[j]?.[k] ?? 0);
      (lower[i] as number[])[j] = i === j ? Math.sqrt(sum) : sum / (lower[j]?.[j] ?? 0);
    }
  }
  return lower;
}

/** L⁻¹ v. */
function solve(lower: readonly number[][], v: Float64Array): number[] {
  const solved: number[] = [];
  for (let i = 0; i < v.length; i++) {
    const known = solved.reduce((sum, value, k) => sum + value * (lower[i]?.[k] ?? 0), 0);
    solved.push(((v[i] as number) - known) / (lower[i]?.[i] ?? 0));
  }
  return solved;
}

const dot = (a: readonly number[], b: readonly number[]) => a.reduce((sum, value, i) => sum + value * (b[i] ?? 0), 0);

describe("fitsOf", () => {
  const design = designOf(times, [one, line], Number.POSITIVE_INFINITY);
  const fits = fitsOf(design, series);

  it("agrees with generalised least squares by the whole covariance matrix, for every kind of noise that is stationary or mixed", () => {
    // A pure walk has no variance at its first level, and its matrix no inverse.
    const checked = fits.filter(
      ({ noise }) => noise.correlationMs > 0 && (Number.isFinite(noise.correlationMs) || noise.white > 0),
    );
    expect(checked.length).toBeGreaterThan(30);
    for (const { noise, estimate } of checked) {
      const lower = cholesky(covarianceOf(noise));
      const [x1, x2, y] = [solve(lower, one), solve(lower, line), solve(lower, series)];
      const [a, b, c] = [dot(x1, x1), dot(x1, x2), dot(x2, x2)];
      const slope = (a * dot(x2, y) - b * dot(x1, y)) / (a * c - b * b);
      expect(estimate / slope).toBeCloseTo(1, 6);
    }
  });

  it("says the same of a series alone, and of one whose design was kept", () => {
    const designs = new Designs();
    const kept = designs.of(times, [one, line], Number.POSITIVE_INFINITY);
    expect(designs.of(times.slice(), [one.slice(), line.slice()], Number.POSITIVE_INFINITY)).toBe(kept);
    expect(fitsOf(kept, series)).toEqual(fits);
  });
});

describe("Designs", () => {
  it("forgets the one that was not asked for the longest", () => {
    const designs = new Designs(2);
    const of = (longestMs: number) => designs.of(times, [one], longestMs);
    const first = of(1000);
    of(2000);
    expect(of(1000)).toBe(first);
    of(3000);
    expect(of(1000)).toBe(first);
    expect(of(2000)).not.toBe(first);
  });

  it("tells designs apart by times, regressors and the longest memory", () => {
    const designs = new Designs();
    const some = designs.of(times, [one, line], 5000);
    expect(designs.of(times, [one, line], 6000)).not.toBe(some);
    expect(designs.of(times, [line, one], 5000)).not.toBe(some);
    expect(designs.of(line, [one, line], 5000)).not.toBe(some);
  });
});
