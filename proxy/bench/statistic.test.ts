import { expect, test } from "vitest";
import { median, ratios, spread } from "./statistic.ts";

test("the median of an even number is between the middle two", () => {
  expect([median([3, 1, 2]), median([4, 1, 2, 3]), median([])]).toEqual([2, 2.5, Number.NaN]);
});

test("a spread shows median and extremes", () => {
  expect([spread([2, 1, 4], 1), spread([], 1)]).toEqual(["2.0 (1.0–4.0)", "–"]);
});

test("ratios compare within a round", () => {
  expect(ratios([2, 30], [1, 10])).toEqual([2, 3]);
});
