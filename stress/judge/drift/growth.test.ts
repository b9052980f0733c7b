import { describe, expect, it } from "vitest";
import { Designs } from "./design.ts";
import { countsShare } from "./gate.ts";
import { countGrowthOf } from "./growth.ts";
import { countsHeld, type Held } from "./test-counts.ts";

const hour = { minutes: 60, intervalMs: 2000 };
const quiet = { mean: 10, sigma: 0.01 };
const busy = { mean: 20, sigma: 8 };
const designs = new Designs(64);
const load = { fromMs: 0, toMs: 3_600_000 };

function judged({ minutes, ...rest }: Held, seed: number) {
  const readings = countsHeld({ minutes, ...rest }, seed);
  const load = { fromMs: 0, toMs: minutes * 60_000 };
  return countGrowthOf(
    { check: "fds-growth", service: "edge", readings, load, taken: readings.length, lost: 0 },
    countsShare(3),
    designs,
  );
}

const found = (held: Held) =>
  Array.from({ length: 12 }, (_, i) => judged(held, i + 1)).filter((one) => one.verdict === "drifting");

describe("countGrowthOf", () => {
  it.each([
    ["one that closes idle connections and hardly changes", 60_000, quiet],
    ["one that closes idle connections and breathes", 60_000, busy],
    ["one that closes none and has ever new peaks", Number.POSITIVE_INFINITY, busy],
  ])("takes no pool for a leak: %s", (_, idleMs, busyness) => {
    expect(found({ ...hour, idleMs, busy: busyness, leakPerHour: 0 })).toHaveLength(0);
  });

  it.each([
    ["a quiet pool", 60_000, quiet, 11],
    ["a pool that breathes", 60_000, busy, 8],
    ["a pool that closes nothing", Number.POSITIVE_INFINITY, busy, 10],
  ])("finds a descriptor a minute within an hour, under %s", (_, idleMs, busyness, least) => {
    expect(found({ ...hour, idleMs, busy: busyness, leakPerHour: 60 }).length).toBeGreaterThanOrEqual(least);
  });

  it("says from how many to how many", () => {
    const readings = Array.from({ length: 1800 }, (_, i) => ({ atMs: i * 2000, value: 40 + Math.floor(i / 20) }));
    const series = { check: "fds-growth" as const, service: "edge", readings, load, taken: 1800, lost: 0 };
    expect(countGrowthOf(series, countsShare(1), designs)).toMatchObject({
      verdict: "drifting",
      before: 45,
      after: 125,
      reasons: ["edge: descriptors grow all through the load, from 45 to 125"],
    });
  });

  it("says nothing where a part of the load was hardly read, or there was none", () => {
    const readings = countsHeld({ ...hour, idleMs: 60_000, busy: quiet, leakPerHour: 600 }, 1);
    const series = { check: "sockets-growth" as const, service: "edge", readings, load, taken: 1800, lost: 0 };
    const few = { verdict: "stable", before: null, reasons: ["edge: too few readings to see sockets grow"] };
    const gap = readings.filter(({ atMs }) => atMs < 1_000_000 || atMs > 1_400_000);
    expect(countGrowthOf({ ...series, readings: gap }, 0.001, designs)).toMatchObject(few);
    expect(countGrowthOf({ ...series, load: null }, 0.001, designs)).toMatchObject(few);
  });
});
