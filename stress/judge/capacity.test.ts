import { describe, expect, it } from "vitest";
import type { PhaseRow, Summary } from "../measure/summary.ts";
import { exampleSummary } from "../report/example-summary.ts";
import { type CapacityFacts, capacityOf, plateauOf } from "./capacity.ts";

const hold = (to: number, rps: number, durationMs = 10_000): PhaseRow =>
  ({ name: `hold ${to}`, kind: "hold", from: to, to, rps, durationMs }) as PhaseRow;
const ramp = (to: number): PhaseRow => ({ ...hold(to, 1), name: `ramp ${to}`, kind: "ramp" });

const facts: CapacityFacts = {
  answered: 30_000,
  loadMs: 20_000,
  phases: [ramp(500), hold(500, 480), hold(200, 200), hold(0, 0)],
  generatorReasons: [],
  resources: [],
  host: { cores: 2, busyShare: 0.2, stealShare: 0 },
};

describe("capacity", () => {
  it("is what was answered well over the whole load, and at its highest level", () => {
    expect(capacityOf(facts)).toMatchObject({ averageRps: 1500, sustainedRps: 480, sustainedAt: "hold 500", kind: "measured" });
  });

  it("is not sustained where there was no constant level", () => {
    expect(capacityOf({ ...facts, phases: [ramp(500)] })).toMatchObject({ sustainedRps: null, sustainedAt: null });
  });
});

describe("the plateau", () => {
  const breaking = (heldAt: number | null) =>
    ({
      plan: "gateway",
      title: "Ramp",
      mode: "full",
      breakingPoint: { verdict: "found", heldAt, brokeAt: 2000, levels: [], text: "" },
    }) satisfies Summary["plan"];
  const phases = [hold(500, 500), hold(1000, 990), hold(2000, 700), hold(5000, 780)];

  it("is the highest level, and of equals the longest", () => {
    expect(plateauOf({ phases: [hold(500, 1), hold(500, 2, 20_000)] })?.rps).toBe(2);
    expect(plateauOf({ phases })?.to).toBe(5000);
  });

  it("is the highest that held where each was judged, and none where none did", () => {
    expect(plateauOf({ phases, plan: breaking(1000) })?.to).toBe(1000);
    expect(plateauOf({ phases, plan: breaking(null) })).toBeNull();
    expect(plateauOf({ phases, plan: { plan: "gateway", title: "Spike", mode: "full" } })?.to).toBe(5000);
  });

  it("is the whole run's of a summary without a plan", () => {
    expect(plateauOf(exampleSummary())?.name).toBe("hold 50 users");
  });
});
