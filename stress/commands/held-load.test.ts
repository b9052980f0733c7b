import { describe, expect, it, test } from "vitest";
import { driftOf, leastReadings } from "../judge/drift.ts";
import { parseStages } from "../profile/stages.ts";
import { refuseUnjudged } from "./held-load.ts";

const refused = (stage: string[], sampleEvery?: string) => {
  const { stages } = parseStages(stage);
  return () => refuseUnjudged({ model: "closed", stages, thinkTime: null }, sampleEvery);
};

describe("a load whose drift could not be judged is refused", () => {
  it.each([
    ["a ramp", ["30m:50"], undefined, /no stage holds one/],
    ["a ramp and a pause", ["30m:50", "1s:0", "30m:0"], undefined, /no stage holds one/],
    [
      "a hold with too few readings",
      ["1m:50", "1h:50"],
      "5m",
      /"5m" makes 12 readings .* held for 1h: .* 24 at least, 2m30s apart/,
    ],
    ["holds that have enough only together", ["1m:5", "12m:5", "1m:9", "12m:9"], "1m", /makes 12 readings/],
  ])("%s", (_, stage, sampleEvery, message) => {
    expect(refused(stage, sampleEvery)).toThrow(message);
  });

  it("a number of requests", () => {
    expect(() => refuseUnjudged({ model: "requests", requests: 9, users: 1, thinkTime: null })).toThrow(/no stage holds one/);
  });

  it.each([
    ["a hold", ["1m:50", "1h:50"], "2m30s"],
    ["a short hold, where nobody says how often it is read", ["1s:50", "9s:50"], undefined],
  ])("not %s", (_, stage, sampleEvery) => {
    expect(refused(stage, sampleEvery)).not.toThrow();
  });
});

test("so many readings are the least that memory is judged by", () => {
  const judged = (count: number) => {
    const readings = Array.from({ length: count }, (_, i) => ({ atMs: i * 1000, value: 2 ** 27 + (i % 3) * 4096 }));
    const series = { figure: "rss", readings, load: { fromMs: 0, toMs: count * 1000 }, taken: count, lost: 0 } as const;
    return driftOf(series, { limitBytes: 2 ** 31, baselineBytes: null, falseAlarm: 0.003 }).reasons.join();
  };
  expect(judged(leastReadings - 1)).toMatch(/too few samples/);
  expect(judged(leastReadings)).not.toMatch(/too few samples/);
});

test("a run that held none, for it was cut short, says so", () => {
  const options = { limitBytes: 2 ** 31, baselineBytes: null, falseAlarm: 0.003 };
  const { verdict, reasons } = driftOf({ figure: "rss", readings: [], load: null, taken: 0, lost: 0 }, options);
  expect([verdict, reasons]).toEqual(["undecided", ["no stage held a constant load"]]);
});
