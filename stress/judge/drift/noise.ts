import type { Level } from "./effect.ts";

/**
 * Noise of levels: an Ornstein-Uhlenbeck process, which is the AR(1) of unevenly spaced readings, with white noise on top.
 * A correlation time of 0 is white noise alone, an infinite one a random walk. `white` is the variance of the white noise
 * over that which the process gains within one block: without it a slow walk under fast noise would be taken for fast noise.
 */
export interface Noise {
  correlationMs: number;
  white: number;
}

/** All kinds that are tried: times from half a block to three times the span, and a walk; each under little to much white noise. */
export function noises(levels: readonly Level[], longestMs: number): Noise[] {
  const { spanMs, blockMs } = spacing(levels);
  const times: number[] = [];
  for (let time = blockMs / 2; time < 3 * spanMs; time *= 1.8) times.push(time);
  const whites = [0];
  // Beyond this a walk adds less to a slope's error than white noise does.
  for (let white = 0.2; white < levels.length ** 2; white *= 2.5) whites.push(white);
  times.push(Number.POSITIVE_INFINITY);
  const remembered = times.filter((time) => time <= longestMs);
  const mixed = remembered.flatMap((correlationMs) => whites.map((white) => ({ correlationMs, white })));
  return [{ correlationMs: 0, white: 0 }, ...mixed];
}

/**
 * Series as their surprises, each in units of its deviation: a Kalman filter of one state, which all series share.
 * The likelihood of the noise rests on contrasts that no constant moves, so a walk may start at zero.
 */
export function whiten(
  levels: readonly Level[],
  { correlationMs, white }: Noise,
  series: readonly (readonly number[])[],
): { rows: number[][]; logVariance: number; meanPhi: number } {
  const { blockMs } = spacing(levels);
  const walks = correlationMs === Number.POSITIVE_INFINITY;
  // In units of the variance gained within one block.
  const perBlock = -Math.expm1((-2 * blockMs) / correlationMs);
  const gained = (gapMs: number) => (walks ? gapMs / blockMs : -Math.expm1((-2 * gapMs) / correlationMs) / perBlock);
  const expected = series.map(() => 0);
  let variance = walks ? 0 : 1 / perBlock;
  let [logVariance, phis] = [0, 0];
  const rows = levels.map(({ atMs }, i) => {
    const before = levels[i - 1];
    if (before !== undefined) {
      const gapMs = atMs - before.atMs;
      const phi = walks ? 1 : Math.exp(-gapMs / correlationMs);
      phis += phi;
      variance = phi * phi * variance + gained(gapMs);
      for (let j = 0; j < expected.length; j++) expected[j] = phi * (expected[j] ?? 0);
    }
    // A walk's first level is its constant.
    const total = variance + white || 1;
    const gain = white === 0 ? 1 : variance / total;
    variance *= 1 - gain;
    logVariance += Math.log(total);
    return series.map((column, j) => {
      const surprise = (column[i] ?? 0) - (expected[j] ?? 0);
      expected[j] = (expected[j] ?? 0) + gain * surprise;
      return surprise / Math.sqrt(total);
    });
  });
  return { rows, logVariance, meanPhi: phis / (levels.length - 1) };
}

function spacing(levels: readonly Level[]): { spanMs: number; blockMs: number } {
  const spanMs = (levels.at(-1)?.atMs ?? 0) - (levels[0]?.atMs ?? 0);
  return { spanMs, blockMs: spanMs / (levels.length - 1) };
}
