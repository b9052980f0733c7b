import { describe, expect, it, test } from "vitest";
import type { SearchLevel, SearchSummary } from "../measure/search-summary.ts";
import { exampleSummary } from "../report/example-summary.ts";
import { exampleLevel, exampleSearch } from "../screen/example-search.ts";
import { coresAt, cpuPointsOf } from "./cpu-at.ts";

describe("CPU at a rate", () => {
  const points = [
    { rps: 1000, cores: 0.4 },
    { rps: 2000, cores: 0.8 },
    { rps: 4000, cores: 1 },
  ];

  test.each([
    ["that was held", 2000, 0.8, "measured"],
    ["at the lowest that was held", 1000, 0.4, "measured"],
    ["between two that were, though the line from zero runs below", 3000, 0.9, "interpolated"],
    ["below all of them", 500, 0.2, "in-proportion"],
    ["above all of them", 5000, 1.25, "in-proportion"],
  ] as const)("%s", (_, rps, cores, basis) => {
    expect(coresAt(rps, points)).toEqual({ cores: expect.closeTo(cores, 10), basis });
  });

  it("rests on one load alone, where there is no more", () => {
    expect(coresAt(500, points.slice(1, 2))).toEqual({ cores: 0.2, basis: "in-proportion" });
  });
});

describe("the loads of a search", () => {
  const searched = (levels: SearchLevel[]): SearchSummary => {
    const { search } = exampleSearch(exampleSummary({ model: "open" })).summary;
    if (search === undefined) throw new Error("no search");
    return { ...search, levels, answer: { ...search.answer, rate: 800 } };
  };
  const level = (rate: number, cores: (number | null)[], more: Partial<SearchLevel> = {}): SearchLevel => ({
    ...exampleLevel({ phase: "climb", rate, attempt: 1, bracket: { holds: null, breaks: null } }),
    services: cores.map((cpuCores, i) => ({ name: `s${i}`, cpuCores, memoryBytes: null, throttledMs: null })),
    ...more,
  });

  it("are those that held, up to the confirmed one, with the CPU of all services together", () => {
    const levels = [
      level(800, [0.6, 0.3]),
      level(100, [0.1, 0.1]),
      level(400, [0.9, 0.9], { outcome: "fail" }),
      level(900, [0.7, 0.3]),
    ];
    expect(cpuPointsOf(searched(levels))).toEqual([
      { rps: 100, cores: 0.2 },
      { rps: 800, cores: expect.closeTo(0.9, 10) },
    ]);
  });

  it("count several tries of one load by how long they lasted", () => {
    const tries = [level(800, [0.4], { durationMs: 10_000 }), level(800, [0.8], { durationMs: 30_000 })];
    expect(cpuPointsOf(searched(tries))).toEqual([{ rps: 800, cores: expect.closeTo(0.7, 10) }]);
  });

  it("are none where CPU of a service was not read", () => {
    expect(cpuPointsOf(searched([level(100, [0.1, null]), level(200, [])]))).toEqual([]);
  });
});
