import { expect, it } from "vitest";
import { Counter } from "./counter.ts";

it("counts from the first value on", () => {
  const counter = new Counter();
  expect([100, 130, 130, 150].map((value) => counter.see(value))).toEqual([0, 30, 30, 50]);
});

it("goes on where what it counts begins again at zero, said or not", () => {
  const counter = new Counter();
  counter.see(100);
  counter.see(150);
  counter.beginAgain();
  // larger than the last one: only who was told knows that all of it is new
  expect(counter.see(400)).toBe(450);
  expect(counter.see(10)).toBe(460);
});

it("takes what it never saw before a new beginning for no count at all", () => {
  const counter = new Counter();
  counter.beginAgain();
  expect(counter.see(70)).toBe(0);
});

it("keeps its sum through values that are missing", () => {
  const counter = new Counter();
  counter.see(1);
  counter.see(5);
  expect(counter.see(null)).toBeNull();
  expect(counter.see(6)).toBe(5);
  expect(counter.total).toBe(5);
});
