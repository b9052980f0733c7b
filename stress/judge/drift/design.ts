import { type Noise, noises, type Whitening, whiten, whiteningOf } from "./noise.ts";

/** What all series that are read at the same times share: the kinds of noise, and the regressors as each kind sees them. */
export interface Design {
  kinds: readonly Kind[];
  dof: number;
}

interface Kind {
  noise: Noise;
  whitening: Whitening;
  /** Whitened regressors, orthonormal: the last is what an effect is measured along. */
  basis: readonly Float64Array[];
  /** Length of the last regressor without what the others hold of it. */
  length: number;
  /** What the regressors and the noise take off the likelihood, whatever the series. */
  logPenalty: number;
  /** Of an effect's variance, for levels that are averages. */
  averaged: number;
}

/** One kind of noise held against one series. */
export interface Fit {
  noise: Noise;
  estimate: number;
  error: number;
  /** Logarithm of the restricted likelihood. */
  likelihood: number;
}

/** `columns` are the regressors, the effect's last. */
export function designOf(timesMs: Float64Array, columns: readonly Float64Array[], longestMs: number): Design {
  const kinds = noises(timesMs, longestMs).map((noise): Kind => {
    const whitening = whiteningOf(timesMs, noise);
    const basis: Float64Array[] = [];
    let [length, logDeterminant] = [0, 0];
    for (const column of columns) {
      const whitened = new Float64Array(timesMs.length);
      whiten(whitening, column, whitened);
      for (const done of basis) takeOff(done, whitened);
      length = Math.sqrt(dot(whitened, whitened));
      logDeterminant += 2 * Math.log(length);
      basis.push(whitened.map((value) => value / length));
    }
    // Levels are of blocks, and differences of averages of a walk are correlated: their long-run variance is 3/2 of their
    // variance (Working, "Note on the correlation of first differences of averages in a random chain", Econometrica 28, 1960).
    const averaged = 1 + whitening.meanPhi / 2 / (1 + 2 * noise.white);
    return { noise, whitening, basis, length, logPenalty: whitening.logVariance + logDeterminant, averaged };
  });
  return { kinds, dof: timesMs.length - columns.length };
}

/**
 * The series under every kind of noise. By modified Gram-Schmidt, which does not square the condition number as normal
 * equations do: memory is hundreds of megabytes that change by kilobytes.
 */
export function fitsOf({ kinds, dof }: Design, series: Float64Array): Fit[] {
  const rest = new Float64Array(series.length);
  return kinds.map(({ noise, whitening, basis, length, logPenalty, averaged }) => {
    whiten(whitening, series, rest);
    let along = 0;
    for (const direction of basis) along = takeOff(direction, rest);
    const s2 = Math.max(dot(rest, rest) / dof, Number.MIN_VALUE);
    const error = Math.sqrt(s2 * averaged) / length;
    return { noise, estimate: along / length, error, likelihood: -(dof * Math.log(s2) + logPenalty) / 2 };
  });
}

/** Designs by what they are made of: services of one run are read together, and so are the traces of a proof. */
export class Designs {
  readonly #most: number;
  readonly #byKey = new Map<string, Design>();

  /** A design of 180 levels takes about a megabyte. */
  constructor(most = 8) {
    this.#most = most;
  }

  of(timesMs: Float64Array, columns: readonly Float64Array[], longestMs: number): Design {
    const key = [longestMs, ...[timesMs, ...columns].map((one) => Buffer.from(one.buffer).toString("latin1"))].join();
    const design = this.#byKey.get(key) ?? designOf(timesMs, columns, longestMs);
    // The one that was not asked for the longest goes first.
    this.#byKey.delete(key);
    this.#byKey.set(key, design);
    if (this.#byKey.size > this.#most) this.#byKey.delete(this.#byKey.keys().next().value as string);
    return design;
  }
}

/** Takes what `from` holds along a direction off it, and says how much that was. */
function takeOff(direction: Float64Array, from: Float64Array): number {
  const along = dot(direction, from);
  for (let i = 0; i < from.length; i++) (from[i] as number) -= along * (direction[i] as number);
  return along;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] as number) * (b[i] as number);
  return sum;
}
