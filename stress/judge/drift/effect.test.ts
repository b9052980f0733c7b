import { expect, it } from "vitest";
import { seededRandom } from "../../load/random.ts";
import { studentQuantile, studentTail } from "../student.ts";
import { designOf, fitsOf } from "./design.ts";
import { effectOf } from "./effect.ts";
import { normal, ornstein } from "./test-traces.ts";

const seeds = [1, 2, 3, 4, 5];

function levelsFrom(seed: number, tauS: number) {
  const noise = ornstein(normal(seededRandom(seed, 0)), 3, tauS, 1);
  return Array.from({ length: 60 }, (_, i) => ({ atMs: 1000 * i, value: noise() + i / 10 }));
}

/** The slow way: the bound of every kind of noise, none left out. */
function boundsOf(levels: ReturnType<typeof levelsFrom>, risk: number): { lower: number; upper: number } {
  const times = Float64Array.from(levels, ({ atMs }) => atMs);
  const columns = [new Float64Array(levels.length).fill(1), Float64Array.from(levels, (_, i) => i)];
  const series = Float64Array.from(levels, ({ value }) => value);
  const fits = fitsOf(designOf(times, columns, Number.POSITIVE_INFINITY), series);
  const best = Math.max(...fits.map(({ likelihood }) => likelihood));
  let product = risk;
  for (let i = 0; i < 200; i++) product = risk / (1 - Math.log(product));
  const reach = fits.flatMap(({ estimate, error, likelihood }) => {
    const left = product / (2 * studentTail(Math.sqrt(2 * (best - likelihood)), 1e6));
    return left < 0.5 ? [{ estimate, by: studentQuantile(left, levels.length - 2) * error }] : [];
  });
  return {
    lower: Math.min(...reach.map(({ estimate, by }) => estimate - by)),
    upper: Math.max(...reach.map(({ estimate, by }) => estimate + by)),
  };
}

it.each([0.01, 5, 60])("bounds an effect by the farthest under any kind of noise, which remembers for %d s", (tauS) => {
  for (const seed of seeds) {
    const levels = levelsFrom(seed, tauS);
    const effect = effectOf(levels, (i) => i, { lower: 0.01, upper: 0.01 });
    const { lower, upper } = boundsOf(levels, 0.01);
    expect(effect?.lower).toBeCloseTo(lower, 6);
    expect(effect?.upper).toBeCloseTo(upper, 6);
  }
});

it("finds nothing in fewer levels than three more than coefficients", () => {
  const levels = levelsFrom(1, 1);
  expect(effectOf(levels.slice(0, 4), (i) => i, { lower: 0.1, upper: 0.1 })).toBeNull();
  expect(effectOf(levels.slice(0, 5), (i) => i, { lower: 0.1, upper: 0.1 })).not.toBeNull();
});
