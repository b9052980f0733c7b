import { describe, expect, test } from "vitest";
import type { SearchLevel } from "../measure/search-summary.ts";
import { exampleSummary } from "../report/example-summary.ts";
import { exampleLevel, examplePlan, exampleSearch } from "../screen/example-search.ts";
import { Search, type SearchAnswer } from "./search.ts";
import { contradictions, searchSummaryOf, withSearch } from "./search-result.ts";

const times = { startedAt: new Date(0), endedAt: new Date(370_000) };
const at = (rate: number, phase: "bisect" | "confirm" = "bisect") =>
  exampleLevel({ phase, rate, attempt: 1, bracket: { holds: null, breaks: null } });
const answer = (parts: Partial<SearchAnswer>): SearchAnswer => ({
  kind: "found",
  rate: 1290,
  bracket: { holds: 1290, breaks: { rate: 1310, by: "target" } },
  reason: "",
  ...parts,
});

describe("a search that found its answer", () => {
  const { summary } = exampleSearch(exampleSummary({ model: "open" }));

  test("passes with the confirmed rate, inside its interval", () => {
    expect(summary.results).toEqual({ verdict: "pass", exitCode: 0, reasons: [] });
    const { rate, interval } = summary.search?.answer ?? {};
    expect(rate).toBeGreaterThan(1300 / 1.03);
    expect(interval?.low).toBeLessThanOrEqual(rate as number);
    expect(interval?.high).toBeGreaterThanOrEqual(1300);
  });

  test("names what broke first, and what was exhausted, at the lowest load that broke", () => {
    expect(summary.search?.brokeFirst?.objective).toBe("response_time: p(95)<250");
    expect(summary.search?.bottleneck).toMatchObject({
      kind: "target",
      evidence: ["proxy used 0.98 cores: all that one event loop can"],
      rate: summary.search?.brokeFirst?.rate,
    });
    expect(summary.capacity).toMatchObject({ kind: "measured", bottleneck: "target" });
  });
});

test("of several objectives that broke, the one that is missed by most comes first", () => {
  const both = {
    ...at(1310),
    broken: [
      { objective: "a", text: "a (1.1)", excess: 1.1 },
      { objective: "b", text: "b (1.6)", excess: 1.6 },
      { objective: "stationary backlog", text: "grows", excess: null },
    ],
  };
  const found = searchSummaryOf(answer({}), examplePlan, [at(1290, "confirm"), both, at(1400)], times);
  expect(found.brokeFirst).toEqual({ objective: "b", text: "b (1.6)", rate: 1310 });
});

describe("of several tries of the load that broke", () => {
  const tried = (kind: SearchLevel["bottleneck"]["kind"], p95: number): SearchLevel => ({
    ...at(1310),
    broken: [{ objective: "response_time: p(95)<250", text: `response_time: p(95)<250 (${p95})`, excess: p95 / 250 }],
    bottleneck: { kind, evidence: [`${kind} ran out`] },
  });
  const found = (...levels: SearchLevel[]) => searchSummaryOf(answer({}), examplePlan, [at(1290, "confirm"), ...levels], times);

  // as it was: the first disturbed, the second with an event loop that used all its core
  test.each([
    ["host", "target"],
    ["none", "host"],
    ["unknown", "memory"],
  ] as const)("the one that names a limit counts, not the first: %s, then %s", (first, second) => {
    const { brokeFirst, bottleneck } = found(tried(first, 842), tried(second, 377));
    expect(bottleneck).toEqual({ kind: second, evidence: [`${second} ran out`], rate: 1310 });
    expect(brokeFirst?.text).toBe("response_time: p(95)<250 (377)");
  });

  test("the longest counts, whatever it names", () => {
    const confirming = { ...tried("none", 260), durationMs: examplePlan.confirmMs };
    expect(found(tried("target", 842), confirming).bottleneck?.kind).toBe("none");
  });
});

