import { describe, expect, it } from "vitest";
import type { PhaseKind, ResourceSample, RunPhase } from "../measure/event.ts";
import { serviceResourcesSchema } from "../measure/summary.ts";
import { parseStages } from "../profile/stages.ts";
import { serviceResources, type Windows, windowsOf } from "./windows.ts";

function phase(kind: PhaseKind, atMs: number, stage = -1): RunPhase {
  return { kind, label: "", stage, atMs, endsAtMs: null, runEndsAtMs: null };
}

const { stages } = parseStages(["10s:50", "20s:50", "10s:100", "10s:100", "10s:0"]);
const whole = [
  phase("settle", 0),
  phase("connect", 3_000),
  phase("load", 3_500, 0),
  phase("load", 13_500, 1),
  phase("load", 33_500, 2),
  phase("load", 43_500, 3),
  phase("load", 53_500, 4),
  phase("drain", 63_500),
  phase("after", 64_000),
];

describe("windowsOf", () => {
  it("takes settle as before, the holds as steady, after as after", () => {
    expect(windowsOf(whole, stages, 74_000)).toEqual({
      cold: null,
      pre: { fromMs: 0, toMs: 3_000 },
      steady: [
        { fromMs: 13_500, toMs: 33_500 },
        { fromMs: 43_500, toMs: 53_500 },
      ],
      load: { fromMs: 3_500, toMs: 63_500 },
      post: { fromMs: 64_000, toMs: 74_000 },
    });
  });

  it("ends a hold where an interruption ended it, and knows no after that never came", () => {
    const cut = [...whole.slice(0, 4), phase("drain", 20_000)];
    expect(windowsOf(cut, stages, 21_000)).toEqual({
      cold: null,
      pre: { fromMs: 0, toMs: 3_000 },
      steady: [{ fromMs: 13_500, toMs: 20_000 }],
      load: { fromMs: 3_500, toMs: 20_000 },
      post: null,
    });
  });

  it("has no load where the run ended before it", () => {
    expect(windowsOf(whole.slice(0, 2), stages, 3_100)).toEqual({
      cold: null,
      pre: { fromMs: 0, toMs: 3_000 },
      steady: [],
      load: null,
      post: null,
    });
  });

  it("has nothing steady in a load that only ramps", () => {
    expect(windowsOf(whole, parseStages(["1m:50", "1m:0"]).stages, 74_000).steady).toEqual([]);
  });

  it("takes the whole load of a fixed number of requests as steady", () => {
    const phases = [phase("settle", 0), phase("load", 3_000, 0), phase("drain", 8_000), phase("after", 8_100)];
    expect(windowsOf(phases, [], 9_000).steady).toEqual([{ fromMs: 3_000, toMs: 8_000 }]);
  });

  it("takes the settling right before the load, when there was a warm-up with another", () => {
    const phases = [phase("settle", 0), phase("settle", 5_000), phase("load", 9_000, 1), phase("after", 20_000)];
    expect(windowsOf(phases, stages, 30_000).pre).toEqual({ fromMs: 5_000, toMs: 9_000 });
  });

  it("keeps what was read before a warm-up apart", () => {
    const phases = [
      phase("cold", 0),
      phase("warm-up", 3_000),
      phase("rest", 5_000),
      phase("settle", 6_000),
      phase("load", 9_000, 1),
    ];
    expect(windowsOf(phases, stages, 30_000)).toMatchObject({
      cold: { fromMs: 0, toMs: 3_000 },
      pre: { fromMs: 6_000, toMs: 9_000 },
      load: { fromMs: 9_000, toMs: 30_000 },
    });
  });
});

const windows: Windows = {
  cold: null,
  pre: { fromMs: 0, toMs: 3_000 },
  steady: [{ fromMs: 10_000, toMs: 14_000 }],
  load: { fromMs: 4_000, toMs: 18_000 },
  post: { fromMs: 20_000, toMs: 24_000 },
};
const limits = { cpus: 4, memoryBytes: 2 ** 31, enforced: false };
const tally = { taken: 20, lost: 1, restarts: 0, oomKills: null, up: true };
const proxy = { name: "proxy", limits, source: { kind: "process" } } as const;

