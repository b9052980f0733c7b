import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { prove, required, type Tally } from "./proof.ts";
import { leaks, type Shape } from "./test-traces.ts";

const [quiet, linear, another]: Shape[] = [() => () => 0, () => () => 1, () => () => 2];
const kinds = { nulls: { quiet }, leaks: { "linear leak": linear, "another leak": another }, adversaries: {} } as Parameters<
  typeof prove
>[0];

describe("the proof of drift", () => {
  beforeEach(() => void vi.spyOn(console, "log").mockImplementation(() => {}));
  afterEach(() => void vi.restoreAllMocks());

  it.each<[string, { alarms: number; found: number }, object, boolean]>([
    ["holds where 95 % of linear leaks are found in a quarter of an hour", { alarms: 0, found: 285 }, {}, true],
    ["fails where fewer are", { alarms: 0, found: 284 }, {}, false],
    ["fails for false alarms, however many leaks are found", { alarms: 10, found: 300 }, {}, false],
    ["requires nothing of few seeds, which chance decides", { alarms: 0, found: 200 }, { seeds: 299 }, true],
    ["requires nothing in other noise", { alarms: 0, found: 0 }, { sigma: 8 }, true],
    ["requires nothing of other durations", { alarms: 0, found: 0 }, { minutes: 10 }, true],
  ])("%s", (_, { alarms, found }, given, holds) => {
    const setting = { minutes: 15, intervalMs: 1000, sigma: 2, seeds: 300, ...given };
    const tally = (shape: Shape): Tally => {
      const leaking = shape === quiet ? alarms : shape === linear ? found : 0;
      return { leaking, stable: 0, undecided: setting.seeds - leaking, invalid: 0 };
    };
    expect(prove(kinds, [setting], tally)).toBe(holds);
  });

  it("requires it of a leak that there is", () => {
    expect(Object.keys(leaks(1))).toContain(required.leak);
  });
});
