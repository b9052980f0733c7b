/**
 * Whether a load was carried or merely absorbed for a while. Just above capacity a queue grows slowly and a short probe
 * meets its objectives, so what is asked for is a trend: of the arrivals that are due and not yet answered, and of the
 * response time.
 *
 * Both are read in one unit. When λ arrivals a second meet a capacity μ below it, the backlog grows by λ − μ a second and,
 * by Little's law (L = λW), the response time by (λ − μ)/λ seconds a second: the share by which the load is too high.
 */

/** A figure of the steady part, a second each; times in milliseconds. */
export interface Point {
  atMs: number;
  value: number;
}

export interface Trend {
  /** Change of the value a second, by Theil and Sen: the median slope of all pairs, which one bad second cannot move. */
  slope: number;
  /** Chance of so much upward order, or more, in a series without a trend. */
  p: number;
}

/** A series is read in at most this many means of neighbours: what an hour has more in seconds adds cost, not knowledge. */
const mostPoints = 60;
/** Fewer points than this have no trend that could not be chance. */
const fewestPoints = 4;

/**
 * The upward trend of a series: slope by Theil (1950) and Sen (1968); significance by Mann (1945) and Kendall (1975), the
 * variance corrected for autocorrelation by Hamed and Rao ("A modified Mann-Kendall trend test for autocorrelated data",
 * Journal of Hydrology 204, 1998), since a queue remembers. Pure.
 */
export function upwardTrend(series: readonly Point[]): Trend {
  const points = thinned(series);
  const n = points.length;
  if (n < fewestPoints) return { slope: 0, p: 1 };
  const slopes: number[] = [];
  let s = 0;
  for (let i = 0; i < n; i++) {
    for (let j = i + 1; j < n; j++) {
      const [a, b] = [points[i] as Point, points[j] as Point];
      s += Math.sign(b.value - a.value);
      if (b.atMs > a.atMs) slopes.push(((b.value - a.value) * 1000) / (b.atMs - a.atMs));
    }
  }
  const slope = median(slopes);
  const residuals = points.map(({ atMs, value }) => value - (slope * atMs) / 1000);
  const values = points.map(({ value }) => value);
  const variance = varianceOf(values) * correction(ranksOf(residuals));
  // Continuity correction: S moves in steps of two.
  return { slope, p: variance === 0 ? 1 : 1 - normal((s - Math.sign(s)) / Math.sqrt(variance)) };
}

/** Variance of S without a trend, ties taken into account. */
function varianceOf(values: readonly number[]): number {
  const n = values.length;
  const ties = new Map<number, number>();
  for (const value of values) ties.set(value, (ties.get(value) ?? 0) + 1);
  const of = (t: number) => t * (t - 1) * (2 * t + 5);
  return [...ties.values()].reduce((sum, t) => sum - of(t), of(n)) / 18;
}

/** Factor n/n* by which autocorrelated ranks widen the variance; never narrower than independent ones, which is the safe side. */
function correction(ranks: readonly number[]): number {
  const n = ranks.length;
  const mean = (n + 1) / 2;
  const total = ranks.reduce((sum, rank) => sum + (rank - mean) ** 2, 0);
  if (total === 0) return 1;
  let sum = 0;
  for (let lag = 1; lag < n - 2; lag++) {
    let product = 0;
    for (let i = 0; i + lag < n; i++) product += ((ranks[i] as number) - mean) * ((ranks[i + lag] as number) - mean);
    const correlation = product / total;
    if (Math.abs(correlation) > 1.96 / Math.sqrt(n)) sum += (n - lag) * (n - lag - 1) * (n - lag - 2) * correlation;
  }
  return Math.max(1, 1 + (2 * sum) / (n * (n - 1) * (n - 2)));
}

/** Ranks from 1, equals sharing their mean. */
function ranksOf(values: readonly number[]): number[] {
  const order = values.map((value, index) => ({ value, index })).sort((a, b) => a.value - b.value);
  const ranks = new Array<number>(values.length).fill(0);
  for (let from = 0; from < order.length; ) {
    let to = from;
    while (to + 1 < order.length && order[to + 1]?.value === order[from]?.value) to++;
    for (let i = from; i <= to; i++) ranks[(order[i] as { index: number }).index] = (from + to) / 2 + 1;
    from = to + 1;
  }
  return ranks;
}

function thinned(series: readonly Point[]): Point[] {
  const size = Math.ceil(series.length / mostPoints);
  if (size <= 1) return [...series];
  const means: Point[] = [];
  for (let from = 0; from + size <= series.length; from += size) {
    const group = series.slice(from, from + size);
    const mean = (of: (point: Point) => number) => group.reduce((sum, point) => sum + of(point), 0) / size;
    means.push({ atMs: mean(({ atMs }) => atMs), value: mean(({ value }) => value) });
  }
  return means;
}

function median(values: number[]): number {
  const sorted = Float64Array.from(values).sort();
  const middle = (sorted.length - 1) / 2;
  const [low, high] = [sorted[Math.floor(middle)], sorted[Math.ceil(middle)]];
  return low === undefined || high === undefined ? 0 : (low + high) / 2;
}

/** Standard normal distribution, to 7.5e-8: Abramowitz and Stegun, "Handbook of Mathematical Functions", 26.2.17. */
export function normal(z: number): number {
  const t = 1 / (1 + 0.2316419 * Math.abs(z));
  const series = t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  const tail = (Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)) * series;
  return z >= 0 ? 1 - tail : tail;
}
