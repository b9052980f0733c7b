import type { Profile } from "../profile/profile.ts";
import type { Summary } from "./summary.ts";

/** What a run tells while it goes; screens and reporters read these and nothing else. */
export type RunEvent =
  | { type: "started"; profile: Profile; services: ServiceInfo[]; cores: number; topology: string | null }
  | { type: "phase"; phase: RunPhase }
  | { type: "snapshot"; snapshot: Snapshot }
  | { type: "sample"; sample: ResourceSample }
  | { type: "warning"; message: string }
  | { type: "finished"; summary: Summary; files: string[] };

export type PhaseKind = "cold" | "warm-up" | "rest" | "connect" | "settle" | "load" | "drain" | "after";

/** `load` comes once a stage; `label` is for people (`hold 50 users`). `endsAtMs` is null where it cannot be known. */
export interface RunPhase {
  kind: PhaseKind;
  label: string;
  /** Stage index, -1 outside the load. */
  stage: number;
  /** Milliseconds since the run (not the load) started. */
  atMs: number;
  endsAtMs: number | null;
  /** Expected end of the whole run, null where it cannot be known (a fixed number of requests). */
  runEndsAtMs: number | null;
}

export interface ServiceInfo {
  name: string;
  cpus: number | null;
  memoryBytes: number | null;
  enforced: boolean;
}

export type FailureClass =
  | "refused"
  | "reset"
  | "tls"
  | "timeout"
  | "malformed"
  | "stale-connection"
  | "status-4xx"
  | "status-5xx"
  | "ended"
  | "silent"
  | "interrupted"
  | "local-limit";

/** Latency figures in milliseconds; a percentile is `beyond` when it falls among censored requests. */
export interface Latency {
  count: number;
  p50: number;
  p95: number;
  p99: number;
  max: number;
  beyond: boolean;
}

/** Streams since the load started, and how many are open now. */
export interface StreamCounts {
  open: number;
  opened: number;
  refused: number;
  dropped: number;
  reconnects: number;
}

/**
 * All workers merged, once a second. Immutable. Where streams are held, `requests` are events or echoes, `service` is what
 * lies between events or the round trip of a message, and `response` how late they came.
 */
export interface Snapshot {
  /** Milliseconds since the run started, as in `RunPhase`. */
  atMs: number;
  /** Since the load started; the denominator of averages. */
  loadMs: number;
  stage: number;
  users: number;
  /** Requests a second that were due in the interval; null in the closed models. */
  offeredRate: number | null;
  interval: { durationMs: number; requests: number; failed: number; rps: number; service: Latency; response: Latency | null };
  total: {
    requests: number;
    failed: number;
    bytesReceived: number;
    bytesSent: number;
    connectionsOpened: number;
    /** Null in the closed models. */
    dropped: number | null;
    late: number | null;
    checks: { passes: number; fails: number };
    failures: Partial<Record<FailureClass, number>>;
    service: Latency;
    response: Latency | null;
  };
  generator: GeneratorLoad;
  thresholds: LiveThreshold[];
  /** Where streams are held. */
  streams?: StreamCounts;
}

export interface GeneratorLoad {
  /** Whole process, all threads. */
  cpuCores: number;
  rssBytes: number;
  /** Share of time the busiest worker thread was running or runnable, idle spinning taken out; 1 means no reserve. */
  occupancy: number;
  pacerLagP99Ms: number | null;
  saturated: boolean;
}

export interface LiveThreshold {
  metric: string;
  expression: string;
  ok: boolean;
  actual: number | null;
  unit: "ms" | "ratio" | "count" | "rate";
}

/** One reading of one service. Absent figures (not readable, or not that kind of source) are null, never zero. */
export interface ResourceSample {
  atMs: number;
  service: string;
  source: "process" | "container";
  /** Processes: resident set of the tree. Containers: anonymous memory. */
  rssBytes: number | null;
  pssBytes: number | null;
  workingSetBytes: number | null;
  /** Live and dead objects of the JavaScript heap, where the service tells it. */
  heapBytes: number | null;
  /** Cores in use since the previous sample; null in the first. */
  cpuCores: number | null;
  /** Containers: time in which the CPU quota held the service back, since the run began, and how many periods it did. */
  throttledMs: number | null;
  throttledPeriods: number | null;
  fds: number | null;
  /** Descriptors that are sockets. */
  sockets: number | null;
  threads: number | null;
  /** Containers: tasks that count towards the pids limit. */
  pids: number | null;
  /** Times the service has died and come back since the run began. */
  restarts: number;
}
