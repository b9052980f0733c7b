import { studentQuantile, studentTail } from "../student.ts";
import { Designs, type Fit, fitsOf } from "./design.ts";
import type { Noise } from "./noise.ts";

/** A level read at a time; levels are those of whole blocks of samples. */
export interface Level {
  atMs: number;
  value: number;
}

/** An effect in the unit of its regressor, with one-sided bounds. */
export interface Effect {
  estimate: number;
  lower: number;
  upper: number;
  /** Of the estimate, under the noise that fits best. */
  error: number;
  /** The noise that fits best. */
  noise: Noise;
  /** How many independent levels the series is worth, at most their number. */
  effective: number;
}

/** Probabilities that the truth lies beyond a bound. */
export interface Risks {
  lower: number;
  upper: number;
}

export interface EffectOptions {
  /** Further functions of a level's index that the levels may hold. */
  nuisances?: readonly ((i: number) => number)[];
  /** Noise that remembers for longer is not thought of: it would be an effect itself. */
  longestMs?: number;
  /** Kept from series to series that are read at the same times. */
  designs?: Designs;
}

/**
 * How much of `regressor` (a function of a level's index) is in the levels, besides a constant and `nuisances`.
 *
 * What makes slopes of memory look certain is noise that remembers, and one run cannot tell for certain what kind it has.
 * For each kind on a grid, from white noise to a random walk, the effect is estimated by generalised least squares, whose
 * error is Student's t were that kind the true one, and independent of how likely the residuals make that kind. So a kind
 * and an effect are rejected together when the product of the two probabilities is too small, and a bound is the farthest
 * effect that is not rejected with some kind: bounds over a nuisance root near one (Cavanagh, Elliott and Stock, "Inference
 * in models with nearly integrated regressors", Econometric Theory 11, 1995), with Fisher's product in place of
 * Bonferroni's sum. The likelihood is the restricted one, whose ratio is close to chi-squared up to the unit root and with
 * a trend, where the plain one's is not (Chen and Deo, "The restricted likelihood ratio test for autoregressive processes",
 * Journal of Time Series Analysis 33, 2012).
 *
 * Null of fewer than three levels more than coefficients.
 */
export function effectOf(
  levels: readonly Level[],
  regressor: (i: number) => number,
  risks: Risks,
  { nuisances = [], longestMs = Number.POSITIVE_INFINITY, designs = new Designs(1) }: EffectOptions = {},
): Effect | null {
  const columns = [() => 1, ...nuisances, regressor].map((column) => Float64Array.from(levels, (_, i) => column(i)));
  const dof = levels.length - columns.length;
  if (dof < 3) return null;
  const times = Float64Array.from(levels, ({ atMs }) => atMs);
  const fits = fitsOf(
    designs.of(times, columns, longestMs),
    Float64Array.from(levels, ({ value }) => value),
  );
  const best = fits.reduce((a, b) => (b.likelihood > a.likelihood ? b : a));
  // The first kind is white noise.
  const white = fits[0] ?? best;
  return {
    estimate: best.estimate,
    lower: -farthest(fits, best, dof, risks.lower, -1),
    upper: farthest(fits, best, dof, risks.upper, 1),
    error: best.error,
    noise: best.noise,
    effective: Math.min(levels.length, levels.length * (white.error / best.error) ** 2),
  };
}

/** How far to one side the effect may lie under any kind of noise. */
function farthest(fits: readonly Fit[], best: Fit, dof: number, risk: number, side: 1 | -1): number {
  const product = productFor(risk);
  // No kind's bound lies farther than where its likelihood does not count: those that cannot be the farthest are not computed.
  const mostT = studentQuantile(product, dof);
  const ends = fits.map((fit) => ({ ...fit, most: side * fit.estimate + mostT * fit.error })).sort((a, b) => b.most - a.most);
  let end = Number.NEGATIVE_INFINITY;
  for (const { estimate, error, likelihood, most } of ends) {
    if (most <= end) break;
    // A kind that is as unlikely as the product by itself says nothing about the effect.
    const left = product / likelihoodTail(best.likelihood - likelihood);
    if (left < 0.5) end = Math.max(end, side * estimate + studentQuantile(left, dof) * error);
  }
  return end;
}

/** The product that two independent probabilities fall short of with probability `risk`: c with c (1 − ln c) = risk. */
function productFor(risk: number): number {
  let [low, high] = [0, risk];
  for (let i = 0; i < 50; i++) {
    const middle = (low + high) / 2;
    if (middle * (1 - Math.log(middle)) > risk) high = middle;
    else low = middle;
  }
  return low;
}

/** How often a true kind of noise is this much less likely than the best: chi-squared, a squared normal deviate. */
function likelihoodTail(deficit: number): number {
  return 2 * studentTail(Math.sqrt(2 * deficit), 1e6);
}
