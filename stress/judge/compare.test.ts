import { describe, expect, test } from "vitest";
import { type Trial, tally } from "../bench/compare-proof.ts";
import type { Summary } from "../measure/summary.ts";
import { b, compare, figure, group } from "../testing/comparisons.ts";
import type { RunGroup } from "./compare.ts";

/** A run in which a percentile of service time is only known to exceed 30 s. */
const beyond =
  (...names: string[]) =>
  (summary: Summary): Summary => {
    const duration = summary.metrics.http_req_duration;
    if (duration?.type !== "trend") throw new Error("no latency");
    const values = { ...duration.values, censored: 1000, ...Object.fromEntries(names.map((name) => [name, 30_000])) };
    return { ...summary, metrics: { ...summary.metrics, http_req_duration: { ...duration, values, beyond: names } } };
  };

const failures =
  (count: number) =>
  (summary: Summary): Summary => {
    const values = { rate: count / 100_000, passes: count, fails: 100_000 - count };
    return { ...summary, metrics: { ...summary.metrics, http_req_failed: { type: "rate", contains: "default", values } } };
  };

/** A run of which `share` of 10,000 was such. */
function sharing(summary: Summary, key: "checks_failed" | "dropped_iterations" | "http_req_failed", share: number): Summary {
  const [bad, good] = [share * 10_000, (1 - share) * 10_000];
  const values = (passes: number, fails: number) => ({ rate: passes / 10_000, passes, fails });
  const metrics: Summary["metrics"] = {
    checks: { type: "rate", contains: "default", values: values(good, bad) },
    http_req_failed: { type: "rate", contains: "default", values: values(bad, good) },
    dropped_iterations: { type: "counter", contains: "default", values: { count: bad, rate: 1 } },
  };
  const name = key === "checks_failed" ? "checks" : key;
  const generator = { ...summary.generator, offered: 10_000 };
  return { ...summary, generator, metrics: { ...summary.metrics, [name]: metrics[name] as Summary["metrics"][string] } };
}

// a thousand comparisons are a matter of seconds, and of minutes on a crowded machine
describe("how often it is wrong, on simulated targets whose runs stray by 2 %", { timeout: 300_000 }, () => {
  const worse = (trial: Trial) => tally(trial).worse / trial.seeds;

  test("nothing changed: worse in at most 5 % of 1,000 comparisons of five runs a side", () => {
    expect(worse({ runs: 5, seeds: 1000 })).toBeLessThanOrEqual(0.05);
  });

  test("nothing changed, runs in pairs: the same", () => {
    expect(worse({ runs: 5, seeds: 1000, paired: true })).toBeLessThanOrEqual(0.05);
  });

  test("nothing changed, one run a side: the same, for what its rows tell", () => {
    expect(worse({ runs: 1, seeds: 1000, seconds: 30, series: "rows" })).toBeLessThanOrEqual(0.05);
  });

  test("nothing changed, one run a side with its distributions: in at most 5 % of 40", () => {
    expect(worse({ runs: 1, seeds: 40, seconds: 15 })).toBeLessThanOrEqual(0.05);
  });

  test("5 % slower is found in 95 % of 500 comparisons of eight runs a side", () => {
    expect(worse({ runs: 8, seeds: 500, b: { slowdown: 1.05 } })).toBeGreaterThanOrEqual(0.95);
  });

  test("5 % slower is called the same in at most 1 % even of very many runs", () => {
    const { same } = tally({ runs: 30, seeds: 100, b: { slowdown: 1.05 } });
    expect(same).toBeLessThanOrEqual(1);
  });

  test("nothing changed is called the same, with runs enough", () => {
    expect(tally({ runs: 30, seeds: 100 }).same).toBeGreaterThan(80);
  });
});

describe("errors", () => {
  test("none before and some in every run now is worse, however few", () => {
    const comparison = compare([group("a"), b({ change: (summary, i) => failures(9 + i)(summary) })]);
    expect(figure(comparison, "http_req_failed")).toMatchObject({
      verdict: "worse",
      change: { estimate: expect.closeTo(0.00011) },
    });
    expect(comparison.warnings).toContain("http_req_failed went from none at all to 0.011 %");
    expect(comparison.verdict).toBe("worse");
  });

  test("none before and a burst in one run now cannot be told, and is said aloud", () => {
    const comparison = compare([group("a"), b({ change: (summary, i) => failures(i === 2 ? 500 : 0)(summary) })]);
    expect(figure(comparison, "http_req_failed").verdict).toBe("cannot-tell");
    expect(comparison.warnings.join()).toMatch(/http_req_failed went from none at all to 0\.1 %/);
  });

  test("everything failed now", () => {
    const comparison = compare([group("a"), b({ change: failures(100_000) })]);
    expect(figure(comparison, "http_req_failed")).toMatchObject({ verdict: "worse", change: { estimate: 1 } });
  });

  test("none on either side is the same", () => {
    expect(figure(compare([group("a"), b()]), "http_req_failed")).toMatchObject({ verdict: "same", change: { estimate: 0 } });
  });

  test.each([
    ["checks_failed", 0, 1, "worse"],
    ["checks_failed", 0, 0.02, "worse"],
    ["checks_failed", 1, 0, "better"],
    ["checks_failed", 0.02, 0.021, "cannot-tell"],
    ["checks_failed", 0, 0, "same"],
    ["dropped_iterations", 0, 1, "worse"],
    ["dropped_iterations", 0, 0.02, "worse"],
    ["dropped_iterations", 0.5, 0.51, "cannot-tell"],
    ["http_req_failed", 0, 1, "worse"],
  ] as const)("one run a side, %s from %d to %d: %s", (key, before, now, verdict) => {
    const [a, other] = [before, now].map((share) => ({
      runs: 1,
      seconds: 5,
      change: (summary: Summary) => sharing(summary, key, share),
    }));
    expect(figure(compare([group("a", a), b(other)]), key).verdict).toBe(verdict);
  });

  test("one run a side: none before, one in fifty now", () => {
    const comparison = compare([group("a", { runs: 1 }), b({ runs: 1, target: { failing: 0.02 } })]);
    expect(figure(comparison, "http_req_failed").verdict).toBe("worse");
  });
});

