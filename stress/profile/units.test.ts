import { describe, expect, it } from "vitest";
import { formatCount, formatDuration, formatRate, parseCount, parseDuration, parseRate } from "./units.ts";
import { UsageError } from "./usage-error.ts";

describe("parseDuration", () => {
  it.each([
    ["500ms", 500, "milliseconds"],
    ["30s", 30_000, "seconds"],
    ["5m", 300_000, "minutes, not milliseconds"],
    ["1h30m", 5_400_000, "two units"],
    ["1h30m15s250ms", 5_415_250, "all of them"],
    ["1d", 86_400_000, "a day, for a soak"],
    ["24h", 86_400_000, "the same in hours"],
    ["1.5h", 5_400_000, "a fraction"],
    ["1.1s", 1_100, "a fraction that binary floating point does not have"],
    [" 30s ", 30_000, "spaces around"],
    ["90m", 5_400_000, "more minutes than an hour has"],
  ])("%s is %d ms: %s", (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  it("hints at the unit that a bare number lacks", () => {
    expect(() => parseDuration("30", { what: "--duration" })).toThrow(
      '--duration "30" has no unit: write 30s for seconds, or one of 500ms, 30s, 5m, 1h30m',
    );
  });

  it.each([
    ["", "nothing"],
    ["s", "a unit alone"],
    ["-5s", "a negative one"],
    ["+5s", "a sign"],
    ["5x", "an unknown unit"],
    ["30m1h", "units in the wrong order"],
    ["30s30s", "a unit twice"],
    ["5 m", "a space inside"],
    ["5M", "a unit in capitals"],
    ["1e3s", "an exponent"],
    ["NaNs", "not a number"],
    ["Infinitys", "infinity"],
    [".5s", "a fraction without its zero"],
    ["30s,", "a trailing comma"],
  ])("refuses %j: %s", (text) => {
    expect(() => parseDuration(text)).toThrow(UsageError);
    expect(() => parseDuration(text)).toThrow(`duration "${text}" is not a duration: accepted are 500ms, 30s, 5m, 1h30m`);
  });

  it("refuses zero unless it is asked for", () => {
    expect(() => parseDuration("0s")).toThrow('duration "0s" is zero');
    expect(parseDuration("0s", { allowZero: true })).toBe(0);
  });

  it("refuses what a timer cannot wait for", () => {
    expect(parseDuration("24d")).toBe(24 * 86_400_000);
    expect(() => parseDuration("25d")).toThrow('duration "25d" is too long: at most 24d');
    expect(() => parseDuration(`${"9".repeat(400)}h`)).toThrow("too long");
  });
});

describe("parseRate", () => {
  it.each([
    ["500/s", 500],
    ["30k/m", 500],
    ["1.5k/s", 1500],
    ["1M/h", 1_000_000 / 3600],
    ["0.5/s", 0.5],
    ["30/m", 0.5],
  ])("%s is %d a second", (text, perSecond) => {
    expect(parseRate(text)).toBeCloseTo(perSecond, 9);
  });

  it("hints at the time unit that a bare number lacks", () => {
    expect(() => parseRate("500", { what: "--rate" })).toThrow(
      '--rate "500" has no time unit: write 500/s, or one of 500/s, 30k/m, 1.5k/s',
    );
  });

  it.each(["", "/s", "-5/s", "5/d", "5/ms", "100/1s", "5 /s", "5K/s", "NaN/s", "5rps", "5/s/s"])("refuses %j", (text) => {
    expect(() => parseRate(text)).toThrow(UsageError);
    expect(() => parseRate(text)).toThrow(`rate "${text}" is not a rate: accepted are 500/s, 30k/m, 1.5k/s`);
  });

  it("refuses zero unless it is asked for, and what overflows", () => {
    expect(() => parseRate("0/s")).toThrow("nothing would be sent");
    expect(parseRate("0/s", { allowZero: true })).toBe(0);
    expect(() => parseRate(`${"9".repeat(400)}/s`)).toThrow("too high");
  });
});

describe("parseCount", () => {
  it.each([
    ["50", 50],
    ["10k", 10_000],
    ["1.5k", 1_500],
    ["1.5M", 1_500_000],
    ["1.1k", 1_100],
  ])("%s is %d", (text, count) => {
    expect(parseCount(text)).toBe(count);
  });

  it.each(["", "1.5", "-1", "1e3", "0x10", "10K", "1,000", "NaN", "1.0001k", "9".repeat(20)])("refuses %j", (text) => {
    expect(() => parseCount(text, { what: "--vus" })).toThrow(
      `--vus "${text}" is not a whole number: accepted are 50, 10k, 1.5M`,
    );
  });

  it("refuses zero unless it is asked for", () => {
    expect(() => parseCount("0")).toThrow('number "0" must be at least 1');
    expect(parseCount("0", { allowZero: true })).toBe(0);
  });
});

describe("format", () => {
  it.each([
    [0, "0s"],
    [500, "500ms"],
    [2_500, "2.5s"],
    [30_000, "30s"],
    [60_000, "1m"],
    [90_000, "1m30s"],
    [5_400_000, "1h30m"],
    [3_600_001, "1h1ms"],
    [86_400_000, "1d"],
  ])("%d ms is %s, which reads back", (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
    expect(parseDuration(text, { allowZero: true })).toBe(ms);
  });

  it.each([
    [500, "500/s"],
    [1_500, "1.5k/s"],
    [1_234, "1234/s"],
    [0.5, "30/m"],
    [1 / 600, "6/h"],
    [0, "0/s"],
  ])("%d a second is %s, which reads back", (perSecond, text) => {
    expect(formatRate(perSecond)).toBe(text);
    expect(parseRate(text, { allowZero: true })).toBeCloseTo(perSecond, 9);
  });

  it.each([
    [50, "50"],
    [999, "999"],
    [10_000, "10k"],
    [10_500, "10.5k"],
    [1_234, "1234"],
    [1_500_000, "1.5M"],
  ])("%d is %s, which reads back", (count, text) => {
    expect(formatCount(count)).toBe(text);
    expect(parseCount(text)).toBe(count);
  });
});
