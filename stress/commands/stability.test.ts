import { describe, expect, it } from "vitest";
import type { ResourceSample } from "../measure/event.ts";
import { summarySchema } from "../measure/summary.ts";
import { exampleSummary } from "../report/example-summary.ts";
import { SampleLog } from "../resources/sample-log.ts";
import { stabilityOf } from "./stability.ts";

const windows = {
  cold: null,
  pre: { fromMs: 0, toMs: 30_000 },
  steady: [{ fromMs: 30_000, toMs: 930_000 }],
  load: { fromMs: 30_000, toMs: 930_000 },
  post: { fromMs: 930_000, toMs: 990_000 },
};

function samples(rss: (atMs: number) => number, after: Partial<ResourceSample>): ResourceSample[] {
  return Array.from({ length: 990 }, (_, i) => ({
    atMs: i * 1000,
    service: "proxy",
    source: "process" as const,
    rssBytes: rss(i * 1000) * 2 ** 20,
    pssBytes: null,
    workingSetBytes: null,
    heapBytes: null,
    cpuCores: i > 30 && i < 930 ? 0.5 : 0.01,
    throttledMs: null,
    throttledPeriods: null,
    fds: 20,
    sockets: 10,
    threads: 11,
    pids: null,
    restarts: 0,
    ...(i >= 930 ? after : {}),
  }));
}

function facts(rss: (atMs: number) => number, after: Partial<ResourceSample> = {}) {
  const [proxy] = exampleSummary().resources;
  const timeseries = { intervalMs: 1000, columns: [], rows: [], batches: [] };
  return stabilityOf({
    resources: proxy ? [proxy] : [],
    samplesOf: () => samples(rss, after),
    windows,
    timeseries,
    harmfulBytesPerHour: null,
  });
}

const noisy = (atMs: number) => 100 + Math.sin(atMs * 12.9898) / 10;

it("finds nothing where nothing grows, and is undecided where the batches are too few to judge latency", () => {
  const { resources, stability } = facts(noisy);
  expect(resources[0]?.drift?.verdict).toBe("stable");
  expect(stability.checks.filter(({ service }) => service !== null).map(({ check, verdict }) => [check, verdict])).toEqual([
    ["residual", "stable"],
    ["cpu-after", "stable"],
    ["fds", "stable"],
    ["sockets", "stable"],
    ["threads", "stable"],
    ["fds-growth", "stable"],
  ]);
  expect(stability.verdict).toBe("undecided");
  expect(summarySchema.parse({ ...exampleSummary(), resources, stability }).stability).toEqual(stability);
});

it("names the leak, the spin and the descriptors that stay open", () => {
  const { stability } = facts((atMs) => noisy(atMs) + Math.max(0, Math.min(atMs, 930_000) - 30_000) / 60_000, {
    cpuCores: 1,
    fds: 500,
  });
  expect(stability.verdict).toBe("drifting");
  const bad = stability.checks.filter(({ verdict }) => verdict === "drifting").map(({ check }) => check);
  expect(bad).toEqual(["residual", "cpu-after", "fds"]);
  expect(stability.reasons[0]).toMatch(/^proxy: memory grows by \+6\d\.\d\d MiB\/h/);
});

it("finds descriptors that leak slowly, and are fewer after the load than a pool may keep", () => {
  const opened = (atMs: number) => Math.floor(Math.max(0, Math.min(atMs, 930_000) - 30_000) / 30_000);
  const [proxy] = exampleSummary().resources;
  const { stability } = stabilityOf({
    resources: proxy ? [proxy] : [],
    samplesOf: () => samples(noisy, {}).map((sample) => ({ ...sample, fds: 20 + opened(sample.atMs) })),
    windows,
    timeseries: { intervalMs: 1000, columns: [], rows: [], batches: [] },
    harmfulBytesPerHour: null,
  });
  expect(stability.checks.filter(({ verdict }) => verdict === "drifting").map(({ check }) => check)).toEqual(["fds-growth"]);
});

