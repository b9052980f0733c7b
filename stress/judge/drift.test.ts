import { describe, expect, it } from "vitest";
import { driftSchema } from "../measure/drift-summary.ts";
import { falseAlarmShare } from "./drift/gate.ts";
import { binomialLimit, tallyOf } from "./drift/proof.ts";
import { adversaries, leaks, nulls, readingsOf, type Shape } from "./drift/test-traces.ts";
import { driftOf, harmfulSlope } from "./drift.ts";

const mebibyte = 2 ** 20;
const minute = 60_000;
const seeds = 40;
const quarterHour = { minutes: 15, intervalMs: 1000, sigma: 2, seeds };
const options = { limitBytes: 2048 * mebibyte, baselineBytes: 100 * mebibyte, falseAlarm: 0.002 };

function series(value: (t: number) => number, minutes = 60) {
  const readings = Array.from({ length: minutes * 30 }, (_, i) => ({ atMs: i * 2000, value: value(i * 2) * mebibyte }));
  return { figure: "rss" as const, readings, load: { fromMs: 0, toMs: minutes * minute }, taken: readings.length, lost: 0 };
}

describe("memory that does not leak", () => {
  it.each(Object.entries(nulls))("is not called leaking: %s", (_, shape) => {
    expect(tallyOf(shape, quarterHour).leaking).toBeLessThanOrEqual(binomialLimit(seeds, falseAlarmShare(3)));
  });

  it("is called stable after an hour, where its noise forgets fast", () => {
    const shape = nulls["white noise"];
    expect(shape && tallyOf(shape, { ...quarterHour, minutes: 60, intervalMs: 2000 }).stable).toBe(seeds);
  });

  it("is stable when it does not change by a byte", () => {
    const { verdict, slope } = driftOf(
      series(() => 100),
      options,
    );
    expect(verdict).toBe("stable");
    expect(slope?.bytesPerHour).toBeCloseTo(0, 3);
  });
});

describe("memory that leaks 1 MiB a minute", () => {
  it.each([
    ["linear leak", 15, 37],
    ["leak in steps of a minute", 15, 34],
    ["leak that starts at half", 60, 38],
    ["leak after a warm-up step", 60, 38],
    ["leak under a sawtooth", 60, 38],
  ])("is found: %s, in %i minutes", (name, minutes, least) => {
    const shape = leaks(1)[name];
    const intervalMs = minutes > 15 ? 2000 : 1000;
    expect(shape && tallyOf(shape, { ...quarterHour, minutes, intervalMs }).leaking).toBeGreaterThanOrEqual(least);
  });

  it("has a slope near the truth, the truth within its bounds, and a time at which the limit is reached", () => {
    const drift = driftOf(
      series((t) => 100 + t / 60 + Math.sin(t * 12.9898)),
      options,
    );
    expect(drift.verdict).toBe("leaking");
    expect((drift.slope?.bytesPerHour ?? 0) / mebibyte).toBeCloseTo(60, 0);
    expect(drift.slope?.lowerBytesPerHour).toBeLessThan(60 * mebibyte);
    expect(drift.slope?.upperBytesPerHour).toBeGreaterThan(60 * mebibyte);
    expect((drift.timeToLimitMs ?? 0) / 3_600_000).toBeCloseTo((2048 - 160) / 60, 0);
    expect(driftSchema.parse(drift)).toEqual(drift);
  });
});

