import { describe, expect, it } from "vitest";
import type { Summary } from "../measure/summary.ts";
import { exampleSummary } from "../report/example-summary.ts";
import { costsOf, isAtLeast, replicaOf, sizeFor } from "./sizing.ts";

const mebibyte = 2 ** 20;

describe("costs", () => {
  it("are CPU over the plateau's rate, and growth over its connections", () => {
    const [proxy] = costsOf(exampleSummary());
    // 1.02 cores at 2,400 requests a second; 96 → 112 MiB by 50 users
    expect(proxy?.cpuSecondsPerThousand).toBeCloseTo(0.425, 10);
    expect(proxy?.bytesPerConnection).toBeCloseTo((16 * mebibyte) / 50, 6);
    expect([proxy?.restBytes, proxy?.steadyBytes]).toEqual([96 * mebibyte, 112 * mebibyte]);
  });

  it("are not told where several levels were held, since steady figures are of all of them", () => {
    const summary = exampleSummary();
    summary.phases = summary.phases.map((phase) => ({ ...phase, kind: "hold" }));
    expect(costsOf(summary).map(({ cpuSecondsPerThousand }) => cpuSecondsPerThousand)).toEqual([null, null]);
  });

  it("know no memory a connection at a rate, nor where memory shrank", () => {
    expect(costsOf(exampleSummary({ model: "open" })).map(({ bytesPerConnection }) => bytesPerConnection)).toEqual([null, null]);
    const summary = exampleSummary();
    for (const { rss } of summary.resources) if (rss) rss.steadyBytes = mebibyte;
    expect(costsOf(summary).map(({ bytesPerConnection }) => bytesPerConnection)).toEqual([null, null]);
  });
});

describe("a replica", () => {
  it("is all services of a run that passed together", () => {
    const own = { rps: 2400, cores: 1.02 + 0.31 };
    expect(replicaOf(exampleSummary())).toEqual({ ...own, memoryBytes: (112 + 71) * mebibyte, cpu: [own] });
  });

  const changed = (change: (summary: Summary) => unknown, options: Parameters<typeof exampleSummary>[0] = {}) => {
    const summary = exampleSummary(options);
    change(summary);
    return summary;
  };
  const constantRate = (change: (summary: Summary) => unknown = () => {}) =>
    changed(
      (summary) => {
        Object.assign(summary.capacity, { bottleneck: "none", evidence: [] });
        change(summary);
      },
      { model: "open" },
    );
  const doubt = "backend: memory may change by +0.70 MiB/h";
  const undecided = (reasons: string[]) =>
    changed((summary) => {
      summary.results = { verdict: "undecided", exitCode: 111, reasons };
      summary.stability = { verdict: "undecided", falseAlarmRate: 0.01, statisticalChecks: 1, checks: [], reasons: [doubt] };
    });

  it.each<[string, Summary, RegExp]>([
    ["failed", exampleSummary({ outcome: "failed" }), /did not pass \(fail\)/],
    ["was the generator's", exampleSummary({ outcome: "invalid" }), /did not pass \(invalid\)/],
    ["is in doubt about more than drift", undecided([doubt, "recovery: unknown"]), /did not pass \(undecided\)/],
    ["read no services", exampleSummary({ services: [] }), /was not read/],
    ["only ramped", changed(({ phases }) => phases.splice(1, 1)), /held no constant level/],
    ["held no rate", changed(({ capacity }) => Object.assign(capacity, { sustainedRps: null })), /held no constant level/],
    [
      "held several levels",
      changed(({ phases }) => phases.push({ ...phases[1], to: 5 } as (typeof phases)[0])),
      /several levels/,
    ],
    ["sent a rate, and nothing gave way", constantRate(), /nothing gave way/],
    [
      "had users who pause, and nothing gave way",
      changed(({ profile, capacity }) => {
        profile.load = { model: "closed", stages: [], thinkTime: { minMs: 1000, maxMs: 1000 } };
        capacity.bottleneck = "none";
      }),
      /nothing gave way/,
    ],
  ])("cannot be told from a run that %s", (_, summary, because) => {
    expect(replicaOf(summary)).toEqual({ because: expect.stringMatching(because) });
  });

  it.each<[string, Summary]>([
    ["is in doubt about drift alone", undecided([doubt])],
    ["sent a rate that used its services up", constantRate(({ capacity }) => Object.assign(capacity, { bottleneck: "target" }))],
    [
      "has users without pauses, though nothing was used up",
      changed(({ capacity }) => Object.assign(capacity, { bottleneck: "none" })),
    ],
    [
      "searched until something broke",
      constantRate((summary) => Object.assign(summary, { search: { answer: { kind: "found" }, levels: [] } })),
    ],
  ])("can be told from a run that %s", (_, summary) => {
    expect(replicaOf(summary)).toMatchObject({ rps: summary.capacity.sustainedRps });
    expect(isAtLeast(summary)).toBe(false);
  });

  it("carries at least the rate that was sent", () => {
    expect(isAtLeast(constantRate())).toBe(true);
  });
});

describe("what a rate takes", () => {
  const own = { rps: 1000, cores: 1.5 };
  const replica = { ...own, memoryBytes: 200 * mebibyte, cpu: [own] };

  it.each([
    ["a tenth of a replica", 100, 1, 0.15, 0.9, 0.1],
    ["exactly what the headroom leaves", 700, 1, 1.05, 0.3, 0.7],
    ["a little more than that", 701, 2, 1.0515, 0.6495, 0.701],
    ["ten replicas' capacity", 10_000, 15, 15, 1 / 3, 10],
  ])("%s", (_, rps, replicas, cores, headroom, extrapolation) => {
    const sized = sizeFor(rps, replica, 0.3);
    expect(sized.replicas).toBe(replicas);
    expect(sized.cores).toBeCloseTo(cores, 10);
    expect(sized.headroom).toBeCloseTo(headroom, 10);
    expect(sized.extrapolation).toBeCloseTo(extrapolation, 10);
    expect(sized.memoryBytes).toBe(replicas * 200 * mebibyte);
  });

  it("follows the CPU of one replica at its share of the rate, where that was measured", () => {
    const cpu = [{ rps: 500, cores: 1 }, own];
    expect(sizeFor(500, { ...replica, cpu }, 0.3)).toMatchObject({ replicas: 1, cores: 1, cpuBasis: "measured" });
    expect(sizeFor(1000, { ...replica, cpu }, 0.3)).toMatchObject({ replicas: 2, cores: 2, cpuBasis: "measured" });
  });
});
