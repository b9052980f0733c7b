import { expect, test } from "vitest";
import { sparkline } from "./sparkline.ts";

test("bars stand on zero, and what is missing leaves a hole", () => {
  expect(sparkline([0, 25, 50, null, 100], 100)).toEqual(["▁▂▄ █"]);
});

test("a steady figure is a level line, not noise blown up to full height", () => {
  expect(sparkline([99, 100, 101], 200)).toEqual(["▄▄▅"]);
});

test("nothing at all is a line of zeros", () => {
  expect(sparkline([0, 0, null], 0)).toEqual(["▁▁ "]);
});

test("a tall chart is one bar over several lines", () => {
  expect(sparkline([0, 25, 50, 75, 100, null], 100, 2)).toEqual(["   ▄█ ", "▁▄███ "]);
});