describe("percentiles beyond the time limit", () => {
  test("in every run of B, and in none of A: worse, by at least so much", () => {
    const { verdict, change } = figure(compare([group("a"), b({ change: beyond("p(99)") })]), "http_req_duration p(99)");
    expect(verdict).toBe("worse");
    expect(change).toMatchObject({ bound: "lower", high: null });
    expect(change?.low).toBeGreaterThan(500);
  });

  test("in one run a side: the same way", () => {
    const comparison = compare([group("a", { runs: 1 }), b({ runs: 1, change: beyond("p(99)") })]);
    expect(figure(comparison, "http_req_duration p(99)").verdict).toBe("worse");
  });

  test("on both sides: nobody can tell", () => {
    const both = figure(
      compare([group("a", { change: beyond("p(99)") }), b({ change: beyond("p(99)") })]),
      "http_req_duration p(99)",
    );
    expect(both).toMatchObject({ verdict: "cannot-tell", change: null, reason: expect.stringMatching(/both sides/) });
  });

  test("in A only: better", () => {
    expect(figure(compare([group("a", { change: beyond("p(99)") }), b()]), "http_req_duration p(99)")).toMatchObject({
      verdict: "better",
      change: { bound: "upper", low: null },
    });
  });
});

describe("how it is compared", () => {
  test("one run against five, five against one, two against two", () => {
    const method = (a: number, other: number) => compare([group("a", { runs: a }), b({ runs: other })]).method;
    expect([method(1, 5), method(5, 1), method(2, 2), method(1, 1)]).toEqual([
      "one-against-many",
      "one-against-many",
      "welch",
      "one-against-one",
    ]);
  });

  test("one run a side: says how little that proves, is never the same in what varies, and finds a doubling", () => {
    const comparison = compare([group("a", { runs: 1 }), b({ runs: 1 })]);
    expect(comparison.warnings.join()).toMatch(/one run a side proves little/);
    expect(figure(comparison, "http_req_duration p(95)")).toMatchObject({ verdict: "cannot-tell", change: expect.anything() });
    expect(compare([group("a", { runs: 1 }), b({ runs: 1, target: { slowdown: 2 } })]).verdict).toBe("worse");
  });

  test("one run a side without a time series, or too short: what it cannot tell has no interval", () => {
    for (const making of [{ series: "none" as const }, { seconds: 5 }]) {
      const comparison = compare([group("a", { runs: 1, ...making }), b({ runs: 1, ...making, target: { slowdown: 2 } })]);
      expect(figure(comparison, "sustained_rps")).toMatchObject({ verdict: "cannot-tell", change: null });
      expect(comparison.verdict).toBe("cannot-tell");
    }
  });

  test("three groups and more are a trend, found where single steps would not be", () => {
    const groups = [0, 1, 2, 3, 4, 5].map((i) =>
      group(`v${i}`, { runs: 2, from: 1 + 10 * i, target: { slowdown: 1 + 0.03 * i } }),
    );
    const comparison = compare(groups);
    expect(comparison.method).toBe("trend");
    expect(figure(comparison, "http_req_duration p(50)").change?.estimate).toBeCloseTo(0.15, 1);
    expect(comparison.verdict).toBe("worse");
  });

  test("all of A before all of B is said; in turn is not", () => {
    const warned = (groups: RunGroup[]) => /before those of the other/.test(compare(groups).warnings.join());
    const inTurn = (offset: number) => (s: Summary, i: number) => ({
      ...s,
      metadata: { ...s.metadata, startedAt: new Date(60_000 * (2 * i + offset)).toISOString() },
    });
    expect(warned([group("a"), b()])).toBe(true);
    expect(warned([group("a", { change: inTurn(0) }), b({ change: inTurn(1) })])).toBe(false);
  });
});
