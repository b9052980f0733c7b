import { describe, expect, it } from "vitest";
import { parseStages } from "../../profile/stages.ts";
import { judgeRecovery, spikeOf } from "./recovery.ts";
import type { LoadSecond } from "./seconds.ts";

const spike = { fromMs: 30_000, toMs: 60_000 };

/** Two minutes, a second each; `at` says what differs from an undisturbed target, by the second's number. */
function load(at: (second: number) => Partial<LoadSecond> = () => ({}), seconds = 120): LoadSecond[] {
  return Array.from({ length: seconds }, (_, i) => ({
    atMs: (i + 1) * 1000,
    durationMs: 1000,
    requests: 100,
    failed: 0,
    unanswered: 0,
    localLimits: 0,
    // noise that comes again, as of a real machine
    p95Ms: 10 + (i % 3),
    pacerLagP99Ms: 0,
    ...at(i),
  }));
}

const slow =
  (from: number, to: number, p95Ms = 400) =>
  (i: number) =>
    i >= from && i < to ? { p95Ms } : {};

describe("recovery", () => {
  it.each<[string, (i: number) => Partial<LoadSecond>, string, number | null]>([
    ["the spike changed nothing", () => ({}), "recovered", 0],
    ["slow in the spike alone", slow(30, 60), "recovered", 0],
    ["slow for ten seconds after it", slow(30, 70), "recovered", 10_000],
    ["slow for as long as is allowed", slow(30, 90), "recovered", 30_000],
    ["slow for a second more than is allowed", slow(30, 91), "late", 31_000],
    ["slow to the end", slow(30, 120), "late", null],
    ["a hiccup of two seconds moves nothing", (i) => (i === 75 || i === 76 ? { p95Ms: 5000 } : {}), "recovered", 0],
    [
      "well for ten seconds and then worse again: it had not recovered",
      (i) => (slow(30, 60)(i).p95Ms !== undefined || (i >= 70 && i < 80) ? { p95Ms: 400 } : {}),
      "recovered",
      20_000,
    ],
    ["trouble long after is not the spike's", slow(100, 110), "recovered", 0],
    ["requests that fail count as slow ones do", (i) => (i >= 30 && i < 72 ? { failed: 5 } : {}), "recovered", 12_000],
    ["seconds without any answer", (i) => (i >= 60 && i < 65 ? { requests: 0, p95Ms: null } : {}), "recovered", 5_000],
    ["percentiles beyond the limit", (i) => (i >= 60 && i < 66 ? { p95Ms: Number.POSITIVE_INFINITY } : {}), "recovered", 6_000],
  ])("%s", (_, at, verdict, afterMs) => {
    const judged = judgeRecovery(load(at), spike, 30_000);
    expect([judged.verdict, judged.recoveredAfterMs]).toEqual([verdict, afterMs]);
  });

  it("is held to the time before, its first seconds left out", () => {
    const { band } = judgeRecovery(
      load((i) => (i < 9 ? { p95Ms: 900 } : {})),
      spike,
      30_000,
    );
    expect(band?.p95Ms).toBeCloseTo(11 * 1.25 + 2);
    expect(band?.failedShare).toBe(0);
  });

  it("says how bad it was", () => {
    const { worst, text } = judgeRecovery(
      load((i) => (i === 45 ? { failed: 50, p95Ms: 777 } : {})),
      spike,
      30_000,
    );
    expect([worst, text]).toEqual([{ p95Ms: 777, failedShare: 0.5 }, "recovered 0 s after the spike (30 s allowed)"]);
  });

  it.each([
    ["nothing was seen before the spike", load().slice(28), /^only \d seconds before the spike/],
    ["it ended with the spike", load(() => ({}), 62), /^only 2 seconds after the spike/],
    ["it was watched for less than is allowed, and did not recover", load(slow(30, 80), 80), /watch for longer$/],
  ])("cannot be told where %s", (_, seconds, text) => {
    const judged = judgeRecovery(seconds, spike, 30_000);
    expect(judged.verdict).toBe("undecided");
    expect(judged.text).toMatch(text);
  });
});

describe("the spike", () => {
  it("lies between the end of the first level and the return to it", () => {
    const { stages } = parseStages(["10s:100/s", "5m:100/s", "5s:2000/s", "3m:2000/s", "5s:100/s", "400s:100/s"]);
    expect(spikeOf(stages)).toEqual({ fromMs: 310_000, toMs: 500_000 });
  });

  it.each([[["1m:100/s", "1m:100/s"]], [["1m:100/s", "1m:100/s", "1m:500/s"]], [["1m:9/s", "1m:9/s", "1m:99/s", "1m:9/s"]]])(
    "%s has none, or nothing after it",
    (texts) => {
      expect(() => spikeOf(parseStages(texts).stages)).toThrow("recovery needs a level that is held, a spike above it");
    },
  );
});
