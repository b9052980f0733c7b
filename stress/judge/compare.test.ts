import { describe, expect, test } from "vitest";
import { type Trial, tally } from "../bench/compare-proof.ts";
import { type SimulatedOptions, type SimulatedTarget, simulatedRun, steadyTarget } from "../bench/simulated-run.ts";
import type { Summary } from "../measure/summary.ts";
import type { Profile, RequestSpec } from "../profile/profile.ts";
import { redactProfile } from "../profile/redact.ts";
import { loadHash } from "../profile/sent.ts";
import { comparisonSchema } from "./compare/comparison.ts";
import { type CompareOptions, compareGroups, defaultMargins, type RunGroup } from "./compare.ts";

const options: CompareOptions = { margins: defaultMargins, keys: null, paired: false };

interface Making {
  runs?: number;
  from?: number;
  target?: Partial<SimulatedTarget>;
  series?: SimulatedOptions["series"];
  seconds?: number;
  change?: (summary: Summary, at: number) => Summary;
}

function group(label: string, { runs = 5, from = 1, target = {}, series, seconds = 30, change }: Making = {}): RunGroup {
  return {
    label,
    runs: Array.from({ length: runs }, (_, i) => {
      const summary = simulatedRun({ ...steadyTarget, ...target }, from + i, {
        series: series ?? (runs === 1 ? "batches" : "none"),
        seconds,
      });
      return { file: `${label}-${i + 1}.json`, summary: change?.(summary, i) ?? summary };
    }),
  };
}

/** Compares, and holds the answer to its schema, so that nothing in it is NaN or infinite. */
function compare(groups: RunGroup[], given: Partial<CompareOptions> = {}) {
  return comparisonSchema.parse(JSON.parse(JSON.stringify(compareGroups(groups, { ...options, ...given }))));
}

const b = (making: Making = {}) => group("b", { from: 101, ...making });

function figure(comparison: ReturnType<typeof compare>, key: string) {
  const found = comparison.figures.find((each) => each.key === key);
  if (found === undefined) throw new Error(`${key} is not among ${comparison.figures.map((each) => each.key)}`);
  return found;
}

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

describe("runs that cannot be compared are left out, and it is said why", () => {
  const results =
    (verdict: Summary["results"]["verdict"]) =>
    (summary: Summary): Summary => ({
      ...summary,
      results: { verdict, exitCode: 1, reasons: ["so it is"] },
    });
  test.each([
    ["partial", (summary: Summary): Summary => ({ ...summary, partial: true }), /did not end in order/],
    ["interrupted", results("interrupted"), /it was interrupted/],
    ["aborted", results("aborted"), /an abort rule ended it early \(so it is\)/],
    ["invalid", results("invalid"), /it is invalid \(so it is\)/],
    ["undecided", results("undecided"), /it is undecided/],
    [
      "limited by the generator",
      (summary: Summary): Summary => ({
        ...summary,
        generator: { ...summary.generator, saturated: true, evidence: ["thread at 100 %"] },
      }),
      /the generator was at its limit \(thread at 100 %\)/,
    ],
    [
      "empty",
      (summary: Summary): Summary => ({
        ...summary,
        metrics: { ...summary.metrics, http_reqs: { type: "counter", contains: "default", values: { count: 0, rate: 0 } } },
      }),
      /made no request/,
    ],
  ])("%s", (_, spoil, reason) => {
    const comparison = compare([group("a"), b({ change: (summary, i) => (i === 0 ? spoil(summary) : summary) })]);
    expect(comparison.groups[1]?.runs).toHaveLength(4);
    expect(comparison.groups[1]?.leftOut).toEqual([{ file: "b-1.json", reason: expect.stringMatching(reason) }]);
    expect(comparison.warnings.join("\n")).toMatch(reason);
    const none = compare([group("a"), b({ change: spoil })]);
    expect([none.figures, none.verdict]).toEqual([[], "cannot-tell"]);
    expect(none.warnings).toContain("b has no run that can be compared");
  });

  test("a failed objective is no reason: that is what a comparison is to find", () => {
    expect(compare([group("a"), b({ change: results("fail") })]).groups[1]?.runs).toHaveLength(5);
  });

  test("a run counts once, however often it is named", () => {
    const a = group("a");
    const doubled = { ...a, runs: [...a.runs, ...a.runs] };
    const comparison = compare([doubled, b()]);
    expect(comparison.groups[0]?.runs).toHaveLength(5);
    expect(comparison.groups[0]?.leftOut[0]?.reason).toBe("it is the same run as a-1.json");
  });

  test("a run against itself shows nothing, and that is said", () => {
    for (const runs of [1, 5]) {
      const comparison = compare([group("a", { runs }), group("again", { runs })]);
      expect(comparison.verdict).not.toMatch(/worse|better/);
      expect(comparison.warnings.join()).toMatch(/are the same run/);
    }
  });

  test("in pairs by their order, what is left out on one side takes its partner along and moves no other", () => {
    const without =
      (lost: number) =>
      (summary: Summary, i: number): Summary =>
        i === lost ? { ...summary, partial: true as const } : summary;
    const comparison = compareGroups([group("a", { change: without(1) }), b({ change: without(3) })], {
      ...options,
      paired: true,
    });
    expect(comparison.method).toBe("paired");
    expect(comparison.groups.map(({ runs }) => runs.map(({ file }) => file.replace(/^\D+/, "")))).toEqual([
      ["1.json", "3.json", "5.json"],
      ["1.json", "3.json", "5.json"],
    ]);
  });

  test("in pairs, a run whose partner is left out is left out as well", () => {
    const series =
      (side: "a" | "b") =>
      (summary: Summary, i: number): Summary => ({
        ...summary,
        series: { id: "s", run: i + 1, of: 5, side },
        ...(side === "b" && i === 1 ? { partial: true as const } : {}),
      });
    const comparison = compare([group("a", { change: series("a") }), b({ change: series("b") })]);
    expect(comparison.method).toBe("paired");
    expect(comparison.groups.map(({ runs }) => runs.length)).toEqual([4, 4]);
    expect(comparison.groups[0]?.leftOut).toEqual([{ file: "a-2.json", reason: expect.stringMatching(/paired with/) }]);
  });
});

