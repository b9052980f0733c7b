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
export function noises(timesMs: Float64Array, longestMs: number): Noise[] {
  const { spanMs, blockMs } = spacing(timesMs);
  const times: number[] = [];
  for (let time = blockMs / 2; time < 3 * spanMs; time *= 2) times.push(time);
  const whites = [0];
  // Beyond this a walk adds less to a slope's error than white noise does.
  for (let white = 0.2; white < timesMs.length ** 2; white *= 4) whites.push(white);
  times.push(Number.POSITIVE_INFINITY);
  const remembered = times.filter((time) => time <= longestMs);
  const mixed = remembered.flatMap((correlationMs) => whites.map((white) => ({ correlationMs, white })));
  return [{ correlationMs: 0, white: 0 }, ...mixed];
}

/** A Kalman filter of one state, the same for all series that are read at the same times. */
export interface Whitening {
  phis: Float64Array;
  gains: Float64Array;
  scales: Float64Array;
  logVariance: number;
  meanPhi: number;
}

/** The likelihood of the noise rests on contrasts that no constant moves, so a walk may start at zero. */
export function whiteningOf(timesMs: Float64Array, { correlationMs, white }: Noise): Whitening {
  const { blockMs } = spacing(timesMs);
  const walks = correlationMs === Number.POSITIVE_INFINITY;
  // In units of the variance gained within one block.
  const perBlock = -Math.expm1((-2 * blockMs) / correlationMs);
  const count = timesMs.length;
  const [phis, gains, scales] = [new Float64Array(count), new Float64Array(count), new Float64Array(count)];
  let variance = walks ? 0 : 1 / perBlock;
  let [logVariance, phiSum, beforeMs] = [0, 0, timesMs[0] ?? 0];
  for (const [i, atMs] of timesMs.entries()) {
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
  return { phis, gains, scales, logVariance, meanPhi: phiSum / (count - 1) };
}

/** A series as its surprises, each in units of its deviation, written to `surprises`. */
export function whiten({ phis, gains, scales }: Whitening, series: Float64Array, surprises: Float64Array): void {
  let state = 0;
  for (let i = 0; i < series.length; i++) {
    const expected = (phis[i] as number) * state;
    const surprise = (series[i] as number) - expected;
    state = expected + (gains[i] as number) * surprise;
    surprises[i] = surprise * (scales[i] as number);
  }
}

function spacing(timesMs: Float64Array): { spanMs: number; blockMs: number } {
  const spanMs = (timesMs.at(-1) ?? 0) - (timesMs[0] ?? 0);
  return { spanMs, blockMs: spanMs / (timesMs.length - 1) };
}
