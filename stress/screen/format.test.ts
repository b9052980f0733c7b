import { describe, expect, test } from "vitest";
import {
  formatBeyond,
  formatBytes,
  formatChange,
  formatClock,
  formatCores,
  formatCount,
  formatDuration,
  formatExact,
  formatLatency,
  formatLimits,
  formatMebibytes,
  formatRate,
  formatShare,
} from "./format.ts";

const mebibyte = 2 ** 20;

describe("what is not measured is not zero", () => {
  test.each([
    ["count", formatCount],
    ["rate", formatRate],
    ["latency", formatLatency],
    ["bytes", formatBytes],
    ["mebibytes", formatMebibytes],
    ["change", formatChange],
    ["share", formatShare],
    ["cores", formatCores],
  ])("%s", (_, format) => {
    expect(format(null)).toBe("–");
    expect(format(Number.NaN)).toBe("–");
    expect(format(Number.POSITIVE_INFINITY)).toBe("–");
    expect(format(0)).toMatch(/^0/);
  });
});

test.each([
  [0, "0 ms"],
  [0.001, "<0.01 ms"],
  [0.42, "0.42 ms"],
  [8.1, "8.10 ms"],
  [9.994, "9.99 ms"],
  [9.996, "10.0 ms"],
  [14.23, "14.2 ms"],
  [99.96, "100 ms"],
  [142.4, "142 ms"],
  [999.4, "999 ms"],
  [999.6, "1.00 s"],
  [1249, "1.25 s"],
  [61_240, "61.2 s"],
  [3_600_000, "3,600 s"],
])("latency of %d ms is %s", (ms, text) => {
  expect(formatLatency(ms)).toBe(text);
});

test.each([
  [0, "0"],
  [4.812, "4.81"],
  [48.12, "48.1"],
  [4812.4, "4,812"],
  [1_234_567.8, "1,234,568"],
])("a rate of %d is %s", (rate, text) => {
  expect(formatRate(rate)).toBe(text);
});

test.each([
  [0, "0 ms"],
  [250, "250 ms"],
  [4500, "4.5 s"],
  [30_000, "30 s"],
  [59_960, "1 min"],
  [75_000, "1 min 15 s"],
  [240_000, "4 min"],
  [5_400_000, "1 h 30 min"],
  [3_661_000, "1 h 1 min"],
  [86_400_000, "24 h"],
])("%d ms last %s", (ms, text) => {
  expect(formatDuration(ms)).toBe(text);
});

test.each([
  [-5, "00:00"],
  [999, "00:00"],
  [134_000, "02:14"],
  [3_734_000, "1:02:14"],
  [86_400_000, "24:00:00"],
])("%d ms on the clock are %s", (ms, text) => {
  expect(formatClock(ms)).toBe(text);
});

test.each([
  [0, "0 %"],
  [0.000_001, "<0.01 %"],
  [0.0013, "0.13 %"],
  [0.56, "56.0 %"],
  [0.999, "99.9 %"],
  [0.9995, "99.95 %"],
  [0.999_95, ">99.99 %"],
  [0.999_999, ">99.99 %"],
  [1, "100 %"],
])("a share of %d is %s", (ratio, text) => {
  expect(formatShare(ratio)).toBe(text);
});

test.each([
  [16.67, "+16.7 %"],
  [-0.12, "−0.1 %"],
  [0.04, "0.0 %"],
  [-0.04, "0.0 %"],
  [-12.5, "−12.5 %"],
  [12_345, "+12,345 %"],
])("a change of %d percent is %s", (percent, text) => {
  expect(formatChange(percent)).toBe(text);
});

test.each([
  [512, "512 B"],
  [96.4 * 1024, "96.4 KiB"],
  [256 * mebibyte, "256 MiB"],
  [1023.6 * mebibyte, "1.0 GiB"],
  [2048 * mebibyte, "2 GiB"],
  [3.5 * 2 ** 40, "3.5 TiB"],
])("%d bytes are %s", (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text);
});

test("memory in a column keeps one decimal", () => {
  expect([124.9, 1234.56, 23_456.7].map((each) => formatMebibytes(each * mebibyte))).toEqual(["124.9", "1,234.6", "23,457"]);
});

test("limits name cores and memory, and say when there are none", () => {
  expect(formatLimits(4, 2048 * mebibyte)).toBe("4 cores · 2 GiB");
  expect(formatLimits(1, null)).toBe("1 core");
  expect(formatLimits(0.5, 256 * mebibyte)).toBe("0.5 cores · 256 MiB");
  expect(formatLimits(null, null)).toBe("none");
});

test("figures that a person wrote stay as they were written", () => {
  expect([250, 0.01, 1500, 99.9].map(formatExact)).toEqual(["250", "0.01", "1,500", "99.9"]);
});

test("a time limit names itself", () => {
  expect([250, 1500, 30_000].map(formatBeyond)).toEqual([">250 ms", ">1.5 s", ">30 s"]);
});
