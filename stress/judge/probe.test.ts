import { describe, expect, test } from "vitest";
import { judgeProbe, type ProbeFacts, type ProbeSecond } from "./probe.ts";

const tolerance = 0.01;

function second(at: number, parts: Partial<ProbeSecond> = {}): ProbeSecond {
  const quiet = { due: 500, answered: 500, dropped: 0, outstanding: 5, responseP50Ms: 10, responseMaxMs: 40 };
  return { atMs: 2000 + (at + 1) * 1000, ...quiet, ...parts };
}

function facts(seconds: (at: number) => Partial<ProbeSecond>, parts: Partial<ProbeFacts> = {}): ProbeFacts {
  return {
    rate: 500,
    seconds: Array.from({ length: 10 }, (_, at) => second(at, seconds(at))),
    objectives: [{ text: "response_time: p(95)<250 (14.2)", ok: true, excess: 0.06, missedByMs: null }],
    drainMs: 30,
    generatorReasons: [],
    pacerLagP99Ms: 0.1,
    hasLocalFailures: false,
    deaths: [],
    ...parts,
  };
}

const objectives = (probe: ProbeFacts) => judgeProbe(probe, tolerance).broken.map(({ objective }) => objective);

describe("a probe holds", () => {
  test("when its objectives do and nothing grows", () => {
    expect(
      judgeProbe(
        facts(() => ({})),
        tolerance,
      ),
    ).toEqual({ outcome: "pass", broken: [], backlogGrowth: 0, responseGrowth: 0 });
  });

  test("when what is outstanding only wavers", () => {
    expect(objectives(facts((at) => ({ outstanding: [5, 9, 3, 6, 8, 4, 7, 5, 9, 6][at] as number })))).toEqual([]);
  });

  test("when its backlog grows by less than what the precision forgives", () => {
    // 4 a second at 500/s are 0.8 %.
    expect(objectives(facts((at) => ({ outstanding: 5 + 4 * at })))).toEqual([]);
  });

  test("when one second had a burst", () => {
    expect(
      objectives(facts((at) => (at === 4 ? { outstanding: 200, answered: 305, responseP50Ms: 300, responseMaxMs: 900 } : {}))),
    ).toEqual([]);
  });
});

describe("a probe breaks although its objectives hold", () => {
  test("when the backlog grows", () => {
    const probe = facts((at) => ({ outstanding: 5 + 8 * at }));
    expect(objectives(probe)).toEqual(["stationary backlog"]);
    expect(judgeProbe(probe, tolerance).backlogGrowth).toBeCloseTo(0.016, 10);
  });

  test("when the response time grows by more than 10 ms a second", () => {
    expect(objectives(facts((at) => ({ responseP50Ms: 10 + 16 * at })))).toEqual(["stationary response time"]);
  });

  test("when fewer are answered than were due", () => {
    expect(objectives(facts(() => ({ answered: 450, dropped: 50 })))).toEqual(["achieved rate"]);
  });

  test("when it takes far longer to come to rest than any response took before", () => {
    expect(objectives(facts(() => ({}), { drainMs: 4000 }))).toEqual(["drain"]);
    // a target whose responses take four seconds anyway
    expect(objectives(facts(() => ({ responseMaxMs: 4000 }), { drainMs: 4100 }))).toEqual([]);
  });

  test("when a service died", () => {
    expect(objectives(facts(() => ({}), { deaths: ["proxy died"] }))).toEqual(["services alive"]);
  });
});

test("a broken objective is told with its figure, under its rule", () => {
  const broken = { text: "response_time: p(95)<250 (312)", ok: false, excess: 1.248, missedByMs: 62 };
  expect(
    judgeProbe(
      facts(() => ({}), { objectives: [broken] }),
      tolerance,
    ),
  ).toMatchObject({
    outcome: "fail",
    broken: [{ objective: "response_time: p(95)<250", text: broken.text, excess: 1.248 }],
  });
});

test.each([
  ["a lag that may have made it", 1000, false],
  ["requests that this machine had nothing left for", 12, true],
  ["a generator that sends by no clock", null, false],
])(
  "whatever a probe shows beyond the generator's limit is not the target's failure: %s",
  (_, pacerLagP99Ms, hasLocalFailures) => {
    const probe = facts(() => ({ answered: 100 }), {
      objectives: [{ text: "p(95)<250 (9000)", ok: false, excess: 36, missedByMs: 8750 }],
      pacerLagP99Ms,
      hasLocalFailures,
      generatorReasons: ["pacer lag p(99) 12.0 ms, above 5 ms"],
    });
    expect(judgeProbe(probe, tolerance)).toMatchObject({
      outcome: "generator",
      broken: [{ text: "pacer lag p(99) 12.0 ms, above 5 ms" }],
    });
  },
);

test("what misses its limit by many times the generator's lateness was missed by the target", () => {
  const missing = (missedByMs: number) =>
    judgeProbe(
      facts(() => ({}), {
        objectives: [{ text: `response_time: p(95)<250 (${250 + missedByMs})`, ok: false, excess: 2, missedByMs }],
        generatorReasons: ["pacer lag p(99) 6.8 ms, above 5 ms"],
        pacerLagP99Ms: 6.8,
      }),
      tolerance,
    ).outcome;
  expect([missing(2000), missing(60)]).toEqual(["fail", "generator"]);
});
