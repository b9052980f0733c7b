import { describe, expect, test } from "vitest";
import { studentQuantile, studentTail } from "./student.ts";

describe("Student's t", () => {
  // Published tables: Abramowitz & Stegun, table 26.10, and the closed forms for 1 and 2 degrees of freedom.
  test.each([
    [0.05, 1, 6.314],
    [0.025, 1, 12.706],
    [0.025, 2, 4.303],
    [0.025, 4, 2.776],
    [0.025, 8, 2.306],
    [0.005, 10, 3.169],
    [0.0005, 10, 4.587],
    [0.05, 30, 1.697],
    [0.025, 120, 1.98],
  ])("the upper %d with %d degrees of freedom is %d", (tail, df, t) => {
    expect(studentQuantile(tail, df)).toBeCloseTo(t, 3);
    expect(studentQuantile(1 - tail, df)).toBeCloseTo(-t, 3);
  });

  test.each([0.3, 1, 3, 20, 1e6])("with one and two degrees of freedom it is the closed form, at t = %d", (t) => {
    const one = Math.atan(1 / t) / Math.PI;
    const two = 1 / (Math.sqrt(2 + t * t) * (Math.sqrt(2 + t * t) + t));
    expect(studentTail(t, 1) / one).toBeCloseTo(1, 9);
    expect(studentTail(t, 2) / two).toBeCloseTo(1, 9);
  });

  test("with very many, and infinitely many, it is the normal distribution", () => {
    expect(studentQuantile(0.025, Number.POSITIVE_INFINITY)).toBeCloseTo(1.959964, 5);
    expect(studentQuantile(0.025, 1e6)).toBeCloseTo(1.959966, 5);
    expect(studentQuantile(0.005, 3e5)).toBeCloseTo(2.575846, 4);
  });

  test("tail and quantile undo each other, for fractional degrees of freedom too", () => {
    for (const df of [1.3, 2.7, 7.91, 55.5, 1999.5]) {
      for (const tail of [0.4, 0.1, 0.01, 1e-4, 1e-8])
        expect(studentTail(studentQuantile(tail, df), df) / tail).toBeCloseTo(1, 8);
    }
  });

  test("the middle is zero, the ends are certain, nonsense stays nonsense", () => {
    expect(studentTail(0, 5)).toBeCloseTo(0.5, 12);
    expect(studentQuantile(0.5, 5)).toBeCloseTo(0, 9);
    expect([studentTail(Number.POSITIVE_INFINITY, 5), studentTail(Number.NEGATIVE_INFINITY, 5)]).toEqual([0, 1]);
    expect(studentTail(Number.NaN, 5)).toBeNaN();
  });
});
