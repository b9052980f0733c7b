import { expect, it } from "vitest";
import type { ResourceSample } from "../measure/event.ts";
import { SampleLog } from "./sample-log.ts";

function sample(atMs: number, rest: Partial<ResourceSample> = {}): ResourceSample {
  return {
    atMs,
    service: "proxy",
    source: "process",
    rssBytes: atMs,
    pssBytes: null,
    workingSetBytes: null,
    cpuCores: 1,
    fds: 10,
    threads: 5,
    restarts: 0,
    ...rest,
  };
}

it("keeps every sample while there is room, apart by service", () => {
  const log = new SampleLog(4);
  for (const atMs of [0, 1, 2, 3]) log.add(sample(atMs));
  log.add(sample(9, { service: "backend" }));
  expect(log.of("proxy").map(({ atMs }) => atMs)).toEqual([0, 1, 2, 3]);
  expect(log.of("backend").map(({ atMs }) => atMs)).toEqual([9]);
  expect(log.of("nobody")).toEqual([]);
});

it("stays within its capacity however many come, and covers the whole time evenly", () => {
  const log = new SampleLog(100);
  for (let atMs = 0; atMs < 10_000; atMs++) log.add(sample(atMs));
  const times = log.of("proxy").map(({ atMs }) => atMs);
  expect(times.length).toBeLessThanOrEqual(100);
  expect(times.length).toBeGreaterThan(50);
  expect(times[0]).toBe(63.5);
  const steps = times.slice(1, -1).map((atMs, i) => atMs - (times[i] ?? 0));
  expect(new Set(steps)).toEqual(new Set([128]));
});

it("merges by the mean, so that a slope stays what it was", () => {
  const log = new SampleLog(100);
  for (let atMs = 0; atMs < 1_000; atMs++) log.add(sample(atMs, { rssBytes: 500 + 3 * atMs }));
  for (const { atMs, rssBytes } of log.of("proxy")) expect(rssBytes).toBeCloseTo(500 + 3 * atMs, 6);
});

it("keeps the peaks of what is counted, the last of what is told, and a figure that only one of two has", () => {
  const log = new SampleLog(3);
  log.add(sample(0, { fds: 500, threads: 5, pssBytes: 7, cpuCores: null, restarts: 0 }));
  log.add(sample(1, { fds: 10, threads: 9, pssBytes: null, cpuCores: 2, restarts: 1 }));
  log.add(sample(2));
  log.add(sample(3));
  expect(log.of("proxy")[0]).toMatchObject({ atMs: 0.5, fds: 500, threads: 9, pssBytes: 7, cpuCores: 2, restarts: 1 });
});

it("keeps the short phases around a long load as they are", () => {
  const log = new SampleLog(100);
  for (let atMs = 0; atMs < 10; atMs++) log.add(sample(atMs));
  log.mark();
  for (let atMs = 10; atMs < 10_000; atMs++) log.add(sample(atMs));
  log.mark();
  for (let atMs = 10_000; atMs < 10_020; atMs++) log.add(sample(atMs));
  const times = log.of("proxy").map(({ atMs }) => atMs);
  expect(times.slice(0, 10)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  expect(times.filter((atMs) => atMs >= 10_000)).toHaveLength(20);
  expect(times.length).toBeLessThanOrEqual(100);
});
