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
    heapBytes: null,
    cpuCores: 1,
    throttledMs: null,
    throttledPeriods: null,
    fds: 10,
    sockets: 4,
    threads: 5,
    pids: null,
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
  log.add(sample(0, { fds: 500, threads: 5, cpuCores: null, restarts: 0, throttledMs: 3 }));
  log.add(sample(1, { fds: 10, threads: 9, cpuCores: 2, restarts: 1, throttledMs: 4 }));
  log.add(sample(2));
  log.add(sample(3));
  expect(log.of("proxy")[0]).toMatchObject({ atMs: 0.5, fds: 500, threads: 9, cpuCores: 2, restarts: 1, throttledMs: 4 });
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

it("weighs a figure that only some samples have by those alone", () => {
  const log = new SampleLog(2);
  // one value in three readings, and then one in each: the mean of four values is 40
  for (const [atMs, heapBytes] of [10, null, null, 50, 50, 50].entries()) log.add(sample(atMs, { heapBytes }));
  expect(log.of("proxy")).toHaveLength(2);
  expect(log.of("proxy").map(({ heapBytes }) => heapBytes)).toEqual([30, 50]);
});

it("gives a leak the slope that it had, whatever was lost and however far it was coarsened", () => {
  const log = new SampleLog(100);
  const kept = (second: number) => second % 7 !== 3 && (second < 4_000 || second > 9_000);
  for (let second = 0; second < 86_400; second += 5) {
    if (kept(second)) log.add(sample(second * 1000, { rssBytes: 5e7 + 3 * second, heapBytes: second % 15 ? null : 2 * second }));
  }
  const entries = log.of("proxy");
  expect(entries.length).toBeLessThanOrEqual(100);
  expect(slope(entries.map(({ atMs, rssBytes }) => [atMs / 1000, rssBytes ?? 0]))).toBeCloseTo(3, 9);
  // seldom read, it belongs to another instant than its entry; over a day that is nothing
  expect(slope(entries.flatMap(({ atMs, heapBytes }) => (heapBytes === null ? [] : [[atMs / 1000, heapBytes]])))).toBeCloseTo(
    2,
    3,
  );
});

it("keeps a reading at the edge of a phase as it was read, at its own time", () => {
  const log = new SampleLog(10);
  log.add(sample(0, { pssBytes: 7 }));
  for (let atMs = 1; atMs < 1_000; atMs++) log.add(sample(atMs));
  log.add(sample(1_000, { pssBytes: 9 }));
  for (let atMs = 1_001; atMs < 2_000; atMs++) log.add(sample(atMs));
  const edges = log.of("proxy").filter(({ pssBytes }) => pssBytes !== null);
  expect(edges.map(({ atMs, pssBytes }) => [atMs, pssBytes])).toEqual([
    [0, 7],
    [1_000, 9],
  ]);
  expect(log.of("proxy").length).toBeLessThanOrEqual(10);
});

/** Least squares. */
function slope(points: readonly (readonly number[])[]): number {
  const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [x, y] = [mean(points.map(([at = 0]) => at)), mean(points.map(([, value = 0]) => value))];
  const sum = (of: (dx: number, dy: number) => number) => points.reduce((s, [at = 0, value = 0]) => s + of(at - x, value - y), 0);
  return sum((dx, dy) => dx * dy) / sum((dx) => dx * dx);
}
