import type { Outcome } from "./probe.ts";

/** A probe as the fit sees it; outcomes that were the generator's limit say nothing about the target. */
export interface FitObservation {
  rate: number;
  outcome: Outcome;
  durationMs: number;
}

export interface Interval {
  low: number;
  high: number;
  confidence: number;
}

export interface CapacityFit {
  /** Rate at which half the probes would hold, were they long and without accidents. */
  median: number;
  interval: Interval;
}

const confidence = 0.95;
/** Spread of the change from holding to breaking, as a share of the rate, for the shortest probe; evenly likely in logarithm. */
const spreads = [0.001, 0.002, 0.004, 0.009, 0.02, 0.05];
/** Overload that a run absorbs before it shows, in seconds of work: queues that fill, tokens saved up. */
const absorbedS = [0, 0.05, 0.15, 0.4, 1];
/** Probes that fail at any rate (a neighbour, a hiccup), and how likely each share is beforehand. */
const lapses = [
  [0.01, 0.5],
  [0.06, 0.3],
  [0.2, 0.2],
] as const;
/** Probes that hold at any rate. An overload that no probe shows does not happen; a misread one may. */
const guess = 0.01;
const gridPoints = 120;

/**
 * Posterior of the capacity from which loads held. The chance that a probe holds falls along a logistic curve over the
 * logarithm of the rate, with a share of probes that fail whatever the rate: the psychometric function of Wichmann and Hill
 * (Perception & Psychophysics 63, 2001), whose lapses keep one accident from moving the threshold. Threshold, spread and
 * lapse share are weighed on a grid as Kontsevich and Tyler do (Vision Research 39, 1999); the interval is the central one
 * of the threshold's marginal. A maximum of the likelihood would not do: bisection separates what held from what broke, and
 * for separated data the slope's estimate is infinite. Two things follow from a run's length: one twice as long averages
 * twice as much noise, so its curve is narrower by the root of two; and an overload of a share e adds e seconds of work a
 * second, so a run of T seconds that absorbs h seconds of work holds up to an overload of h/T. The capacity is what a run
 * without end would hold.
 *
 * @returns null unless something held and something broke. Pure.
 */
export function fitCapacity(observations: readonly FitObservation[]): CapacityFit | null {
  const judged = observations.filter(({ outcome }) => outcome !== "generator");
  const held = judged.filter(({ outcome }) => outcome === "pass");
  if (held.length === 0 || held.length === judged.length) return null;
  const rates = judged.map(({ rate }) => Math.log(rate));
  const shortestMs = Math.min(...judged.map(({ durationMs }) => durationMs));
  const data = judged.map(({ rate, outcome, durationMs }) => {
    return { x: Math.log(rate), held: outcome === "pass", sharpness: Math.sqrt(durationMs / shortestMs), durationMs };
  });
  // Beyond the rates tried nothing is known; a factor of two leaves room to say so.
  let [from, to] = [Math.min(...rates) - Math.LN2, Math.max(...rates) + Math.LN2];
  let grid = posterior(data, from, to);
  // Where nearly all of the weight is, the grid is laid again, finer.
  for (let pass = 0; pass < 2; pass++) {
    const step = (to - from) / gridPoints;
    [from, to] = [quantile(grid, 1e-5) - 2 * step, quantile(grid, 1 - 1e-5) + 2 * step];
    grid = posterior(data, from, to);
  }
  const at = (share: number) => Math.exp(quantile(grid, share));
  const tail = (1 - confidence) / 2;
  return { median: at(0.5), interval: { low: at(tail), high: at(1 - tail), confidence } };
}

interface Datum {
  x: number;
  held: boolean;
  sharpness: number;
  durationMs: number;
}

/** Weights of thresholds, as many as `gridPoints`, from `from` to `to`. */
interface Grid {
  thresholds: number[];
  weights: number[];
}

function posterior(data: readonly Datum[], from: number, to: number): Grid {
  const thresholds = Array.from({ length: gridPoints }, (_, i) => from + ((to - from) * (i + 0.5)) / gridPoints);
  // Products, not sums of logarithms: a factor is a hundredth at the least, and a search has some sixty.
  const weights = thresholds.map((threshold) => {
    let weight = 0;
    for (const absorbed of absorbedS) {
      for (const spread of spreads) {
        const curve = data.map(({ x, sharpness, durationMs }) => {
          return 1 / (1 + Math.exp(((x - threshold - (1000 * absorbed) / durationMs) * sharpness) / spread));
        });
        for (const [lapse, prior] of lapses) weight += prior * likelihood(data, curve, lapse);
      }
    }
    return weight;
  });
  return { thresholds, weights };
}

function likelihood(data: readonly Datum[], curve: readonly number[], lapse: number): number {
  let product = 1;
  for (let i = 0; i < data.length; i++) {
    const holds = guess + (1 - guess - lapse) * (curve[i] as number);
    product *= (data[i] as Datum).held ? holds : 1 - holds;
  }
  return product;
}

function quantile({ thresholds, weights }: Grid, share: number): number {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const step = (thresholds[1] as number) - (thresholds[0] as number);
  let before = 0;
  for (const [i, weight] of weights.entries()) {
    if (before + weight >= share * total) {
      const within = weight === 0 ? 0.5 : (share * total - before) / weight;
      return (thresholds[i] as number) + (within - 0.5) * step;
    }
    before += weight;
  }
  return thresholds.at(-1) as number;
}
