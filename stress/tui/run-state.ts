import type { ResourceSample, RunEvent, RunPhase, ServiceInfo, Snapshot } from "../measure/event.ts";
import type { Profile } from "../profile/profile.ts";
import { type Slice, withSnapshot } from "./history.ts";

/** Everything the live screen knows, folded from the run's events. Immutable. */
export interface RunState {
  profile: Profile | null;
  services: readonly ServiceInfo[];
  cores: number;
  topology: string | null;
  phase: RunPhase | null;
  /** When the run is to end; as last known, since a run that stops early has no planned end any more. */
  runEndsAtMs: number | null;
  /** The latest time any event told, in milliseconds since the run started. */
  atMs: number;
  snapshot: Snapshot | null;
  slices: readonly Slice[];
  usage: ReadonlyMap<string, ServiceUsage>;
  warnings: readonly string[];
  /** The user asked to stop. */
  interrupted: boolean;
}

export interface ServiceUsage {
  source: ResourceSample["source"];
  rssBytes: number | null;
  /** Median of what was read before the load; the first reading where there was no time before it. */
  preBytes: number | null;
  cpuCores: number | null;
  restarts: number;
  readings: readonly number[];
}

export const initialState: RunState = {
  profile: null,
  services: [],
  cores: 1,
  topology: null,
  phase: null,
  runEndsAtMs: null,
  atMs: 0,
  snapshot: null,
  slices: [],
  usage: new Map(),
  warnings: [],
  interrupted: false,
};

/** Readings before the load beyond which the oldest are forgotten; a settling phase takes seconds. */
const mostReadings = 120;

export function advance(state: RunState, event: RunEvent): RunState {
  switch (event.type) {
    case "started": {
      const { profile, services, cores, topology } = event;
      return { ...state, profile, services, cores, topology };
    }
    case "phase":
      return {
        ...state,
        phase: event.phase,
        runEndsAtMs: event.phase.runEndsAtMs ?? state.runEndsAtMs,
        atMs: Math.max(state.atMs, event.phase.atMs),
      };
    case "snapshot": {
      const { snapshot } = event;
      const atMs = Math.max(state.atMs, snapshot.atMs);
      return { ...state, snapshot, atMs, slices: withSnapshot(state.slices, snapshot) };
    }
    case "sample": {
      const usage = new Map(state.usage);
      usage.set(event.sample.service, withSample(usage.get(event.sample.service), event.sample, state.phase));
      return { ...state, usage, atMs: Math.max(state.atMs, event.sample.atMs) };
    }
    case "warning":
      return state.warnings.includes(event.message) ? state : { ...state, warnings: [...state.warnings, event.message] };
    case "finished":
      return state;
  }
}

/** After a warm-up, what was read while it went is no reading at rest: the screen's baseline are the last readings. */
const beforeLoadKinds: ReadonlySet<RunPhase["kind"]> = new Set(["cold", "settle", "connect"]);

function withSample(previous: ServiceUsage | undefined, sample: ResourceSample, phase: RunPhase | null): ServiceUsage {
  const { source, rssBytes, cpuCores, restarts } = sample;
  const beforeLoad = phase === null || beforeLoadKinds.has(phase.kind);
  const readings = previous?.readings ?? [];
  const counts = rssBytes !== null && (beforeLoad || readings.length === 0);
  const kept = counts ? [...readings.slice(1 - mostReadings), rssBytes] : readings;
  return { source, rssBytes, preBytes: median(kept), cpuCores, restarts, readings: kept };
}

function median(values: readonly number[]): number | null {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted[Math.floor(sorted.length / 2)];
  const below = sorted[Math.floor((sorted.length - 1) / 2)];
  return middle === undefined || below === undefined ? null : (middle + below) / 2;
}