describe("what is compared", () => {
  test("a service that only one side has is said to be missing; the sums are compared then", () => {
    const withoutBackend = (summary: Summary): Summary => ({ ...summary, resources: summary.resources.slice(0, 1) });
    const { figures, missing } = compare([group("a"), b({ change: withoutBackend })]);
    expect(figures.map(({ key }) => key)).toEqual(expect.arrayContaining(["cpu_per_request", "memory"]));
    expect(figures.map(({ key }) => key)).not.toContain("memory proxy");
    expect(missing).toEqual([]);
    expect(compare([group("a"), b({ change: (summary) => ({ ...summary, resources: [] }) })]).missing).toEqual([
      { key: "cpu_per_request", lackedBy: ["b"] },
      { key: "memory", lackedBy: ["b"] },
    ]);
  });

  test("only the figures asked for, which then need no correction for the others", () => {
    const { figures } = compare([group("a"), b()], { keys: ["http_req_duration p(95)"] });
    expect(figures.map(({ key }) => key)).toEqual(["http_req_duration p(95)"]);
  });

  test.each([
    [
      "another host",
      (s: Summary) => ({ ...s, environment: { ...s.environment, host: { ...s.environment.host, cores: 64 } } }),
      "host",
    ],
    [
      "another topology",
      (s: Summary) => ({
        ...s,
        environment: { ...s.environment, deployment: { topology: "nginx", mode: "docker", services: [] } },
      }),
      "topology",
    ],
    [
      "another duration",
      (s: Summary) =>
        ({
          ...s,
          profile: { ...s.profile, load: { ...s.profile.load, stages: [{ durationMs: 9000, from: 50, to: 50 }] } },
        }) as Summary,
      "load",
    ],
    [
      "an open model in place of a closed one",
      (s: Summary): Summary => ({
        ...s,
        profile: {
          ...s.profile,
          load: {
            model: "open",
            stages: [{ durationMs: 30_000, from: 50, to: 50 }],
            arrivals: "constant",
            seed: 1,
            whenBusy: "wait",
            connections: 50,
            maxConnections: 50,
          },
        },
      }),
      "load",
    ],
    [
      "another path",
      (s: Summary) => ({
        ...s,
        profile: { ...s.profile, requests: s.profile.requests.map((each) => ({ ...each, path: "/work" })) },
      }),
      "requests",
    ],
  ])("%s stands in the way", (_, change, what) => {
    const { differences } = compare([group("a"), b({ change })]);
    expect(differences.filter(({ blocking }) => blocking).map((each) => each.what)).toContain(what);
  });

  describe("what was sent, as it is stored", () => {
    const stored =
      (request: Partial<RequestSpec>, more: Partial<Profile> = {}) =>
      (summary: Summary): Summary => {
        const requests = summary.profile.requests.map((each) => ({ ...each, ...request }));
        const profile = { ...summary.profile, requests, ...more };
        return {
          ...summary,
          profile: redactProfile(profile),
          metadata: { ...summary.metadata, loadHash: loadHash(profile) },
        };
      };
    const withoutHash = (change: (summary: Summary) => Summary) => (summary: Summary) => {
      const { loadHash: _, ...metadata } = change(summary).metadata;
      return { ...change(summary), metadata };
    };
    const differing = (a: (summary: Summary) => Summary, other: (summary: Summary) => Summary) =>
      compare([group("a", { change: a }), b({ change: other })]).differences.map(({ what, blocking }) => [what, blocking]);
    const classes = (weight: number, minMs = 1000) => ({
      classes: [
        { name: "reader", weight: 1, thinkTime: { minMs, maxMs: 2000 } },
        { name: "writer", weight, thinkTime: null },
      ],
    });
    const stream = (intervalMs: number): Partial<Profile> => ({
      stream: { kind: "ws", silenceMs: 10_000, reconnectMs: 1000, intervalMs, bytes: 64 },
    });

    test.each<[string, (summary: Summary) => Summary, (summary: Summary) => Summary, string]>([
      ["another number in the query", stored({ path: "/work?cpuUs=20" }), stored({ path: "/work?cpuUs=20000" }), "requests"],
      ["another hidden value", stored({ path: "/find?q=a" }), stored({ path: "/find?q=b" }), "redacted values of requests"],
      [
        "a hidden value that one side tells nothing of",
        withoutHash(stored({ path: "/find?q=a" })),
        stored({ path: "/find?q=a" }),
        "redacted values of requests",
      ],
      ["another weight of a class", stored({}, classes(1)), stored({}, classes(9)), "classes of users"],
      ["another think time of a class", stored({}, classes(1)), stored({}, classes(1, 10)), "classes of users"],
      ["another interval of messages", stored({}, stream(1000)), stored({}, stream(10)), "streams"],
      [
        "another class and a hidden value, told once",
        stored({ path: "/find?q=a" }, classes(1)),
        stored({ path: "/find?q=b" }, classes(2)),
        "classes of users",
      ],
    ])("%s stands in the way", (_, one, other, what) => {
      expect(differing(one, other)).toEqual([[what, true]]);
    });

    test.each<[string, (summary: Summary) => Summary, (summary: Summary) => Summary]>([
      ["the same hidden value", stored({ path: "/find?q=a" }), stored({ path: "/find?q=a" })],
      ["a token that was renewed", stored({ path: "/find?q=a&token=x" }), stored({ path: "/find?q=a&token=y" })],
      ["nothing hidden, and one side without a digest", withoutHash(stored({})), stored({})],
    ])("%s does not", (_, one, other) => {
      expect(differing(one, other)).toEqual([]);
    });
  });

  test("another address, kernel or seed does not", () => {
    const change = (s: Summary): Summary => ({
      ...s,
      profile: { ...s.profile, target: { ...s.profile.target, baseUrl: "https://other" } },
      environment: { ...s.environment, host: { ...s.environment.host, kernel: "7.0.0" } },
    });
    const { differences } = compare([group("a"), b({ change })]);
    expect(differences.map(({ what, blocking }) => [what, blocking])).toEqual([
      ["target", false],
      ["kernel", false],
    ]);
  });
});

