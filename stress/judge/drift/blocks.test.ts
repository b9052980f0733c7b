import { describe, expect, it } from "vitest";
import { levelsOf, quantile } from "./blocks.ts";
import { leastSquares } from "./least-squares.ts";

describe("quantile", () => {
  it("lies between neighbours by line, and is null of nothing", () => {
    expect(quantile([4, 1, 3, 2], 0.5)).toBe(2.5);
    expect(quantile([10, 20], 0.1)).toBe(11);
    expect(quantile([], 0.5)).toBeNull();
  });
});

describe("levelsOf", () => {
  const readings = Array.from({ length: 100 }, (_, i) => ({ atMs: i * 10, value: i % 10 }));

  it("reads the floor of every tooth", () => {
    const levels = levelsOf(readings, { fromMs: 0, toMs: 1000 }, 10, 0);
    expect(levels.map(({ value }) => value)).toEqual(new Array(10).fill(0));
    expect(levels[0]?.atMs).toBe(45);
  });

  it("leaves out a block that lost most of its readings, and times one by the readings that it has", () => {
    const holed = readings.filter(({ atMs }) => atMs < 200 || atMs >= 270).filter(({ atMs }) => atMs < 500 || atMs >= 540);
    const levels = levelsOf(holed, { fromMs: 0, toMs: 1000 }, 10, 0);
    expect(levels).toHaveLength(9);
    expect(levels.find(({ atMs }) => atMs > 500)?.atMs).toBe(565);
  });
});

it("fits small changes of large values, as memory has them", () => {
  const numbers = (figure: (i: number) => number) => Float64Array.from({ length: 50 }, (_, i) => figure(i));
  const { coefficients, residual } = leastSquares([numbers(() => 1), numbers((i) => i), numbers((i) => 2 ** 40 + 3 * i)]);
  expect(coefficients[1]).toBeCloseTo(3, 6);
  expect(residual).toBeLessThan(1e-3);
});
