import { expect, it } from "vitest";
import { driftOf } from "../drift.ts";
import { countsOf, residualOf } from "./comparison.ts";
import { countsShare, falseAlarmShare, gateFalseAlarm, gateOf } from "./gate.ts";
import { signsFalseAlarm } from "./growth.ts";

const undecided = driftOf(
  { figure: "rss", readings: [], load: null, taken: 0, lost: 0 },
  { limitBytes: null, baselineBytes: null, falseAlarm: 0.002 },
);
const good = residualOf({ service: "edge", before: [100], after: [100] });
const bad = countsOf("fds", { service: "edge", before: [10], after: [100] });
const unread = residualOf({ service: "backend", before: [], after: [] });

it("shares the run's false alarms among its statistical checks", () => {
  for (const services of [1, 3, 8]) {
    const used = services * (falseAlarmShare(services) + countsShare(services) + signsFalseAlarm) + 2 * falseAlarmShare(services);
    expect(used).toBeCloseTo(gateFalseAlarm, 10);
  }
});

it("says once how much longer the load must last, whatever the number of reasons", () => {
  const given = { ...undecided, neededMs: 90_000, reasons: ["memory was still settling", "memory may change"] };
  expect(gateOf({ memory: [{ service: "edge", drift: given }], checks: [] }).reasons).toEqual([
    "edge: memory was still settling",
    "edge: memory may change; the load must last about 2m longer to tell",
  ]);
});

it("lets an alarm outrank what was not read, and names only what is not stable", () => {
  expect(gateOf({ memory: [], checks: [good] })).toMatchObject({ verdict: "stable", reasons: [] });
  expect(gateOf({ memory: [], checks: [good, unread] }).verdict).toBe("invalid");
  const { verdict, reasons } = gateOf({ memory: [], checks: [good, unread, bad] });
  expect(verdict).toBe("drifting");
  expect(reasons).toEqual([
    "backend: memory was not read before the load",
    "edge: number of descriptors 100 after the load, 10 before, allowed 18",
  ]);
});