describe("streams", () => {
  /** The run as one of streams: what was service time is round trip and response time, or gap and lateness. */
  const streaming =
    (kind: "sse" | "ws", { failed = 0, dropped = 0, refused = 0, inOneSecond = false } = {}) =>
    (summary: Summary): Summary => {
      const { http_req_duration: time, http_req_failed: _, ...metrics } = summary.metrics;
      if (time === undefined) throw new Error("no latency");
      const rate = (passes: number, fails: number) =>
        ({ type: "rate", contains: "default", values: { rate: passes / (passes + fails), passes, fails } }) as const;
      const count = (value: number) => ({ type: "counter", contains: "default", values: { count: value, rate: 0 } }) as const;
      const { columns, rows, batches } = summary.timeseries;
      const perRow = Math.ceil((dropped + refused) / rows.length);
      const times: Summary["metrics"] =
        kind === "ws"
          ? { ws_connecting: time, ws_round_trip: time, ws_response_time: time }
          : { sse_time_to_first_event: time, sse_event_gap: time, sse_event_lateness: time };
      return {
        ...summary,
        profile: {
          ...summary.profile,
          stream:
            kind === "ws"
              ? { kind, silenceMs: 10_000, reconnectMs: 1000, intervalMs: 1000, bytes: 64 }
              : { kind, silenceMs: 10_000, reconnectMs: 1000, intervalMs: 1000 },
        },
        metrics: {
          ...metrics,
          ...times,
          http_req_failed: rate(refused, 1000 - refused),
          streams_failed: rate(failed, 1000 - failed),
          streams_opened: count(1000 - refused),
          streams_dropped: count(dropped),
        },
        timeseries: {
          ...summary.timeseries,
          batches: batches.map((batch) => ({ ...batch, response: batch.data })),
          rows: rows.map((row, second) =>
            row.map((value, at) => {
              if (columns[at] !== "failed") return value;
              return inOneSecond ? (second === 10 ? dropped + refused : 0) : perRow;
            }),
          ),
        },
      };
    };

  test.each([
    ["ws", ["ws_connecting", "ws_round_trip", "ws_response_time"]],
    ["sse", ["sse_time_to_first_event", "sse_event_gap", "sse_event_lateness"]],
  ] as const)("of %s are compared by their own times and by how they fared", (kind, names) => {
    const change = streaming(kind);
    const comparison = compare([group("a", { change }), b({ change, target: { slowdown: 1.3 } })]);
    for (const name of names) {
      for (const p of ["p(50)", "p(95)", "p(99)"]) expect(figure(comparison, `${name} ${p}`).verdict).toBe("worse");
    }
    for (const name of ["http_req_failed", "streams_failed", "streams_dropped"]) {
      // none of a thousand on either side
      expect(figure(comparison, name)).toMatchObject({ verdict: "cannot-tell", change: { estimate: 0 } });
    }
  });

  test("that are lost now are worse", () => {
    const change = streaming("ws", { failed: 60, dropped: 50, refused: 10 });
    const comparison = compare([group("a", { change: streaming("ws") }), b({ change })]);
    expect(figure(comparison, "streams_failed")).toMatchObject({ verdict: "worse", change: { estimate: 0.06 } });
    expect(figure(comparison, "streams_dropped").change?.estimate).toBeCloseTo(50 / 990, 6);
    expect(figure(comparison, "http_req_failed").verdict).toBe("worse");
  });

  test("only what was asked for, one run a side: a doubled response time is worse, by what its batches tell", () => {
    const change = streaming("ws");
    const keys = ["ws_response_time p(95)"];
    const comparison = compare([group("a", { runs: 1, change }), b({ runs: 1, change, target: { slowdown: 2 } })], { keys });
    expect(comparison.figures).toMatchObject([{ key: keys[0], verdict: "worse", change: { estimate: expect.closeTo(1, 0) } }]);
    expect(comparison.missing).toEqual([]);
  });

  test("one run a side: losses that go on and on are worse, as many in one second cannot be told", () => {
    const verdict = (inOneSecond: boolean) => {
      const change = streaming("sse", { failed: 300, dropped: 300, inOneSecond });
      const comparison = compare([group("a", { runs: 1, change: streaming("sse") }), b({ runs: 1, change })]);
      return ["streams_failed", "streams_dropped"].map((key) => figure(comparison, key).verdict);
    };
    expect([verdict(false), verdict(true)]).toEqual([
      ["worse", "worse"],
      ["cannot-tell", "cannot-tell"],
    ]);
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
