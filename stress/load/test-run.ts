import type { RunPhase, Snapshot } from "../measure/event.ts";
import { Recording } from "../measure/recording.ts";
import { failureClasses } from "../measure/tally.ts";
import type { Totals } from "../measure/totals.ts";
import type { Load, Profile, RequestSpec } from "../profile/profile.ts";
import { type RunTimes, runLoad } from "./run.ts";

/** All that a run told. */
export interface TestRun {
  profile: Profile;
  recording: Recording;
  totals: Totals;
  /** By class, those that occurred. */
  failures: Record<string, number>;
  phases: RunPhase[];
  snapshots: Omit<Snapshot, "thresholds">[];
  times: RunTimes;
  /** When the load started, on the clock that all threads share. */
  loadStartMs: number;
}

export type ProfileParts = Partial<Omit<Profile, "load" | "target">> & { target?: Partial<Profile["target"]> };

export const getRequest: RequestSpec = {
  route: "/",
  weight: 1,
  method: "GET",
  path: "/",
  headers: [],
  body: null,
  bodyFile: null,
};

/** A profile that sends GET / to `baseUrl` from two workers, with nothing but what a test needs. */
export function testProfile(baseUrl: string, load: Load, { target, ...parts }: ProfileParts = {}): Profile {
  return {
    scenario: "test",
    target: {
      baseUrl,
      address: null,
      serverName: null,
      caFile: null,
      certFile: null,
      keyFile: null,
      insecure: false,
      ...target,
    },
    load,
    requests: [getRequest],
    selection: "weighted",
    checks: [{ kind: "status", name: "status is 200", status: 200 }],
    session: { requestsPerConnection: null, resumption: false },
    timeoutMs: 10_000,
    thresholds: {},
    abort: [],
    apdexMs: 500,
    workers: 2,
    settle: { beforeMs: 0, afterMs: 0 },
    ...parts,
  };
}

/** Constant users. */
export function users(count: number, durationMs: number, thinkTime: { minMs: number; maxMs: number } | null = null): Load {
  return { model: "closed", stages: [{ durationMs, from: count, to: count }], thinkTime };
}

export function requests(total: number, count: number): Load {
  return { model: "requests", requests: total, users: count, thinkTime: null };
}

/** A constant rate over connections that wait when busy. */
export function rate(perSecond: number, durationMs: number, parts: Partial<Extract<Load, { model: "open" }>> = {}): Load {
  return {
    model: "open",
    stages: [{ durationMs, from: perSecond, to: perSecond }],
    arrivals: "constant",
    seed: 1,
    whenBusy: "wait",
    connections: 10,
    maxConnections: 10,
    ...parts,
  };
}

/** Runs a profile with real worker threads; `stop` ends it early, `stopAfterMs` does when the load has lasted that long. */
export async function runTest(
  profile: Profile,
  {
    stopAfterMs,
    stop = new AbortController(),
    onPhase,
  }: { stopAfterMs?: number; stop?: AbortController; onPhase?: (phase: RunPhase) => void } = {},
): Promise<TestRun> {
  let timer: NodeJS.Timeout | undefined;
  const recording = new Recording(profile, []);
  const phases: RunPhase[] = [];
  const snapshots: Omit<Snapshot, "thresholds">[] = [];
  let startMs = 0;
  const url = new URL(profile.target.baseUrl);
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const address = { host, port: Number(url.port), family: host.includes(":") ? (6 as const) : (4 as const) };
  const times = await runLoad(
    profile,
    address,
    {
      onPhase: (phase) => {
        phases.push(phase);
        onPhase?.(phase);
        if (phase.kind === "load" && stopAfterMs !== undefined) timer ??= setTimeout(() => stop.abort(), stopAfterMs);
      },
      onInterval: (interval, loadStartMs) => {
        startMs = loadStartMs;
        recording.add(interval, loadStartMs);
      },
      onRound: (atMs, loadMs) => {
        snapshots.push(recording.round(atMs, loadMs, { cpuCores: 0, rssBytes: 0 }, {}));
        recording.clearWindow();
      },
    },
    stop.signal,
  );
  clearTimeout(timer);
  const { failures } = recording.totals.all();
  const occurred = failureClasses.map((name, i) => [name, failures[i] ?? 0] as const).filter(([, count]) => count > 0);
  return {
    profile,
    recording,
    totals: recording.totals,
    failures: Object.fromEntries(occurred),
    phases,
    snapshots,
    times,
    loadStartMs: startMs,
  };
}
