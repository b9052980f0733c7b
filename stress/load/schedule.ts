import type { Stage } from "../profile/profile.ts";

/** A user of this worker comes or goes, `atMs` after the load started. */
export interface UserChange {
  atMs: number;
  user: number;
  active: boolean;
}

/**
 * The stretches in which user `n` (from 0) is active: while the level is above n. A ramp 0 → 50 thus starts its first
 * user at once and its last one shortly before the end, and users leave in the reverse order.
 */
export function activityOf(stages: readonly Stage[], n: number): [startMs: number, endMs: number][] {
  const stretches: [number, number][] = [];
  let startMs = 0;
  for (const { durationMs, from, to } of stages) {
    const crossing = startMs + (durationMs * (n - from)) / (to - from);
    const endMs = startMs + durationMs;
    if (from > n && to > n) extend(stretches, startMs, endMs);
    else if (to > n) extend(stretches, crossing, endMs);
    else if (from > n) extend(stretches, startMs, crossing);
    startMs = endMs;
  }
  return stretches;
}

function extend(stretches: [number, number][], startMs: number, endMs: number): void {
  const last = stretches.at(-1);
  if (last !== undefined && last[1] === startMs) last[1] = endMs;
  else stretches.push([startMs, endMs]);
}

/** The most users ever active. */
export function peakOf(stages: readonly Stage[]): number {
  return Math.ceil(Math.max(...stages.map(({ from, to }) => Math.max(from, to))));
}

/** Changes of the users of worker `index` of `of`, in order of time; it drives users index, index + of, … */
export function userChanges(stages: readonly Stage[], index: number, of: number): UserChange[] {
  const changes: UserChange[] = [];
  for (let n = index, user = 0; n < peakOf(stages); n += of, user++) {
    for (const [startMs, endMs] of activityOf(stages, n)) {
      changes.push({ atMs: startMs, user, active: true }, { atMs: endMs, user, active: false });
    }
  }
  return changes.sort((a, b) => a.atMs - b.atMs);
}
