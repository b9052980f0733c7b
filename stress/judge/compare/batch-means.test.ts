import { describe, expect, test } from "vitest";
import { seededRandom } from "../../load/random.ts";
import { LatencyHistogram } from "../../measure/histogram.ts";
import { LatencyRecorder, type RawCounts } from "../../measure/recorder.ts";
import { studentQuantile } from "../student.ts";
import { precisionOfPercentile, precisionOfRatio } from "./batch-means.ts";

function normals(seed: number): () => number {
  const random = seededRandom(seed, 0);
  return () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

/** `n` seconds of a process around 100 that keeps `memory` of the second before. */
function autoregressive(seed: number, n: number, memory: number): number[] {
  const normal = normals(seed);
  let level = normal();
  return Array.from({ length: n }, () => {
    level = memory * level + Math.sqrt(1 - memory ** 2) * normal();
    return 100 + 5 * level;
  });
}

/** How often the 95 % interval holds the true ratio. */
function coverage(memory: number, of: (values: number[]) => { standardError: number; df: number } | null): number {
  const seeds = 1000;
  let held = 0;
  for (let seed = 1; seed <= seeds; seed++) {
    const values = autoregressive(seed, 120, memory);
    const precision = of(values);
    if (precision === null) throw new Error("120 seconds are enough");
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    if (Math.abs(mean - 100) < studentQuantile(0.025, precision.df) * precision.standardError) held++;
  }
  return held / seeds;
}

const ones = (values: readonly number[]) => values.map(() => 1);

describe("the precision of a run's own figures", () => {
  test("independent seconds: the interval holds the truth in 95 %", () => {
    expect(coverage(0, (values) => precisionOfRatio(values, ones(values)))).toBeGreaterThan(0.93);
  });

  test("seconds that resemble their neighbours: nearly so, where independence would be badly wrong", () => {
    const naive = (values: number[]) => {
      const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
      const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
      return { standardError: Math.sqrt(squares / (values.length - 1) / values.length), df: values.length - 1 };
    };
    expect(coverage(0.8, naive)).toBeLessThan(0.6);
    expect(coverage(0.8, (values) => precisionOfRatio(values, ones(values)))).toBeGreaterThan(0.85);
  });

  test("a constant ratio is certain, however its parts vary", () => {
    const requests = autoregressive(1, 60, 0.5).map(Math.round);
    expect(
      precisionOfRatio(
        requests,
        requests.map((count) => 2 * count),
      )?.standardError,
    ).toBeCloseTo(0, 12);
  });

  test("failures in one burst are less certain than as many spread evenly", () => {
    const requests = new Array<number>(60).fill(1000);
    const even = new Array<number>(60).fill(2).map((count, i) => count + (i % 2));
    const burst = requests.map((_, i) => (i === 30 ? 150 : 0));
    const [spread, clustered] = [even, burst].map((failed) => precisionOfRatio(failed, requests)?.standardError ?? 0);
    expect(clustered).toBeGreaterThan(10 * (spread ?? 0));
  });

  test.each([
    ["too few seconds", [1, 2, 3, 4, 5, 6, 7, 8], new Array<number>(8).fill(1)],
    ["nothing to divide by", new Array<number>(20).fill(1), new Array<number>(20).fill(0)],
    ["not numbers", new Array<number>(20).fill(Number.NaN), new Array<number>(20).fill(1)],
    ["lists of different lengths", new Array<number>(20).fill(1), new Array<number>(19).fill(1)],
  ])("%s: none", (_, numerators, denominators) => {
    expect(precisionOfRatio(numerators, denominators)).toBeNull();
  });

  test("a percentile's precision is that of many runs of the same kind", () => {
    const logs: number[] = [];
    const claimed: number[] = [];
    for (let seed = 1; seed <= 60; seed++) {
      const normal = normals(seed);
      const whole = new LatencyHistogram();
      const recorder = new LatencyRecorder();
      const pieces = Array.from({ length: 60 }, () => {
        for (let i = 0; i < 100; i++) recorder.record(20 * Math.exp(0.4 * normal()));
        const piece = new LatencyHistogram();
        piece.addRaw(recorder.take() as RawCounts);
        whole.add(piece);
        return piece;
      });
      logs.push(Math.log(whole.percentile(95).us));
      claimed.push(precisionOfPercentile(95, pieces, whole)?.standardError ?? Number.NaN);
    }
    const mean = logs.reduce((sum, log) => sum + log, 0) / logs.length;
    const real = Math.sqrt(logs.reduce((sum, log) => sum + (log - mean) ** 2, 0) / (logs.length - 1));
    const said = claimed.reduce((sum, each) => sum + each, 0) / claimed.length;
    expect(said / real).toBeGreaterThan(0.75);
    expect(said / real).toBeLessThan(1.35);
  });

  test("a percentile that too few observations lie beyond has none", () => {
    const recorder = new LatencyRecorder();
    const whole = new LatencyHistogram();
    const pieces = Array.from({ length: 20 }, (_, i) => {
      recorder.record(i + 1);
      const piece = new LatencyHistogram();
      piece.addRaw(recorder.take() as RawCounts);
      whole.add(piece);
      return piece;
    });
    expect(precisionOfPercentile(99, pieces, whole)).toBeNull();
    expect(precisionOfPercentile(50, [], new LatencyHistogram())).toBeNull();
  });
});
