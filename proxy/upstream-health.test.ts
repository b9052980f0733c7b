import { expect, test } from "vitest";
import { UpstreamHealth } from "./upstream-health.ts";

const limits = { failures: 3, ejectMs: 1_000 };
const fail = (health: UpstreamHealth, times: number, nowMs: number) =>
  Array.from({ length: times }, () => health.failed(nowMs)).at(-1);

test("failures in a row eject, scattered ones do not", () => {
  const health = new UpstreamHealth(limits);
  for (let i = 0; i < 10; i++) {
    fail(health, 2, 0);
    health.succeeded(0);
  }
  expect(health.isAvailable(0)).toBe(true);
  expect(fail(health, 3, 0)).toBe(1_000);
  expect([health.isAvailable(999), health.isAvailable(1_000), health.ejections]).toEqual([false, true, 1]);
});

test("on probation one failure ejects again, for twice as long, up to a minute", () => {
  const health = new UpstreamHealth(limits);
  let nowMs = 0;
  const durations: number[] = [];
  fail(health, 2, nowMs);
  for (let i = 0; i < 9; i++) {
    const forMs = health.failed(nowMs);
    durations.push(forMs);
    nowMs += forMs;
  }
  expect(durations).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000]);
});

test("a success on probation clears it", () => {
  const health = new UpstreamHealth(limits);
  fail(health, 3, 0);
  health.succeeded(1_000);
  expect(fail(health, 2, 1_000)).toBe(0);
  expect(health.failed(1_000)).toBe(1_000);
});

test("requests from before an ejection neither lengthen nor end it", () => {
  const health = new UpstreamHealth(limits);
  fail(health, 3, 0);
  expect(fail(health, 5, 500)).toBe(0);
  health.succeeded(500);
  expect([health.isAvailable(999), health.failed(1_000)]).toEqual([false, 2_000]);
});

test("two failed checks eject until one succeeds, whatever the requests say", () => {
  const health = new UpstreamHealth(limits);
  expect([health.checked(false), health.isAvailable(0)]).toEqual([false, true]);
  expect([health.checked(false), health.isAvailable(1e9)]).toEqual([true, false]);
  health.succeeded(0);
  expect([health.checked(false), health.isAvailable(0), health.ejections]).toEqual([false, false, 1]);
  expect([health.checked(true), health.isAvailable(0), health.checked(true)]).toEqual([true, true, false]);
});
