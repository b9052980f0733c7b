import { parseArgs } from "node:util";
import { tallyOf } from "./proof.ts";
import { ornstein, type Shape } from "./test-traces.ts";

/**
 * `npm run proof:limits -- [--seeds N] [--seed-from N]`: the slowest leak that is still found in 95 % of runs, by the noise it hides
 * in: its standard deviation σ and its correlation time τ. Seeds follow each other, so the table is the same on every machine.
 */

interface Noise {
  /** MiB. */
  sigma: number;
  tauS: number;
  minutes: number;
}

const foundShare = 0.95;
/** Leaks are tried at these many to the factor of two. */
const stepsToDouble = 4;
/** MiB a minute: a leak that fills 1 GiB within the hour, and one that takes a month to. */
const [steepest, flattest] = [16, 1 / 64];

const linear =
  (perMinute: number, tauS: number): Shape =>
  ({ sigma, intervalMs }, gauss) => {
    const noise = ornstein(gauss, sigma, tauS, intervalMs / 1000);
    return (t) => noise() + (perMinute * t) / 60;
  };

/** Share of `seeds` runs in which a leak of `perMinute` MiB is called leaking. */
export function foundIn(perMinute: number, { sigma, tauS, minutes }: Noise, seeds: number, seedFrom: number): number {
  const setting = { minutes, intervalMs: minutes > 15 ? 2000 : 1000, sigma, seeds, seedFrom };
  return tallyOf(linear(perMinute, tauS), setting).leaking / seeds;
}

/**
 * MiB a minute of the slowest leak found in 95 % of runs, on a grid of quarter octaves: by bisection, as steeper leaks are easier to find.
 * Null where even the steepest is not.
 */
export function detectionLimit(found: (perMinute: number) => number): number | null {
  const at = (index: number) => flattest * 2 ** (index / stepsToDouble);
  let [misses, finds] = [-1, Math.log2(steepest / flattest) * stepsToDouble];
  if (found(at(finds)) < foundShare) return null;
  while (finds - misses > 1) {
    const middle = Math.floor((finds + misses) / 2);
    if (found(at(middle)) < foundShare) misses = middle;
    else finds = middle;
  }
  return at(finds);
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: { seeds: { type: "string", default: "200" }, "seed-from": { type: "string", default: "1" } },
  });
  const [seeds, seedFrom] = [Number(values.seeds), Number(values["seed-from"])];
  const durations = [15, 60];
  console.log(`MiB a minute of the slowest leak found in 95 % of ${seeds} runs, from seed ${seedFrom}\n`);
  console.log(`| noise | ${durations.map((minutes) => `${minutes} min`).join(" | ")} |`);
  console.log(`|---|${"---|".repeat(durations.length)}`);
  for (const sigma of [0.5, 2, 8]) {
    for (const tauS of [2, 10, 60]) {
      const limits = durations.map((minutes) =>
        detectionLimit((perMinute) => foundIn(perMinute, { sigma, tauS, minutes }, seeds, seedFrom)),
      );
      const cells = limits.map((limit) => (limit === null ? `above ${steepest}` : limit.toPrecision(2)));
      console.log(`| σ ${sigma} MiB, τ ${tauS} s | ${cells.join(" | ")} |`);
    }
  }
}
