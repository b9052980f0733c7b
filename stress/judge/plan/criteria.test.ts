import { describe, expect, it } from "vitest";
import type { BreakingPoint, PlanScenario, Recovery } from "../../measure/plan-summary.ts";
import type { Summary } from "../../measure/summary.ts";
import { exampleSummary } from "../../report/example-summary.ts";
import { withCriteria } from "./criteria.ts";

const plan: PlanScenario = { plan: "gateway", title: "Spike", mode: "full" };
const recovery = (verdict: Recovery["verdict"]): Recovery => ({
  withinMs: 30_000,
  verdict,
  recoveredAfterMs: null,
  band: null,
  worst: { p95Ms: null, failedShare: 0 },
  text: "as it was",
});
const breakingPoint = (verdict: BreakingPoint["verdict"], heldAt: number | null): BreakingPoint => ({
  verdict,
  heldAt,
  brokeAt: null,
  levels: [],
  text: "where it broke",
});

function ended(results: Summary["results"], evidence: string[] = []): Summary {
  const summary = exampleSummary();
  return { ...summary, results, generator: { ...summary.generator, evidence } };
}
/** One of its objectives, to be given among the reasons, failed. */
function failing(summary: Summary): Summary {
  const failed = { type: "rate", contains: "default", values: { rate: 0.31, passes: 31, fails: 69 } } as const;
  return {
    ...summary,
    metrics: {
      ...summary.metrics,
      http_req_failed: { ...failed, thresholds: { "rate<0.01": { ok: false, actual: 0.31, samples: 100 } } },
    },
  };
}
const passed = { verdict: "pass", exitCode: 0, reasons: [] } as const;
const late = { verdict: "invalid", exitCode: 111, reasons: ["pacer lag"] } as const;

describe("criteria", () => {
  it.each<[string, Summary, Partial<PlanScenario>, [string, number]]>([
    ["recovered in time", ended({ ...passed, reasons: [] }), { recovery: recovery("recovered") }, ["pass", 0]],
    ["recovered late", ended({ ...passed, reasons: [] }), { recovery: recovery("late") }, ["fail", 99]],
    ["recovery unknown", ended({ ...passed, reasons: [] }), { recovery: recovery("undecided") }, ["undecided", 111]],
    [
      "late and invalid",
      ended({ ...late, reasons: ["pacer lag"] }, ["pacer lag"]),
      { recovery: recovery("late") },
      ["invalid", 111],
    ],
    ["found", ended({ ...passed, reasons: [] }), { breakingPoint: breakingPoint("found", 500) }, ["pass", 0]],
    ["none", ended({ ...passed, reasons: [] }), { breakingPoint: breakingPoint("none", 500) }, ["pass", 0]],
    ["the first level broke", ended({ ...passed, reasons: [] }), { breakingPoint: breakingPoint("found", null) }, ["fail", 99]],
    [
      "a floor",
      ended({ ...late, reasons: ["pacer lag"] }, ["pacer lag"]),
      { breakingPoint: breakingPoint("floor", 500) },
      ["undecided", 111],
    ],
    [
      "found below where the generator was late",
      ended({ ...late, reasons: ["pacer lag"] }, ["pacer lag"]),
      { breakingPoint: breakingPoint("found", 500) },
      ["pass", 0],
    ],
    [
      "found below where the generator was late, and another objective failed",
      failing(ended({ ...late, reasons: ["http_req_failed: rate<0.01 (0.31)", "pacer lag"] }, ["pacer lag"])),
      { breakingPoint: breakingPoint("found", 500) },
      ["fail", 99],
    ],
    [
      "found below where the generator was late, and samples were lost",
      ended({ ...late, reasons: ["30 of 100 resource samples of proxy were lost", "pacer lag"] }, ["pacer lag"]),
      { breakingPoint: breakingPoint("found", 500) },
      ["invalid", 111],
    ],
    [
      "found below where the generator was late, and a rule ended the run",
      ended({ ...late, reasons: ["pacer lag", "aborted: http_req_failed: rate>0.5 for 10s"] }, ["pacer lag"]),
      { breakingPoint: breakingPoint("found", 500) },
      ["aborted", 99],
    ],
    [
      "no breaking point, and the generator was late: who knows",
      ended({ ...late, reasons: ["pacer lag"] }, ["pacer lag"]),
      { breakingPoint: breakingPoint("none", 500) },
      ["invalid", 111],
    ],
    [
      "a service that died on the way stays a failure",
      ended({ verdict: "fail", exitCode: 99, reasons: ["proxy died"] }),
      { breakingPoint: breakingPoint("found", 500) },
      ["fail", 99],
    ],
  ])("%s", (_, summary, parts, expected) => {
    const { results, plan: stands } = withCriteria(summary, { ...plan, ...parts });
    expect([results.verdict, results.exitCode]).toEqual(expected);
    expect(stands).toEqual({ ...plan, ...parts });
    expect(results.reasons.length === 0).toBe(expected[0] === "pass");
  });
});

describe("what a ramp to the breaking point carries", () => {
  const phases = [500, 1000, 5000].map((level) => ({
    ...(exampleSummary({ model: "open" }).phases[0] as Summary["phases"][number]),
    name: `hold ${level} requests/s`,
    to: level,
    rps: level === 5000 ? 780 : level,
  }));
  const ramp = (found: BreakingPoint) => {
    const summary = ended({ ...passed, reasons: [] });
    return withCriteria({ ...summary, phases }, { ...plan, breakingPoint: found }).capacity;
  };

  it("is what the highest level that held was answered, whatever came back above it", () => {
    expect(ramp(breakingPoint("found", 1000))).toMatchObject({ sustainedRps: 1000, sustainedAt: "hold 1000 requests/s" });
    expect(ramp(breakingPoint("floor", 500))).toMatchObject({ sustainedRps: 500, kind: "floor" });
  });

  it("is not known where no level held", () => {
    expect(ramp(breakingPoint("found", null))).toMatchObject({ sustainedRps: null, sustainedAt: null });
  });

  it("is no floor because the generator gave way above, nor was that what gave way first", () => {
    const summary = exampleSummary({ outcome: "invalid" });
    const { capacity } = withCriteria({ ...summary, phases }, { ...plan, breakingPoint: breakingPoint("found", 500) });
    expect(capacity).toMatchObject({ sustainedRps: 500, kind: "measured", bottleneck: "unknown", evidence: [] });
  });
});
