import { describe, expect, it } from "vitest";
import { checkStages, isHold, labelOf, levelAt, parseStages, stageAt, totalDurationMs } from "./stages.ts";
import { UsageError } from "./usage-error.ts";

const reference = parseStages(["30s:50", "120s:50", "60s:100", "30s:0"]).stages;

describe("parseStages", () => {
  it("ramps each stage from the level before it, the first from zero", () => {
    expect(reference).toEqual([
      { durationMs: 30_000, from: 0, to: 50 },
      { durationMs: 120_000, from: 50, to: 50 },
      { durationMs: 60_000, from: 50, to: 100 },
      { durationMs: 30_000, from: 100, to: 0 },
    ]);
  });

  it("reads rates, and rates by the minute, as arrivals a second", () => {
    expect(parseStages(["30s:500/s", "1m:60k/m"])).toEqual({
      unit: "requests/s",
      stages: [
        { durationMs: 30_000, from: 0, to: 500 },
        { durationMs: 60_000, from: 500, to: 1000 },
      ],
    });
  });

  it("starts at a given level", () => {
    expect(parseStages(["1m:10"], { from: 10 }).stages).toEqual([{ durationMs: 60_000, from: 10, to: 10 }]);
  });

  it("reads several stages in one value, as k6 does", () => {
    expect(parseStages(["30s:50,2m:100", "10s:0"]).stages).toEqual(parseStages(["30s:50", "2m:100", "10s:0"]).stages);
  });

  it("refuses users mixed with rates", () => {
    expect(() => parseStages(["30s:50", "30s:500/s"])).toThrow('--stage mixes users and rates in "30s:50 30s:500/s"');
    expect(() => parseStages(["30s:50", "30s:500/s"])).toThrow(UsageError);
  });

  it.each([
    ["0s:50", '--stage "0s:50": duration "0s" is zero', "no time"],
    ["30:50", '--stage "30:50": duration "30" has no unit', "a bare number for the time"],
    ["-30s:50", '--stage "-30s:50": duration "-30s" is not a duration', "negative time"],
    ["30s:-50", '--stage "30s:-50": target "-50" is not a whole number', "a negative target"],
    ["30s:NaN", '--stage "30s:NaN": target "NaN" is not a whole number', "not a number"],
    ["30s:1.5", '--stage "30s:1.5": target "1.5" is not a whole number', "half a user"],
    ["30s:500/x", '--stage "30s:500/x": target "500/x" is not a rate', "an unknown time unit"],
    ["30s", '--stage "30s" is not a stage: accepted is DURATION:USERS such as 30s:50', "no target"],
    ["30s:", '--stage "30s:" is not a stage', "an empty target"],
    [":50", '--stage ":50" is not a stage', "no time"],
    ["30s:50:60", '--stage "30s:50:60" is not a stage', "three parts"],
    ["", '--stage "" is not a stage', "nothing"],
    ["30s:50,", '--stage "" is not a stage', "a trailing comma"],
    ["30s:0", "never rises above zero", "a profile that sends nothing"],
    ["30s:0/s", "never rises above zero", "a rate of nothing"],
  ])("refuses %j, saying %j: %s", (text, message) => {
    expect(() => parseStages([text])).toThrow(UsageError);
    expect(() => parseStages([text])).toThrow(message);
  });

  it("refuses an empty profile, and names the flag it came from", () => {
    expect(() => parseStages([], { what: "--shape" })).toThrow("--shape: the profile is empty");
  });
});

describe("checkStages", () => {
  it.each([
    [{ durationMs: Number.NaN, from: 0, to: 1 }, "lasts NaN ms"],
    [{ durationMs: 0, from: 0, to: 1 }, "lasts 0 ms"],
    [{ durationMs: Number.POSITIVE_INFINITY, from: 0, to: 1 }, "lasts Infinity ms"],
    [{ durationMs: 1, from: -1, to: 1 }, "level -1"],
    [{ durationMs: 1, from: 1, to: Number.NaN }, "level NaN"],
  ])("refuses %j", (stage, message) => {
    expect(() => checkStages([stage])).toThrow(message);
  });

  it("lets a pause between loads pass", () => {
    expect(() => checkStages(parseStages(["1s:5", "1s:0", "1s:0", "1s:5"]).stages)).not.toThrow();
  });
});

describe("over time", () => {
  it("adds the durations up", () => {
    expect(totalDurationMs(reference)).toBe(240_000);
  });

  it.each([
    [-1, 0, 0, "before the load"],
    [0, 0, 0, "at its start"],
    [15_000, 25, 0, "half way up the ramp"],
    [30_000, 50, 1, "where the ramp meets the hold"],
    [100_000, 50, 1, "on the hold"],
    [180_000, 75, 2, "half way up the second ramp"],
    [225_000, 50, 3, "half way down"],
    [240_000, 0, 3, "at the end"],
    [999_000, 0, 3, "after the end"],
  ])("at %d ms the level is %d, in stage %d: %s", (tMs, level, stage) => {
    expect(levelAt(reference, tMs)).toBe(level);
    expect(stageAt(reference, tMs)).toBe(stage);
  });

  it("takes the later stage's level where a profile jumps", () => {
    const jump = [
      { durationMs: 1_000, from: 10, to: 10 },
      { durationMs: 1_000, from: 90, to: 90 },
    ];
    expect(levelAt(jump, 999)).toBe(10);
    expect(levelAt(jump, 1_000)).toBe(90);
  });

  it("knows which stages hold a level", () => {
    expect(reference.map(isHold)).toEqual([false, true, false, false]);
    expect(isHold({ durationMs: 1, from: 0, to: 0 })).toBe(false);
  });
});

it.each([
  [0, 50, "users", "ramp 0 → 50 users"],
  [50, 50, "users", "hold 50 users"],
  [0, 1, "users", "ramp 0 → 1 user"],
  [1, 1, "users", "hold 1 user"],
  [100, 0, "users", "ramp 100 → 0 users"],
  [100, 500, "requests/s", "ramp 100 → 500 requests/s"],
  [1 / 3, 1 / 3, "requests/s", "hold 0.33 requests/s"],
  [0, 0, "users", "pause 30s"],
] as const)("labels %d → %d %s as %j", (from, to, unit, label) => {
  expect(labelOf({ durationMs: 30_000, from, to }, unit)).toBe(label);
});