function sample(atMs: number, figures: Partial<ResourceSample> = {}): ResourceSample {
  return {
    atMs,
    service: "proxy",
    source: "process",
    rssBytes: null,
    pssBytes: null,
    workingSetBytes: null,
    heapBytes: null,
    cpuCores: null,
    throttledMs: null,
    throttledPeriods: null,
    fds: null,
    sockets: null,
    threads: null,
    pids: null,
    restarts: 0,
    ...figures,
  };
}

describe("serviceResources", () => {
  it("counts sockets that are read at the edges of phases only, each a moment after its phase, and nothing of the load", () => {
    const sockets: [number, number][] = [
      [3_004, 10],
      [3_100, 60],
      [24_003, 12],
    ];
    const samples = sockets.map(([atMs, count]) => sample(atMs, { sockets: count }));
    expect(serviceResources(proxy, samples, windows, tally).sockets).toEqual({ pre: 10, max: 60, post: 12 });
  });

  it("compares medians: cold, before, steady and after", () => {
    const rss: [number, number][] = [
      [0, 90],
      [1_000, 100],
      [2_000, 101],
      [3_000, 100],
      [5_000, 500],
      [10_000, 110],
      [11_000, 120],
      [12_000, 9_000],
      [13_000, 120],
      [16_000, 700],
      [20_000, 104],
      [21_000, 106],
    ];
    const { rss: memory } = serviceResources(
      proxy,
      rss.map(([atMs, rssBytes]) => sample(atMs, { rssBytes })),
      windows,
      tally,
    );
    expect(memory).toEqual({ coldBytes: 90, preBytes: 100, steadyBytes: 120, postBytes: 105, steadyPct: 20, residualPct: 5 });
  });

  it("tells shrinking as shrinking", () => {
    const samples = [sample(1_000, { rssBytes: 200 }), sample(11_000, { rssBytes: 100 }), sample(21_000, { rssBytes: 150 })];
    expect(serviceResources(proxy, samples, windows, tally).rss).toMatchObject({ steadyPct: -50, residualPct: -25 });
  });

  it("has no figure where nothing was read, and no change without something to compare", () => {
    const samples = [sample(11_000, { rssBytes: 100 })];
    expect(serviceResources(proxy, samples, windows, tally).rss).toEqual({
      coldBytes: 100,
      preBytes: null,
      steadyBytes: 100,
      postBytes: null,
      steadyPct: null,
      residualPct: null,
    });
    expect(serviceResources(proxy, [], { cold: null, pre: null, steady: [], load: null, post: null }, tally)).toMatchObject({
      rss: { coldBytes: null, preBytes: null, steadyBytes: null, postBytes: null },
      cpu: { preCores: null, steadyCores: null, maxCores: null, postCores: null },
      fds: { pre: null, max: null, post: null },
    });
  });

  it("does not divide by a baseline of zero", () => {
    const samples = [sample(1_000, { rssBytes: 0 }), sample(11_000, { rssBytes: 100 })];
    expect(serviceResources(proxy, samples, windows, tally).rss?.steadyPct).toBeNull();
  });

  it("takes CPU only of intervals that lie in the window: the load's last does not count as use after it", () => {
    const cpu: [number, number | null][] = [
      [0, null],
      [1_000, 0.01],
      [3_000, 0.02],
      [5_000, 0.9],
      [9_500, 1.8],
      [10_500, 1.0],
      [11_500, 1.1],
      [13_500, 1.2],
      [19_500, 0.7],
      [20_500, 0.6],
      [21_500, 0.02],
      [22_500, 0.04],
    ];
    const resources = serviceResources(
      proxy,
      cpu.map(([atMs, cpuCores]) => sample(atMs, { cpuCores })),
      windows,
      tally,
    );
    expect(resources.cpu.preCores).toBeCloseTo(0.015, 9);
    // 10_500 covers the time from 9_500, 5_000 the time from 3_000: both began outside
    expect(resources.cpu.steadyCores).toBeCloseTo(1.15, 9);
    expect(resources.cpu.maxCores).toBe(1.8);
    expect(resources.cpu.postCores).toBeCloseTo(0.03, 9);
  });

  it("takes PSS at the edges: end of settling, end of the last hold, end of the run", () => {
    const pss: [number, number][] = [
      [0, 50],
      [3_020, 60],
      [10_010, 65],
      [14_015, 90],
      [20_005, 80],
      [23_990, 66],
    ];
    const between = sample(12_000, { rssBytes: 1 });
    const samples = [...pss.map(([atMs, pssBytes]) => sample(atMs, { pssBytes })), between].sort((a, b) => a.atMs - b.atMs);
    expect(serviceResources(proxy, samples, windows, tally).pss).toEqual({
      coldBytes: 50,
      preBytes: 60,
      steadyBytes: 90,
      postBytes: 66,
      steadyPct: 50,
      residualPct: 10,
    });
  });

  it("has no PSS at an edge that was missed", () => {
    const samples = [sample(0, { pssBytes: 50 }), sample(5_000, { pssBytes: 60 }), sample(12_000, { pssBytes: 70 })];
    expect(serviceResources(proxy, samples, windows, tally).pss).toMatchObject({
      preBytes: null,
      steadyBytes: null,
      postBytes: null,
    });
  });

  it("counts descriptors in whole numbers, and their peak over the whole run", () => {
    const fds: [number, number][] = [
      [1_000, 20],
      [2_000, 21],
      [16_000, 130],
      [21_000, 22],
      [22_000, 23],
    ];
    const resources = serviceResources(
      proxy,
      fds.map(([atMs, count]) => sample(atMs, { fds: count })),
      windows,
      tally,
    );
    expect(resources.fds).toEqual({ pre: 20, max: 130, post: 22 });
  });

  it("takes the heap at the edge with which a phase ends, too, and has none where none was told", () => {
    const samples = [
      sample(0, { heapBytes: 10 }),
      // asked for when the phases were over, a few milliseconds later
      sample(3_005, { heapBytes: 20 }),
      sample(5_000, { heapBytes: 70 }),
      sample(14_010, { heapBytes: 30 }),
      sample(24_008, { heapBytes: 22 }),
    ];
    expect(serviceResources(proxy, samples, windows, tally).heap).toMatchObject({
      coldBytes: 10,
      preBytes: 15,
      steadyBytes: 30,
      postBytes: 22,
    });
    expect(serviceResources(proxy, [sample(0, { rssBytes: 1 })], windows, tally).heap).toBeNull();
  });

  it("tells what the quota held back during the load, and not before or after", () => {
    const at = (atMs: number, throttledMs: number, throttledPeriods: number) => sample(atMs, { throttledMs, throttledPeriods });
    const samples = [at(0, 0, 0), at(3_900, 100, 2), at(10_000, 400, 9), at(18_004, 700, 15), at(24_000, 900, 20)];
    expect(serviceResources(proxy, samples, windows, tally).throttled).toEqual({ ms: 600, periods: 13 });
    expect(serviceResources(proxy, [sample(0)], windows, tally).throttled).toBeNull();
  });

  it("names a container's figures for what they are", () => {
    const container = { ...proxy, source: { kind: "container" } } as const;
    const samples = [sample(1_000, { source: "container", rssBytes: 100, workingSetBytes: 150 })];
    expect(serviceResources(container, samples, windows, { ...tally, oomKills: 1 })).toMatchObject({
      source: "container",
      rss: null,
      pss: null,
      anon: { preBytes: 100 },
      workingSet: { preBytes: 150 },
      oomKills: 1,
    });
  });

  it("is what the summary's schema wants, counts and limits with it", () => {
    const samples = [0, 1_000, 11_000, 21_000].map((atMs) => sample(atMs, { rssBytes: 1.5, pssBytes: 1, cpuCores: 1, fds: 3 }));
    const resources = serviceResources(proxy, samples, windows, { ...tally, taken: 4, lost: 2, restarts: 1 });
    expect(serviceResourcesSchema.parse(resources)).toEqual(resources);
    expect(resources).toMatchObject({ name: "proxy", limits, restarts: 1, oomKills: null, samples: { taken: 4, lost: 2 } });
  });
});
