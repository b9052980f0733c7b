import { expect, it } from "vitest";
import { countsOf, residualOf } from "./comparison.ts";
import { falseAlarmShare, gateFalseAlarm, gateOf } from "./gate.ts";

const good = residualOf({ service: "edge", before: [100], after: [100] });
const bad = countsOf("fds", { service: "edge", before: [10], after: [100] });
const unread = residualOf({ service: "backend", before: [], after: [] });

it("shares the run's false alarms among its statistical checks", () => {
  expect(falseAlarmShare(3) * 5).toBeCloseTo(gateFalseAlarm);
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
