import type { Precision } from "./batch-means.ts";
import type { Figure } from "./figures.ts";

/**
 * How far B is from A: on the logarithm for a ratio, as it is for a share. The run is the replicate: what is uncertain
 * follows from how runs of one side differ, never from the number of requests.
 */
export interface Effect {
  change: number;
  standardError: number;
  df: number;
  /** The change is no more than a bound, because one side's percentile is: the true one is higher, or lower. */
  bound: "lower" | "upper" | null;
}

/** A figure in each run of a side. */
export type Replicates = readonly Figure[];

const scaled = ({ kind, value, resolution }: Figure) => (kind.scale === "ratio" ? Math.log(Math.max(value, resolution)) : value);

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

function squaresAround(values: readonly number[]): number {
  const centre = mean(values);
  return values.reduce((sum, value) => sum + (value - centre) ** 2, 0);
}

/**
 * The variance that a run has at the least: figures rounded alike would otherwise look certain. Rounding to steps of d
 * has variance d²/12 (Sheppard 1898); a count of failures varies as a binomial one, here with one success and one failure
 * added, so that none at all is not certain either (Agresti & Caffo 2000, The American Statistician 54).
 */
function leastVariance({ kind, value, resolution, trials }: Figure): number {
  if (kind.scale === "ratio") return (resolution / Math.max(value, resolution)) ** 2 / 12;
  const share = (value * trials + 1) / (trials + 2);
  return (share * (1 - share)) / trials;
}

const leastOf = (side: Replicates) => mean(side.map(leastVariance));

function boundOf(a: Replicates, b: Replicates): Effect["bound"] {
  if (b.some(({ beyond }) => beyond)) return "lower";
  return a.some(({ beyond }) => beyond) ? "upper" : null;
}

/** Two sides of two or more runs: Welch's t (Welch 1947, Biometrika 34), which takes no side's spread for the other's. */
export function welch(a: Replicates, b: Replicates): Effect {
  const sides = [a, b].map((side) => {
    const values = side.map(scaled);
    const variance = Math.max(squaresAround(values) / (side.length - 1), leastOf(side));
    return { centre: mean(values), squared: variance / side.length, df: side.length - 1 };
  });
  const [first, second] = sides as [(typeof sides)[number], (typeof sides)[number]];
  return {
    change: second.centre - first.centre,
    standardError: Math.sqrt(first.squared + second.squared),
    df: satterthwaite(sides),
    bound: boundOf(a, b),
  };
}

/** Runs of A and B made one after the other, two or more pairs: what both runs of a pair share drops out. */
export function paired(a: Replicates, b: Replicates): Effect {
  const differences = a.map((figure, i) => scaled(b[i] as Figure) - scaled(figure));
  const variance = Math.max(squaresAround(differences) / (a.length - 1), leastOf(a) + leastOf(b));
  return {
    change: mean(differences),
    standardError: Math.sqrt(variance / a.length),
    df: a.length - 1,
    bound: boundOf(a, b),
  };
}

/** One run against several: it is taken to stray as they do. */
export function oneAgainstMany(a: Replicates, b: Replicates): Effect {
  const many = a.length > 1 ? a : b;
  const values = many.map(scaled);
  const variance = Math.max(squaresAround(values) / (many.length - 1), leastOf(many));
  return {
    change: mean(b.map(scaled)) - mean(a.map(scaled)),
    standardError: Math.sqrt(variance / a.length + variance / b.length),
    df: many.length - 1,
    bound: boundOf(a, b),
  };
}

/**
 * A run against a run. How runs differ cannot be seen, so it is assumed (`strayBetweenRuns`), and what each run shows of
 * its own uncertainty comes on top. The assumption is taken as known.
 */
export function oneAgainstOne(a: Figure, b: Figure, within: readonly [Precision, Precision]): Effect {
  const { scale, strayBetweenRuns } = a.kind;
  const share = mean([a.value, b.value]);
  const stray = scale === "ratio" ? strayBetweenRuns : strayBetweenRuns * share * (1 - share);
  const runs = [a, b].map((figure, i) => {
    const { standardError, df } = within[i] as Precision;
    return { squared: Math.max(standardError ** 2, leastVariance(figure)), df };
  });
  const parts = [...runs, { squared: 2 * stray ** 2, df: Number.POSITIVE_INFINITY }];
  return {
    change: scaled(b) - scaled(a),
    standardError: Math.sqrt(parts.reduce((sum, { squared }) => sum + squared, 0)),
    df: satterthwaite(parts),
    bound: boundOf([a], [b]),
  };
}

/**
 * A line through the runs of three or more groups, in their order: the change from the first to the last. Null with fewer
 * than three runs, or where percentiles are bounds, since a line through bounds is none.
 */
export function trend(groups: readonly Replicates[]): Effect | null {
  const points = groups.flatMap((group, x) => group.map((figure) => ({ x, y: scaled(figure), figure })));
  if (points.length < 3 || points.some(({ figure }) => figure.beyond)) return null;
  const centreX = mean(points.map(({ x }) => x));
  const centreY = mean(points.map(({ y }) => y));
  const squaresX = points.reduce((sum, { x }) => sum + (x - centreX) ** 2, 0);
  if (squaresX === 0) return null;
  const slope = points.reduce((sum, { x, y }) => sum + (x - centreX) * (y - centreY), 0) / squaresX;
  const squares = points.reduce((sum, { x, y }) => sum + (y - centreY - slope * (x - centreX)) ** 2, 0);
  const df = points.length - 2;
  const variance = Math.max(squares / df, leastOf(points.map(({ figure }) => figure)));
  const steps = groups.length - 1;
  return { change: slope * steps, standardError: Math.sqrt(variance / squaresX) * steps, df, bound: null };
}

/** Degrees of freedom of a sum of variances (Satterthwaite 1946, Biometrics Bulletin 2). */
function satterthwaite(parts: readonly { squared: number; df: number }[]): number {
  const total = parts.reduce((sum, { squared }) => sum + squared, 0);
  const inverse = parts.reduce((sum, { squared, df }) => sum + squared ** 2 / df, 0);
  return inverse === 0 ? Number.POSITIVE_INFINITY : total ** 2 / inverse;
}
