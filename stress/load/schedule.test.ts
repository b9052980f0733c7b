import { describe, expect, it } from "vitest";
import type { Stage } from "../profile/profile.ts";
import { shareOf } from "./closed-driver.ts";
import { activityOf, peakOf, userChanges } from "./schedule.ts";

function stages(...parts: [number, number, number][]): Stage[] {
  return parts.map(([seconds, from, to]) => ({ durationMs: seconds * 1000, from, to }));
}

const profiles: [string, Stage[]][] = [
  ["a constant level", stages([10, 5, 5])],
  ["the reference", stages([30, 0, 50], [120, 50, 50], [60, 50, 100], [30, 100, 0])],
  ["down and up again", stages([10, 50, 10], [10, 10, 50])],
  ["pauses at zero", stages([5, 0, 0], [5, 0, 10], [5, 0, 0], [5, 10, 10], [5, 0, 0])],
  ["jumps", stages([5, 10, 10], [5, 30, 30], [5, 3, 3])],
  ["one user", stages([5, 0, 1], [5, 1, 0])],
];

/** The level at `tMs` by the definition of a stage. */
function levelOf(profile: readonly Stage[], tMs: number): number {
  let startMs = 0;
  for (const { durationMs, from, to } of profile) {
    if (tMs < startMs + durationMs) return from + ((to - from) * (tMs - startMs)) / durationMs;
    startMs += durationMs;
  }
  return 0;
}

const lengthOf = (profile: readonly Stage[]) => profile.reduce((sum, { durationMs }) => sum + durationMs, 0);

describe.each(profiles)("%s", (_, profile) => {
  it.each([1, 2, 3, 8])("as many users of %d workers are active as the level says, at every instant", (of) => {
    const changes = Array.from({ length: of }, (_, index) => userChanges(profile, index, of)).flat();
    const wrong: string[] = [];
    // Off the instants of change by an odd step: at a crossing itself either count is right.
    for (let tMs = 0.37; tMs < lengthOf(profile); tMs += lengthOf(profile) / 997) {
      const active = changes.filter((change) => change.atMs <= tMs).reduce((sum, { active }) => sum + (active ? 1 : -1), 0);
      if (active !== Math.ceil(levelOf(profile, tMs) - 1e-9)) wrong.push(`${active} at ${tMs} ms`);
    }
    expect(wrong).toEqual([]);
  });

  it.each([1, 2, 3, 8])("each user of %d workers comes and goes by turns, in order of time, and is gone at the end", (of) => {
    for (let index = 0; index < of; index++) {
      const changes = userChanges(profile, index, of);
      expect(changes).toEqual([...changes].sort((a, b) => a.atMs - b.atMs));
      const users = new Set(changes.map(({ user }) => user));
      for (const user of users) {
        const own = changes.filter((change) => change.user === user).map(({ active }) => active);
        expect(own).toEqual(own.map((_, i) => i % 2 === 0));
        expect(own.length % 2).toBe(0);
      }
      // As many connections are made as there are users to drive.
      expect(users.size).toBe(shareOf(peakOf(profile), index, of));
      expect(Math.max(-1, ...users)).toBe(users.size - 1);
    }
  });
});

it("starts the first user of a ramp at once, and lets the first to come leave last", () => {
  const profile = stages([10, 0, 10], [10, 10, 0]);
  expect(activityOf(profile, 0)).toEqual([[0, 20_000]]);
  expect(activityOf(profile, 9)).toEqual([[9000, 11_000]]);
  expect(activityOf(profile, 10)).toEqual([]);
});

it("does not part a stretch where two stages meet", () => {
  expect(activityOf(stages([3, 0, 7], [5, 7, 7], [2, 7, 14]), 3)).toHaveLength(1);
});

it.each([
  [10, 3, [4, 3, 3]],
  [2, 3, [1, 1, 0]],
  [0, 2, [0, 0]],
])("shares %d among %d as %j", (total, of, shares) => {
  expect(Array.from({ length: of }, (_, index) => shareOf(total, index, of))).toEqual(shares);
});
