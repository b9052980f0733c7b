import { describe, expect, it } from "vitest";
import { seededRandom } from "../../load/random.ts";
import { latencyDriftOf, throughputDriftOf } from "./performance.ts";
import { normal, ornstein } from "./test-traces.ts";

const hour = { fromMs: 0, toMs: 3_600_000 };

/** 120 batches of an hour whose logarithm has noise of `sigma` that remembers for `tauS`, half a minute by default. */
function batches(seed: number, factor: (share: number) => number, sigma = 0.06, tauS = 30) {
  const noise = ornstein(normal(seededRandom(seed, 0)), sigma, tauS, 30);
  return Array.from({ length: 120 }, (_, i) => ({
    atMs: (i + 0.5) * 30_000,
    value: 100 * factor((i + 0.5) / 120) * Math.exp(noise()),
  }));
}

const seeds = Array.from({ length: 30 }, (_, i) => i + 1);
const share = (judged: { verdict: string }[], verdict: string) =>
  judged.filter((one) => one.verdict === verdict).length / judged.length;

describe("latencyDriftOf", () => {
  const judge = (factor: (at: number) => number) => seeds.map((seed) => latencyDriftOf(batches(seed, factor), hour, 0.002));

  it("fails a p99 that doubles, at once in the middle", () => {
    expect(
      share(
        judge((at) => (at < 0.5 ? 1 : 2)),
        "drifting",
      ),
    ).toBeGreaterThan(0.9);
  });

  it("fails a p99 that doubles little by little", () => {
    expect(
      share(
        judge((at) => 1 + at),
        "drifting",
      ),
    ).toBeGreaterThan(0.9);
  });

  it("fails a p99 that doubles along a line, under noise that remembers for two minutes", () => {
    const judged = seeds.map((seed) =>
      latencyDriftOf(
        batches(seed, (at) => 2 ** at, 0.1, 120),
        hour,
        0.0015,
      ),
    );
    expect(share(judged, "drifting")).toBeGreaterThan(0.9);
  });

  it("does not see a pause that a batch had now and then", () => {
    const judged = seeds.map((seed) =>
      latencyDriftOf(
        batches(seed, (at) => (Math.round(at * 120) % 20 === 19 ? 4 : 1)),
        hour,
        0.0015,
      ),
    );
    expect(share(judged, "stable")).toBeGreaterThan(0.8);
  });

  it("never fails one that stays, and mostly says so", () => {
    const judged = judge(() => 1);
    expect(share(judged, "drifting")).toBe(0);
    expect(share(judged, "stable")).toBeGreaterThan(0.8);
  });

  it("never fails one that falls", () => {
    expect(
      share(
        judge((at) => 1 - at / 2),
        "drifting",
      ),
    ).toBe(0);
  });

  it("is undecided without batches at a constant level", () => {
    expect(latencyDriftOf([], hour, 0.002).verdict).toBe("undecided");
    expect(
      latencyDriftOf(
        batches(1, () => 1),
        null,
        0.002,
      ).verdict,
    ).toBe("undecided");
  });
});

describe("throughputDriftOf", () => {
  const judge = (factor: (at: number) => number) =>
    seeds.map((seed) => throughputDriftOf(batches(seed, factor, 0.03), hour, 0.002));

  it("fails one that halves, and not one that doubles or stays", () => {
    expect(
      share(
        judge((at) => (at < 0.5 ? 1 : 0.5)),
        "drifting",
      ),
    ).toBeGreaterThan(0.9);
    expect(
      share(
        judge((at) => 1 + at),
        "drifting",
      ),
    ).toBe(0);
    expect(
      share(
        judge(() => 1),
        "drifting",
      ),
    ).toBe(0);
  });
});
