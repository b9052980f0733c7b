import { expect, test } from "vitest";
import type { RunPhase } from "../measure/event.ts";
import type { Profile } from "../profile/profile.ts";
import { exampleProfile, exampleSummary } from "../report/example-summary.ts";
import { exampleRun } from "../screen/example-run.ts";
import { describeClock, progressOf } from "./progress.ts";
import { advance, initialState, type RunState } from "./run-state.ts";

const run = exampleRun({ profile: exampleProfile(), summary: exampleSummary() });
const underLoad = run.slice(0, 64).flat().reduce(advance, initialState);

test("the clock goes on between events", () => {
  const progress = progressOf(underLoad, 64_000);
  expect(describeClock(progress)).toBe("01:04 / 04:13");
  expect(progress.leftMs).toBe(189_000);
});

test("a run that takes longer than planned is never more than complete", () => {
  expect(progressOf(underLoad, 300_000)).toMatchObject({ fraction: 1, leftMs: 0 });
});

test("a stopped run has no planned end, and its bar stays", () => {
  const phase: RunPhase = { kind: "drain", label: "drain", stage: -1, atMs: 64_000, endsAtMs: null, runEndsAtMs: null };
  const drained = advance(underLoad, { type: "phase", phase });
  expect(progressOf(drained, 65_000)).toMatchObject({ totalMs: 253_000, leftMs: null });
  expect(progressOf({ ...underLoad, interrupted: true }, 64_000).leftMs).toBeNull();
});

test("a fixed number of requests is as far as its share done", () => {
  const load: Profile["load"] = { model: "requests", requests: 1_000_000, users: 10, thinkTime: null };
  const { snapshot } = underLoad;
  if (snapshot === null) throw new Error("the example is under load");
  const counted = { ...snapshot, loadMs: 60_000, total: { ...snapshot.total, requests: 250_000 } };
  const state: RunState = { ...underLoad, runEndsAtMs: null, profile: { ...exampleProfile(), load }, snapshot: counted };
  expect(progressOf(state, 64_000)).toEqual({ elapsedMs: 64_000, totalMs: null, fraction: 0.25, leftMs: 180_000 });
});
