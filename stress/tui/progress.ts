import { formatClock } from "../screen/format.ts";
import { openSpanMs } from "./history.ts";
import type { RunState } from "./run-state.ts";

/** How far a run is. */
export interface Progress {
  elapsedMs: number;
  /** Null where it cannot be known. */
  totalMs: number | null;
  /** Between 0 and 1; null where neither the end nor the number of requests is known. */
  fraction: number | null;
  leftMs: number | null;
}

/** `nowMs` is the time since the run started. A fixed number of requests has no known end: its share done is its progress. */
export function progressOf(state: RunState, nowMs: number): Progress {
  const elapsedMs = Math.max(state.atMs, nowMs);
  const totalMs = state.runEndsAtMs;
  if (totalMs !== null) {
    const leftMs = timeLeft(state, totalMs, elapsedMs);
    return { elapsedMs, totalMs, fraction: totalMs > 0 ? Math.min(1, elapsedMs / totalMs) : 1, leftMs };
  }
  const { profile, snapshot } = state;
  if (profile?.load.model !== "requests" || snapshot === null) return { elapsedMs, totalMs, fraction: null, leftMs: null };
  const done = snapshot.total.requests;
  const fraction = Math.min(1, done / profile.load.requests);
  const leftMs = done > 0 ? (snapshot.loadMs * (profile.load.requests - done)) / done : null;
  return { elapsedMs, totalMs, fraction, leftMs: leftMs === null ? null : Math.max(0, leftMs) };
}

/** A run that was stopped ends sooner than planned: once the load is over, only its own phase says when. */
function timeLeft(state: RunState, totalMs: number, elapsedMs: number): number | null {
  const { phase } = state;
  const over = phase?.kind === "drain" || phase?.kind === "after";
  const endsAtMs = over ? phase.endsAtMs : totalMs;
  return endsAtMs === null || (state.interrupted && !over) ? null : Math.max(0, endsAtMs - elapsedMs);
}

/** The time that the width of the charts stands for: the whole run where its end is known. */
export function spanOf(progress: Progress, width: number): number {
  if (progress.totalMs === null) return openSpanMs(progress.elapsedMs, width);
  return Math.max(progress.totalMs, progress.elapsedMs, 1000);
}

/** `02:14 / 04:00`. */
export function describeClock(progress: Progress): string {
  const elapsed = formatClock(progress.elapsedMs);
  return progress.totalMs === null ? elapsed : `${elapsed} / ${formatClock(progress.totalMs)}`;
}
