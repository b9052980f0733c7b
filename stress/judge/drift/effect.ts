import { leastSquares } from "./least-squares.ts";
import { type Noise, noises, whiten } from "./noise.ts";
import { criticalT, upperTail } from "./student.ts";

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
}

interface Fit {
  noise: Noise;
  estimate: number;
  error: number;
  /** Logarithm of the restricted likelihood. */
  likelihood: number;
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
  { nuisances = [], longestMs = Number.POSITIVE_INFINITY }: EffectOptions = {},
): Effect | null {
  const columns = [() => 1, ...nuisances, regressor].map((column) => Float64Array.from(levels, (_, i) => column(i)));
  const dof = levels.length - columns.length;
  if (dof < 3) return null;
  const series = [...columns, Float64Array.from(levels, ({ value }) => value)];
  const fits = noises(levels, longestMs).map((noise) => fit(levels, series, noise, dof));
  const best = fits.reduce((a, b) => (b.likelihood > a.likelihood ? b : a));
  const bound = (risk: number, side: 1 | -1) => {
    const product = productFor(risk);
    const ends = fits.flatMap(({ estimate, error, likelihood }) => {
      // A kind that is as unlikely as the product by itself says nothing about the effect.
      const left = product / likelihoodTail(best.likelihood - likelihood);
      return left < 0.5 ? side * estimate + criticalT(left, dof) * error : [];
    });
    return side * Math.max(...ends);
  };
  const white = fit(levels, series, { correlationMs: 0, white: 0 }, dof);
  return {
    estimate: best.estimate,
    lower: bound(risks.lower, -1),
    upper: bound(risks.upper, 1),
    noise: best.noise,
    effective: Math.min(levels.length, levels.length * (white.error / best.error) ** 2),
  };
}

function fit(levels: readonly Level[], series: readonly Float64Array[], noise: Noise, dof: number): Fit {
  const { whitened, logVariance, meanPhi } = whiten(levels, noise, series);
  const { coefficients, residual, logDeterminant, lastVariance } = leastSquares(whitened);
  const s2 = Math.max(residual / dof, Number.MIN_VALUE);
  // Levels are of blocks, and differences of averages of a walk are correlated: their long-run variance is 3/2 of their
  // variance (Working, "Note on the correlation of first differences of averages in a random chain", Econometrica 28, 1960).
  const averaged = 1 + meanPhi / 2 / (1 + 2 * noise.white);
  return {
    noise,
    estimate: coefficients.at(-1) ?? 0,
    error: Math.sqrt(s2 * lastVariance * averaged),
    likelihood: -(dof * Math.log(s2) + logVariance + logDeterminant) / 2,
  };
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
  return 2 * upperTail(Math.sqrt(2 * deficit), 1e6);
}
