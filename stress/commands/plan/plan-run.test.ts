import { readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { requests, testProfile } from "../../load/test-run.ts";
import { serverForEachTest } from "../../testing/server-case.ts";
import type { MeasuredTarget } from "../target-flags.ts";
import { PlanRun, type PlanRunOptions } from "./plan-run.ts";
import type { Scenario } from "./scenario.ts";

const made = serverForEachTest();

function scenario(name: string): Scenario {
  const profile = testProfile(made.server.url, requests(20, 2), { scenario: name, workers: 1 });
  return { name, title: name, plan: "mine", profile, recovery: null, levelRules: null, refusal: null };
}

/** Runs two scenarios, and what was told meanwhile. */
async function run(options: Partial<PlanRunOptions> = {}) {
  const told: string[] = [];
  const plan = new PlanRun([scenario("one"), scenario("two")], {
    title: "Two",
    mode: "full",
    durationFactor: 1,
    directory: made.directory,
    coolDownMs: 0,
    target: async () => ({ target: scenario("one").profile.target, deployment: null, services: [] }),
    show: async () => {},
    tell: (text) => told.push(text),
    ...options,
  });
  return { ...(await plan.go()), told: told.join("") };
}

test("an error on this side leaves its scenario undecided, says why, and the plan goes on", async () => {
  let asked = 0;
  const target = async (): Promise<MeasuredTarget> => {
    if (asked++ === 0) throw new Error("EMFILE: too many open files");
    return { target: scenario("two").profile.target, deployment: null, services: [] };
  };
  const { report, isWritten, told } = await run({ target });
  expect(report.scenarios.map(({ outcome }) => outcome)).toEqual(["undecided", "pass"]);
  expect(report.scenarios[0]).toMatchObject({
    verdict: "undecided",
    exitCode: 111,
    reasons: ["it could not be measured: EMFILE: too many open files"],
  });
  expect([report.results.exitCode, isWritten]).toEqual([111, true]);
  expect(told).toContain("one could not be measured: EMFILE");
  expect(readdirSync(made.directory)).toContain("plan.json");
});

test("a report that cannot be written ends nothing: it is told once, and the report is there to be shown", async () => {
  const { report, isWritten, told } = await run({ directory: join(made.directory, "gone") });
  expect(report.scenarios.map(({ outcome }) => outcome)).toEqual(["pass", "pass"]);
  expect([report.results.exitCode, isWritten]).toEqual([0, false]);
  expect(told.match(/warning: cannot write .*gone\/plan\.json: ENOENT/g)).toHaveLength(1);
});
