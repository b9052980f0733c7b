import { describe, expect, it } from "vitest";
import { LatencyHistogram } from "../../measure/histogram.ts";
import { LatencyRecorder, type RawCounts } from "../../measure/recorder.ts";
import { batchReadings } from "./batches.ts";

function encoded(ms: number, count: number): string {
  const recorder = new LatencyRecorder();
  for (let i = 0; i < count; i++) recorder.record(ms);
  const histogram = new LatencyHistogram();
  if (count > 0) histogram.addRaw(recorder.take() as RawCounts);
  return histogram.encode();
}

const second = (i: number) => ({ fromMs: i * 1000, toMs: (i + 1) * 1000 });

describe("batchReadings", () => {
  it("has the p99 and the requests a second of each batch, at its middle since the run started", () => {
    const { latency, throughput } = batchReadings({ batches: [{ ...second(0), data: encoded(20, 100) }] }, 5000);
    expect(latency).toEqual([{ atMs: 5500, value: expect.closeTo(20, 1) }]);
    expect(throughput).toEqual([{ atMs: 5500, value: 100 }]);
  });

  it("counts what was not answered in time at its limit, where the rest would look fast", () => {
    const batches = [{ ...second(0), data: encoded(20, 97), censored: { count: 3, fromMs: 30_000 } }];
    const { latency, throughput } = batchReadings({ batches }, 0);
    expect(latency[0]?.value).toBe(30_000);
    expect(throughput[0]?.value).toBe(97);
  });

  it("takes response time where there is one, with what was not answered of it", () => {
    const batch = { ...second(0), data: encoded(20, 100), response: encoded(50, 100) };
    expect(batchReadings({ batches: [batch] }, 0).latency[0]?.value).toBeCloseTo(50, 1);
    const dropped = { ...batch, responseCensored: { count: 5, fromMs: 2000 } };
    expect(batchReadings({ batches: [dropped] }, 0).latency[0]?.value).toBe(2000);
  });

  it("has a throughput for a batch without an answer, and none for a last one that was cut short", () => {
    const batches = [
      { ...second(0), data: encoded(20, 100) },
      { ...second(1), data: encoded(20, 0), censored: { count: 50, fromMs: 1000 } },
      { fromMs: 2000, toMs: 2400, data: encoded(20, 40) },
    ];
    const { latency, throughput } = batchReadings({ batches }, 0);
    expect(latency.map(({ value }) => value)).toEqual([expect.closeTo(20, 1), 1000]);
    expect(throughput.map(({ value }) => value)).toEqual([100, 1]);
  });
});
