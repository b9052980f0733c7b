import { expect, test } from "vitest";
import { describeActual, describeExpression, describeObjective, unitOf } from "./objective.ts";

test.each([
  ["p(95)<250", "ms", "p(95) < 250 ms"],
  ["p(99.9) <= 1500", "ms", "p(99.9) <= 1,500 ms"],
  ["rate<0.01", "ratio", "rate < 1 %"],
  ["rate>0.995", "ratio", "rate > 99.5 %"],
  ["rate>=1000", "rate", "rate >= 1,000/s"],
  ["count<10", "count", "count < 10"],
  ["something else", "ms", "something else"],
] as const)("%s of %s reads %s", (expression, unit, text) => {
  expect(describeExpression(expression, unit)).toBe(text);
});

test.each([
  ["http_req_duration", "p(95)<250", "ms", "p(95) < 250 ms"],
  ["http_req_duration{expected_response:true}", "p(95)<250", "ms", "p(95) successes < 250 ms"],
  ["http_req_failed", "rate<0.01", "ratio", "failed < 1 %"],
  ["checks", "rate>0.99", "ratio", "checks > 99 %"],
  ["response_time", "p(99)<500", "ms", "response p(99) < 500 ms"],
  ["dropped_iterations", "count<5", "count", "dropped count < 5"],
  ["http_req_duration{route:/users}", "med<20", "ms", "http_req_duration{route:/users} med < 20 ms"],
] as const)("%s %s reads as a phrase", (metric, expression, unit, text) => {
  expect(describeObjective(metric, expression, unit)).toBe(text);
});

test("the actual figure has the unit of its limit", () => {
  expect(describeActual(14.2, "ms")).toBe("14.2 ms");
  expect(describeActual(0.0231, "ratio")).toBe("2.31 %");
  expect(describeActual(1934, "rate")).toBe("1,934/s");
  expect(describeActual(7, "count")).toBe("7");
  expect(describeActual(null, "ms")).toBe("–");
});

test("what a gauge compares is a share for apdex, and a number for users", () => {
  const gauge = { type: "gauge", contains: "default", values: { value: 0.85, min: 0.85, max: 0.85 } } as const;
  expect(unitOf("apdex", gauge, "value>0.9")).toBe("ratio");
  expect(unitOf("apdex{route:/a}", gauge, "value>0.9")).toBe("ratio");
  expect(unitOf("vus_max", gauge, "value<100")).toBe("count");
});
