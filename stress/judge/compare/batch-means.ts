import { studentQuantile } from "../student.ts";

/**
 * How well one run determines a figure of its own, though neighbouring seconds resemble each other. The seconds are
 * joined to ⌊n/⌊√n⌋⌋ batches of ⌊√n⌋ each, whose differences show the long-run variance that single seconds hide: batch
 * means (Conway 1963; Schmeiser 1982), consistent with batches of about √n (Flegal & Jones 2010, Annals of Statistics 38).
 */

export interface Precision {
  standardError: number;
  df: number;
}

/** With fewer pieces of a run there are not three batches of three. */
export const leastPieces = 9;

/**
 * Standard error of Σ `numerators` / Σ `denominators`, a ratio of two sums over the same consecutive pieces of a run
 * (requests over seconds, failures over requests). Null with fewer than nine pieces. Its variance is that of the residuals
 * numerator − ratio × denominator (Cochran, Sampling Techniques, chapter 6).
 */
export function precisionOfRatio(numerators: readonly number[], denominators: readonly number[]): Precision | null {
  const pieces = numerators.length;
  const total = sum(denominators);
  if (pieces < leastPieces || denominators.length !== pieces || !(total > 0)) return null;
  const size = Math.floor(Math.sqrt(pieces));
  const batches = Math.floor(pieces / size);
  // what does not fill a batch is left out at the start, where a level has just been reached
  const from = pieces - batches * size;
  const covered = sum(denominators.slice(from));
  if (!(covered > 0)) return null;
  const ratio = sum(numerators.slice(from)) / covered;
  let squares = 0;
  for (let batch = 0; batch < batches; batch++) {
    let residual = 0;
    for (let i = from + batch * size; i < from + (batch + 1) * size; i++) {
      residual += (numerators[i] as number) - ratio * (denominators[i] as number);
    }
    squares += residual * residual;
  }
  const standardError = Math.sqrt((squares * batches) / (batches - 1)) / covered;
  return Number.isFinite(standardError) ? { standardError, df: batches - 1 } : null;
}

/** A distribution of which the percentile and the number of observations above a value can be asked. */
export interface Distribution {
  readonly count: number;
  percentile(p: number): { us: number };
  countAbove(us: number): number;
}

/**
 * Standard error of the logarithm of a percentile of the whole run, from the distributions of its consecutive pieces and
 * of all of them together. The share of observations above the percentile is a ratio, whose standard error is known; its
 * interval is carried over to the time axis (Woodruff 1952, Journal of the American Statistical Association 47), so no
 * density is estimated. Null where the pieces do not determine it.
 */
export function precisionOfPercentile(p: number, pieces: readonly Distribution[], whole: Distribution): Precision | null {
  const { us } = whole.percentile(p);
  const share = precisionOfRatio(
    pieces.map((piece) => piece.countAbove(us)),
    pieces.map((piece) => piece.count),
  );
  if (share === null || us <= 0) return null;
  // an observation more or less is the least that can be uncertain
  const standardError = Math.max(share.standardError, 0.5 / whole.count);
  const wide = studentQuantile(0.16, share.df);
  const reach = 100 * wide * standardError;
  const [low, high] = [p - reach, p + reach];
  // an interval that leaves the distribution says nothing of where the percentile may be
  if (low <= 0 || high > 100) return null;
  const spread = Math.log(whole.percentile(high).us / Math.max(1, whole.percentile(low).us));
  return { standardError: spread / (2 * wide), df: share.df };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