describe("what broke, and what was exhausted,", () => {
  const plan = { ...examplePlan, start: 100, max: 800 };
  /** A search that is given `outcomes` in turn, and ended where they are used up. */
  const ofOutcomes = (outcomes: readonly SearchLevel["outcome"][]) => {
    const search = new Search(plan);
    const levels: SearchLevel[] = [];
    for (const outcome of outcomes) {
      const { step } = search;
      if (!("order" in step)) break;
      const level = { ...exampleLevel(step.order, "target", outcome === "pass" ? 1e6 : 1), outcome };
      levels.push(level);
      search.observe(level);
    }
    return searchSummaryOf(search.end("interrupted", "interrupted"), plan, levels, times);
  };

  test("is told of the load that was decided to break, not of a failure below it that was outvoted", () => {
    const found = ofOutcomes(["fail", "pass", "pass", "pass", "pass", "fail", "fail"]);
    expect(found.answer).toMatchObject({ holds: 400, breaks: { rate: 800 } });
    expect(found.brokeFirst?.rate).toBe(800);
    expect(found.bottleneck).toMatchObject({ kind: "target", rate: 800 });
  });

  test("is not told of a failure that nothing has decided yet", () => {
    const found = ofOutcomes(["pass", "pass", "pass", "fail"]);
    expect(found.answer).toMatchObject({ holds: 400, breaks: null });
    expect([found.brokeFirst, found.bottleneck]).toEqual([null, null]);
  });
});

describe("answers of their own", () => {
  const summary = exampleSummary({ model: "open" });
  const of = (parts: Partial<SearchAnswer>, levels = [at(50)]) =>
    withSearch(summary, searchSummaryOf(answer(parts), examplePlan, levels, times));

  test.each([
    ["the first load already fails", "first-load-fails", "fail", 99],
    ["nothing broke up to the highest load", "holds-at-max", "pass", 0],
    ["the generator gave way first", "generator-first", "undecided", 111],
    ["no convergence", "not-converged", "undecided", 113],
    ["interrupted", "interrupted", "interrupted", 105],
  ] as const)("%s", (reason, kind, verdict, exitCode) => {
    expect(of({ kind, reason }).results).toEqual({ verdict, exitCode, reasons: [reason] });
  });

  test("without a confirming run nothing is called sustained", () => {
    expect(of({ kind: "not-converged", rate: null }).capacity).toMatchObject({ sustainedRps: null, sustainedAt: null });
  });

  test("the generator's limit makes the capacity a floor, and nothing is said to have broken", () => {
    const { summary: found } = exampleSearch(summary, { by: "generator" });
    expect(found.results.exitCode).toBe(111);
    expect(found.capacity).toMatchObject({ kind: "floor", bottleneck: "generator" });
    expect(found.search?.brokeFirst).toBeNull();
    expect(found.search?.bottleneck?.evidence).toEqual(["pacer lag p(99) 12.0 ms, above 5 ms"]);
    expect(found.search?.answer.interval).toBeNull();
  });
});

describe("an interval needs a load that was decided to break by the target", () => {
  const accident = { ...at(400), outcome: "fail" as const };
  const holding = [at(200), accident, at(400), at(400), at(1000), at(1000, "confirm")];
  const intervalOf = (parts: Partial<SearchAnswer>, levels: typeof holding) =>
    searchSummaryOf(answer(parts), examplePlan, levels, times).answer.interval;

  test.each([
    ["everything held but one accident", "holds-at-max", 1000, null],
    ["it was interrupted before anything broke", "interrupted", null, null],
    ["the generator gave way above", "generator-first", 1000, { rate: 1030, by: "generator" }],
  ] as const)("%s: none", (_, kind, rate, breaks) => {
    expect(intervalOf({ kind, rate, bracket: { holds: 1000, breaks } }, holding)).toBeNull();
  });

  test("the target broke above: there is one, though nothing was confirmed yet", () => {
    const bracket = { holds: 1000, breaks: { rate: 1400, by: "target" as const } };
    const interval = intervalOf({ kind: "interrupted", rate: null, bracket }, [...holding, at(1400), at(1400)]);
    expect(interval?.low).toBeGreaterThan(900);
    expect(interval?.low).toBeLessThan(1400);
  });
});

test("a load that failed twice below the confirmed one is told", () => {
  const failed = { ...at(700), outcome: "fail" as const };
  const search = searchSummaryOf(answer({}), examplePlan, [failed, failed, at(1290, "confirm")], times);
  expect(contradictions(search)).toEqual([
    "700/s failed 2 times although 1290/s held: the target is not steady, or was disturbed",
  ]);
  const once = searchSummaryOf(answer({}), examplePlan, [failed, at(1290, "confirm")], times);
  expect(contradictions(once)).toEqual([]);
});
