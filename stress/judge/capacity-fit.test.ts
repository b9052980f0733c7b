import { describe, expect, test } from "vitest";
import { type FitObservation, fitCapacity } from "./capacity-fit.ts";

const probe = (rate: number, outcome: FitObservation["outcome"], durationMs = 10_000): FitObservation => ({
  rate,
  outcome,
  durationMs,
});

const clear = [
  probe(250, "pass"),
  probe(500, "pass"),
  probe(1000, "pass"),
  probe(2000, "fail"),
  probe(2000, "fail"),
  probe(1414, "pass"),
  probe(1682, "fail"),
  probe(1682, "fail"),
  probe(1542, "fail"),
  probe(1542, "fail"),
  probe(1477, "pass"),
];

function fitted(observations: readonly FitObservation[]) {
  const fit = fitCapacity(observations);
  if (fit === null) throw new Error("no fit");
  return fit;
}

describe("the interval", () => {
  test("reaches from about what held to about what broke", () => {
    const { interval, median } = fitted(clear);
    expect(interval.low).toBeGreaterThan(1300);
    expect(interval.high).toBeLessThan(1600);
    expect(median).toBeGreaterThan(interval.low);
    expect(median).toBeLessThan(interval.high);
  });

  test("is narrower with a long run that held", () => {
    const { interval } = fitted([...clear, probe(1477, "pass", 60_000)]);
    const before = fitted(clear).interval;
    expect(interval.high / interval.low).toBeLessThan(before.high / before.low);
  });

  test("comes down where a long run broke what short ones held", () => {
    const { median } = fitted([...clear, probe(1477, "fail", 60_000), probe(1477, "fail", 60_000), probe(1455, "pass", 60_000)]);
    expect(median).toBeLessThan(fitted(clear).median);
    expect(median).toBeLessThan(1490);
  });

  test("is hardly moved by one accident far below", () => {
    const { interval } = fitted([...clear, probe(500, "fail")]);
    expect(interval.low).toBeGreaterThan(1300);
    expect(interval.high).toBeLessThan(1600);
  });

  test("does not depend on the unit of the rate", () => {
    const thousandth = fitted(clear.map((each) => ({ ...each, rate: each.rate / 1000 })));
    expect(thousandth.median * 1000).toBeCloseTo(fitted(clear).median, 3);
  });
});

test("without something that held and something that broke there is none", () => {
  expect(fitCapacity([])).toBeNull();
  expect(fitCapacity([probe(50, "pass"), probe(100, "pass"), probe(200, "generator")])).toBeNull();
  expect(fitCapacity([probe(50, "fail"), probe(50, "fail")])).toBeNull();
});