describe("memory that cannot be judged", () => {
  it("is undecided in a short run, which is told how much longer it should be", () => {
    const readings = readingsOf(nulls["OU, τ 10 s"] ?? (() => () => 0), { minutes: 4, intervalMs: 1000, sigma: 2 }, 1);
    const load = { fromMs: 0, toMs: 4 * minute };
    const drift = driftOf({ figure: "rss", readings, load, taken: readings.length, lost: 0 }, options);
    expect(drift.verdict).toBe("undecided");
    expect(drift.neededMs).toBeGreaterThan(0);
  });

  it("is undecided while it settles, though it grows by less than matters, and needs as much more as it has settled for", () => {
    const drift = driftOf(
      series((t) => 100 + 50 * (1 - Math.exp(-t / 1800)) + Math.sin(t * 12.9898) / 10),
      { ...options, harmfulBytesPerHour: 1000 * mebibyte },
    );
    expect(drift).toMatchObject({
      verdict: "undecided",
      reasons: ["memory was still settling at the middle of the load"],
    });
    expect((drift.neededMs ?? 0) / minute).toBeGreaterThan(25);
    expect((drift.neededMs ?? 0) / minute).toBeLessThan(35);
  });

  it("says what else would decide where no load of a week would", () => {
    const given = series((t) => 100 + t / 3600 + Math.sin(t * 12.9898));
    const { slope } = driftOf(given, options);
    const { neededMs, reasons } = driftOf(given, { ...options, harmfulBytesPerHour: slope?.bytesPerHour ?? 0 });
    expect(neededMs).toBeNull();
    expect(reasons).toEqual([expect.stringMatching(/; it takes more than another week to tell, or a larger --harmful$/)]);
  });

  it.each([
    ["nothing was read", { ...series(() => 100), readings: [] }, "no memory was read during the load"],
    ["a third of the samples was lost", { ...series(() => 100), lost: 900 }, "900 of 2700 samples were lost"],
  ])("is invalid where %s", (_, given, reason) => {
    expect(driftOf(given, options)).toMatchObject({ verdict: "invalid", reasons: [reason] });
  });

  it("is invalid by the readings that were lost, however many of those that were taken a log merged", () => {
    const merged = { ...series(() => 100), taken: 7200 };
    expect(driftOf({ ...merged, lost: 1800 }, options).verdict).toBe("stable");
    expect(driftOf({ ...merged, lost: 1801 }, options)).toMatchObject({
      verdict: "invalid",
      samples: 7200,
      reasons: ["1801 of 9001 samples were lost"],
    });
  });

  it("is undecided where growth has nothing to be compared with", () => {
    const drift = driftOf(
      series(() => 100),
      { ...options, limitBytes: null, baselineBytes: null },
    );
    expect(drift).toMatchObject({ verdict: "undecided", harmfulBytesPerHour: null });
  });

  it("is undecided while growth slows down, or only comes back to where it was", () => {
    const slowing = driftOf(
      series((t) => 100 + 50 * (1 - Math.exp(-t / 1800)) + Math.sin(t * 12.9898) / 10),
      options,
    );
    expect(slowing.verdict).toBe("undecided");
    const again = driftOf(
      series((t) => 100 + ((t + 1000) % 2400) / 60 + Math.sin(t * 12.9898) / 10),
      options,
    );
    expect(again.verdict).toBe("undecided");
  });

  it("finds its steady stretch after a step of warm-up", () => {
    const { steady, verdict } = driftOf(
      series((t) => (t < 500 ? 50 : 100) + Math.sin(t * 12.9898)),
      options,
    );
    expect(verdict).toBe("stable");
    expect(steady?.fromMs).toBeGreaterThan(400_000);
    expect(steady?.fromMs).toBeLessThan(700_000);
  });
});

it("holds growth against a tenth of the limit a day, or of the baseline where there is none", () => {
  expect(harmfulSlope({ limitBytes: 2400, baselineBytes: 240 })).toBe(10);
  expect(harmfulSlope({ limitBytes: null, baselineBytes: 240 })).toBe(1);
});

describe("memory made to deceive", () => {
  const tally = (shape: Shape | undefined) => shape && tallyOf(shape, { ...quarterHour, seeds: 20 });

  it("is not leaking where only a collector's teeth grow", () => {
    expect(tally(adversaries["sawtooth of growing amplitude"])?.leaking).toBe(0);
  });

  it("is mostly undecided while it warms up for longer than the load lasts", () => {
    expect(tally(adversaries["warm-up that saturates with 20 min"])?.leaking).toBeLessThan(10);
  });
});
