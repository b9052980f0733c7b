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
  for (let time = blockMs / 2; time < 3 * spanMs; time *= 2) times.push(time);
  const whites = [0];
  // Beyond this a walk adds less to a slope's error than white noise does.
  for (let white = 0.2; white < levels.length ** 2; white *= 4) whites.push(white);
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
  series: readonly Float64Array[],
): { whitened: Float64Array[]; logVariance: number; meanPhi: number } {
  const { blockMs } = spacing(levels);
  const walks = correlationMs === Number.POSITIVE_INFINITY;
  // In units of the variance gained within one block.
  const perBlock = -Math.expm1((-2 * blockMs) / correlationMs);
  const count = levels.length;
  const [phis, gains, scales] = [new Float64Array(count), new Float64Array(count), new Float64Array(count)];
  let variance = walks ? 0 : 1 / perBlock;
  let [logVariance, phiSum, beforeMs] = [0, 0, levels[0]?.atMs ?? 0];
  for (const [i, { atMs }] of levels.entries()) {
    if (i > 0) {
      const gapMs = atMs - beforeMs;
      const phi = walks ? 1 : Math.exp(-gapMs / correlationMs);
      variance = phi * phi * variance + (walks ? gapMs / blockMs : -Math.expm1((-2 * gapMs) / correlationMs) / perBlock);
      phis[i] = phi;
      phiSum += phi;
      beforeMs = atMs;
    }
    // A walk's first level is its constant.
    const total = variance + white || 1;
    const gain = white === 0 ? 1 : variance / total;
    variance *= 1 - gain;
    logVariance += Math.log(total);
    gains[i] = gain;
    scales[i] = 1 / Math.sqrt(total);
  }
  const whitened = series.map((column) => {
    const surprises = new Float64Array(count);
    let state = 0;
    for (let i = 0; i < count; i++) {
      const expected = (phis[i] as number) * state;
      const surprise = (column[i] as number) - expected;
      state = expected + (gains[i] as number) * surprise;
      surprises[i] = surprise * (scales[i] as number);
    }
    return surprises;
  });
  return { whitened, logVariance, meanPhi: phiSum / (count - 1) };
}

function spacing(levels: readonly Level[]): { spanMs: number; blockMs: number } {
  const spanMs = (levels.at(-1)?.atMs ?? 0) - (levels[0]?.atMs ?? 0);
  return { spanMs, blockMs: spanMs / (levels.length - 1) };
}
