import { describe, expect, it } from "vitest";
import { exampleSummary } from "../report/example-summary.ts";
import { costsOf, replicaOf, sizeFor } from "./sizing.ts";

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
  it("is all services of a judged run together", () => {
    expect(replicaOf(exampleSummary())).toEqual({ rps: 2400, cores: 1.02 + 0.31, memoryBytes: (112 + 71) * mebibyte });
  });

  it("cannot be told from an invalid run, from one without services, or from one that held no rate", () => {
    expect(replicaOf(exampleSummary({ outcome: "invalid" }))).toBeNull();
    expect(replicaOf(exampleSummary({ services: [] }))).toBeNull();
    const ramps = exampleSummary();
    ramps.capacity.sustainedRps = null;
    expect(replicaOf(ramps)).toBeNull();
  });
});

describe("what a rate takes", () => {
  const replica = { rps: 1000, cores: 1.5, memoryBytes: 200 * mebibyte };

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
});
