import { build, type Histogram } from "hdr-histogram-js";
import { describe, expect, it } from "vitest";
import { countsLength, highestUs, indexOf, LatencyRecorder, valueAt } from "./recorder.ts";

/** What hdr-histogram-js computes inside; its types do not tell. */
interface Layout extends Histogram {
  countsArrayLength: number;
  countsArrayIndex(value: number): number;
  valueFromIndex(index: number): number;
  highestEquivalentValue(value: number): number;
}

const reference = build({
  bitBucketSize: 64,
  autoResize: false,
  lowestDiscernibleValue: 1,
  highestTrackableValue: highestUs,
  numberOfSignificantValueDigits: 3,
}) as Layout;

/** Differences found among `values`; expected to be none, and cheaper than an assertion for each. */
function differences(values: Iterable<number>): number[] {
  const found: number[] = [];
  for (const us of values) {
    const index = indexOf(us);
    if (index !== reference.countsArrayIndex(us) || valueAt(index) !== reference.valueFromIndex(index)) found.push(us);
  }
  return found;
}

describe("the bucket layout is hdr-histogram-js's", () => {
  it("has as many buckets", () => {
    expect(countsLength).toBe(reference.countsArrayLength);
    expect(indexOf(highestUs)).toBe(countsLength - 1);
  });

  it("at both edges of every bucket, and one beyond", () => {
    function* edges() {
      for (let index = 0; index < countsLength; index++) {
        const low = valueAt(index);
        const high = reference.highestEquivalentValue(low);
        yield low;
        if (high <= highestUs) yield high;
        if (high + 1 <= highestUs) yield high + 1;
      }
    }
    expect(differences(edges())).toEqual([]);
  });

  it("at values spread evenly, and evenly over magnitudes", () => {
    function* values() {
      for (let i = 0; i < 100_000; i++) yield Math.floor((i * highestUs) / 99_999);
      for (let i = 0; i < 100_000; i++) yield Math.floor(highestUs ** (i / 99_999));
    }
    expect(differences(values())).toEqual([]);
  });

  it("numbers buckets without a gap", () => {
    const wrong = Array.from({ length: countsLength }, (_, index) => index).filter((index) => indexOf(valueAt(index)) !== index);
    expect(wrong).toEqual([]);
  });
});

describe("LatencyRecorder", () => {
  it.each([
    [-0.5, 0, "a clock that went back a little"],
    [0, 0, "nothing"],
    [0.0004, 0, "less than half a microsecond"],
    [0.0006, 1, "more than half a microsecond"],
    [1.2345, 1235, "rounded to the next microsecond"],
    [3e9, highestUs, "longer than the layout holds"],
  ])("records %d ms as %d µs: %s", (ms, us) => {
    const recorder = new LatencyRecorder();
    recorder.record(ms);
    expect(recorder.take()).toEqual({
      offset: indexOf(us),
      counts: Int32Array.of(1),
      count: 1,
      sumUs: us,
      minUs: us,
      maxUs: us,
    });
  });

  it("hands over what came since the last time, and only that", () => {
    const recorder = new LatencyRecorder();
    expect(recorder.take()).toBeNull();
    for (const ms of [1, 2, 2, 1000]) recorder.record(ms);
    expect(recorder.take()).toMatchObject({ count: 4, sumUs: 1_005_000, minUs: 1000, maxUs: 1_000_000 });
    recorder.record(5);
    const raw = recorder.take();
    expect(raw).toMatchObject({ count: 1, sumUs: 5000, minUs: 5000, maxUs: 5000 });
    expect(raw?.counts.reduce((sum, count) => sum + count, 0)).toBe(1);
    expect(recorder.take()).toBeNull();
  });
});