describe("what a warm-up left", () => {
  /** The check after a warm-up: a count that is so much when found, rested, and after the load. */
  const judged = (check: "fds" | "threads", [found, rested, after]: readonly [number, number, number]) => {
    const [proxy] = exampleSummary().resources;
    const count = (atMs: number) => (atMs <= 3000 ? found : atMs <= 30_000 ? rested : atMs < 930_000 ? 150 : after);
    const { stability } = stabilityOf({
      resources: proxy ? [proxy] : [],
      samplesOf: () => samples(noisy, {}).map((sample) => ({ ...sample, [check]: count(sample.atMs) })),
      windows: { ...windows, cold: { fromMs: 0, toMs: 3000 }, pre: { fromMs: 10_000, toMs: 30_000 } },
      timeseries: { intervalMs: 1000, columns: [], rows: [], batches: [] },
      harmfulBytesPerHour: null,
    });
    return stability.checks.find((each) => each.check === check);
  };

  it("of a pool is allowed once, not besides what a pool may keep", () => {
    expect(judged("fds", [51, 100, 51])).toMatchObject({ verdict: "stable", before: 51, after: 51, allowed: 123 });
    expect(judged("fds", [51, 100, 100])?.verdict).toBe("stable");
    const leaking = judged("fds", [51, 100, 171]);
    expect(leaking).toMatchObject({
      verdict: "drifting",
      reasons: [expect.stringContaining("171 after the load, 51 as found")],
    });
  });

  it("of threads is what those after the load are compared with", () => {
    expect(judged("threads", [11, 27, 35])).toMatchObject({ verdict: "stable", before: 27, allowed: 35 });
    expect(judged("threads", [11, 27, 36])).toMatchObject({
      verdict: "drifting",
      reasons: ["proxy: number of threads 36 after the load, 27 before, allowed 35"],
    });
  });
});

it("does not take the samples that a day's log merged for lost", () => {
  const [load, log] = [{ fromMs: 30_000, toMs: 30_000 + 24 * 3_600_000 }, new SampleLog()];
  const [sample] = samples(noisy, {});
  // A leak of 40 an hour under two moments in which a pool was closed: the line shows it, the signs do not.
  const closed = (atMs: number) => [8, 16].some((hour) => Math.abs(atMs - hour * 3_600_000) < 20_000);
  const open = (atMs: number) => (closed(atMs) ? 0 : 200) + atMs / 90_000;
  let [taken, lost] = [0, 0];
  for (let i = 0; i < 43_215; i++) {
    const atMs = i * 2000;
    if (i % 25 === 7) lost++;
    else {
      taken++;
      if (sample) log.add({ ...sample, atMs, rssBytes: noisy(atMs) * 2 ** 20, fds: Math.floor(open(atMs)) });
    }
    if (i === 15) log.mark();
  }
  const [proxy] = exampleSummary().resources;
  const { resources, stability } = stabilityOf({
    resources: proxy ? [{ ...proxy, samples: { taken, lost } }] : [],
    samplesOf: (name) => log.of(name),
    windows: { cold: null, pre: { fromMs: 0, toMs: 30_000 }, steady: [load], load, post: null },
    timeseries: { intervalMs: 1000, columns: [], rows: [], batches: [] },
    harmfulBytesPerHour: null,
  });
  expect(log.of("proxy").length).toBeLessThan(4 * lost);
  expect(resources[0]?.drift).toMatchObject({ verdict: "stable", samples: taken, lost });
  expect(stability.checks.find(({ check }) => check === "fds-growth")?.verdict).toBe("drifting");
});

it("compares sockets that are read at the edges of phases only, a moment outside them", () => {
  const edges = [30_004, 930_004, 990_003];
  const [proxy] = exampleSummary().resources;
  const seldom = samples(noisy, {}).map((sample) => ({ ...sample, sockets: null }));
  const read = edges.flatMap((atMs, i) => {
    const sample = seldom.find((one) => one.atMs > atMs) ?? seldom.at(-1);
    return sample ? [{ ...sample, atMs, sockets: i === 2 ? 500 : 10 }] : [];
  });
  const { stability } = stabilityOf({
    resources: proxy ? [proxy] : [],
    samplesOf: () => [...seldom, ...read].sort((a, b) => a.atMs - b.atMs),
    windows,
    timeseries: { intervalMs: 1000, columns: [], rows: [], batches: [] },
    harmfulBytesPerHour: null,
  });
  expect(stability.checks.find(({ check }) => check === "sockets")).toMatchObject({
    verdict: "drifting",
    before: 10,
    after: 500,
  });
});
