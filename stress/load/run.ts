import { setTimeout as sleep } from "node:timers/promises";
import type { PhaseKind, RunPhase } from "../measure/event.ts";
import type { Interval } from "../measure/tally.ts";
import type { Profile } from "../profile/profile.ts";
import { labelOf, totalDurationMs } from "../profile/stages.ts";
import { sharedNow } from "./clock.ts";
import type { Address } from "./endpoint.ts";
import { Fleet } from "./fleet.ts";
import { warmUp } from "./warm-up.ts";

/** What a run tells its caller, on the main thread. */
export interface RunHooks {
  onPhase(phase: RunPhase): void;
  /** Every interval of every worker; `loadStartMs` is on the intervals' clock, 0 while connections are opened. */
  onInterval(interval: Interval, loadStartMs: number): void;
  /** All workers have told another interval, about once a second. Times since the run and since the load started. */
  onRound(atMs: number, loadMs: number): void;
}

/** When things happened, in milliseconds since the run started. */
export interface RunTimes {
  loadFromMs: number;
  /** End of the last stage, or of the load where it was cut short or had a fixed number of requests. */
  loadToMs: number;
  drainedMs: number;
  endMs: number;
}

/** How long services are read as they were found before they are warmed up. */
const coldMs = 3000;
/** After an interruption, requests in flight get this long. */
const interruptedDrainMs = 5000;
/** A round is told without stragglers after this long: a worker that hangs must not stop the screen. */
const stragglersMs = 2500;

/**
 * Runs a profile: warm-up and rest where it has them, settle, connect, load stage by stage, drain, after. Aborting `signal` ends the load early and cuts the
 * waits; requests in flight still get their chance, and everything is counted.
 * @throws when a worker thread dies of a defect.
 */
export async function runLoad(profile: Profile, address: Address, hooks: RunHooks, signal: AbortSignal): Promise<RunTimes> {
  const { load, settle, warmUp: warm } = profile;
  const stages = load.model === "requests" ? [] : load.stages;
  const plannedLoadMs = load.model === "requests" ? null : totalDurationMs(stages);
  const warmUpMs = warm === undefined ? 0 : coldMs + warm.loadMs + warm.restMs;
  const startedAt = sharedNow();
  const now = () => sharedNow() - startedAt;
  const enter = (kind: PhaseKind, label: string, lastsMs: number | null, stage = -1) => {
    const atMs = now();
    const endsAtMs = lastsMs === null ? null : atMs + lastsMs;
    const runEndsAtMs = plannedLoadMs === null ? null : warmUpMs + settle.beforeMs + plannedLoadMs + settle.afterMs;
    hooks.onPhase({ kind, label, stage, atMs, endsAtMs, runEndsAtMs });
  };

  if (warm !== undefined) {
    enter("cold", "cold", coldMs);
    await pause(coldMs, signal);
    enter("warm-up", "warm-up", warm.loadMs);
    if (!signal.aborted) await warmUp(profile, warm.loadMs, address, signal);
    enter("rest", "rest", warm.restMs);
    await pause(warm.restMs, signal);
  }
  enter("settle", "settle", settle.beforeMs);
  await pause(settle.beforeMs, signal);
  if (signal.aborted) return { loadFromMs: now(), loadToMs: now(), drainedMs: now(), endMs: now() };

  enter("connect", "connect", null);
  let loadStartMs = 0;
  const told = new Set<number>();
  let rounds = 0;
  const tellRound = () => {
    rounds++;
    told.clear();
    hooks.onRound(now(), sharedNow() - loadStartMs);
  };
  const fleet = new Fleet(profile, address, (interval) => {
    hooks.onInterval(interval, loadStartMs);
    // The interval in which connections were opened reaches a little into the load.
    if (loadStartMs === 0 || (interval.fromMs + interval.toMs) / 2 < loadStartMs) return;
    told.add(interval.worker);
    if (told.size >= fleet.running) tellRound();
  });
  const timers: NodeJS.Timeout[] = [];
  let isDraining = false;
  const drain = (lastsMs: number | null) => {
    isDraining = true;
    enter("drain", "drain", lastsMs);
  };
  let stoppedMs: number | null = null;
  const stop = () => {
    for (const timer of timers) clearTimeout(timer);
    stoppedMs = now();
    drain(interruptedDrainMs);
    fleet.stop(interruptedDrainMs);
  };
  try {
    await fleet.ready(signal);
    loadStartMs = fleet.start();
    const unit = load.model === "open" ? "requests/s" : "users";
    let at = loadStartMs - sharedNow();
    for (const [i, stage] of stages.entries()) {
      timers.push(setTimeout(() => enter("load", labelOf(stage, unit), stage.durationMs, i), at));
      at += stage.durationMs;
    }
    if (load.model === "requests") enter("load", `${load.requests} requests by ${load.users} users`, null, 0);
    else timers.push(setTimeout(() => drain(null), at));
    timers.push(setInterval(() => told.size > 0 && tellRound(), stragglersMs));
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop, { once: true });
    await fleet.finished;
    // The workers' clock may be ahead of this timer, and then there was nothing to wait for.
    if (plannedLoadMs !== null && !isDraining) drain(null);
    // A round of nothing would be one in which nothing was answered; but a run has one.
    if (told.size > 0 || rounds === 0) tellRound();
  } finally {
    for (const timer of timers) clearTimeout(timer);
    signal.removeEventListener("abort", stop);
    await fleet.kill();
  }

  const drainedMs = now();
  const loadFromMs = loadStartMs - startedAt;
  enter("after", "after", settle.afterMs);
  await pause(settle.afterMs, signal);
  const plannedToMs = plannedLoadMs === null ? drainedMs : loadFromMs + plannedLoadMs;
  // An interruption of the drain takes nothing from the load.
  const loadToMs = Math.min(stoppedMs ?? plannedToMs, plannedToMs);
  return { loadFromMs, loadToMs: Math.max(loadFromMs, loadToMs), drainedMs, endMs: now() };
}

/** Sleeps, or not, once `signal` is aborted. */
async function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (ms > 0) await sleep(ms, undefined, { signal }).catch(() => {});
}
