import type { LiveThreshold, ResourceSample, RunEvent, RunPhase, ServiceInfo, Snapshot } from "../measure/event.ts";
import type { Summary } from "../measure/summary.ts";
import type { Profile } from "../profile/profile.ts";

/** The events of a run by construction, for tests and for looking at the live screen. Nothing of it was measured. */

export interface ExampleRunOptions {
  profile: Profile;
  summary: Summary;
  /** Seconds of load after which requests begin to fail; never where absent. */
  failsFromS?: number;
  saturated?: boolean;
  services?: readonly string[];
}

const mebibyte = 2 ** 20;
const settleS = 3;
const afterS = 10;

/** Every event of the run, a second of it at a time: what comes at `list[n]` happens n seconds after the start. */
export function exampleRun(run: ExampleRunOptions): RunEvent[][] {
  const { profile, services = ["proxy", "backend"] } = run;
  const stages = profile.load.model === "requests" ? [] : profile.load.stages;
  const loadS = stages.reduce((sum, stage) => sum + stage.durationMs, 0) / 1000;
  const totalS = settleS + loadS + afterS;
  const infos = services.map((name, at): ServiceInfo => {
    const enforced = at !== 1;
    return { name, cpus: 4 - at, memoryBytes: (2048 * mebibyte) / (at + 1), enforced };
  });
  const seconds: RunEvent[][] = [];
  const phases = examplePhases(profile, totalS * 1000);
  for (let second = 0; second <= totalS; second += 1) {
    const events: RunEvent[] = [];
    if (second === 0) events.push({ type: "started", profile, services: infos, cores: 2, topology: "node" });
    for (const phase of phases.filter(({ atMs }) => atMs === second * 1000)) events.push({ type: "phase", phase });
    services.forEach((service, at) => {
      events.push({ type: "sample", sample: exampleSample(service, at, second, second > settleS && second <= settleS + loadS) });
    });
    if (second > settleS && second <= settleS + loadS) events.push({ type: "snapshot", snapshot: exampleSnapshot(run, second) });
    if (second === settleS + 20) {
      events.push({
        type: "warning",
        message: "the host has 2 cores for the generator and the target: both slow each other down",
      });
    }
    if (second === totalS) events.push({ type: "finished", summary: run.summary, files: ["summary.json"] });
    seconds.push(events);
  }
  return seconds;
}

function examplePhases(profile: Profile, runEndsAtMs: number): RunPhase[] {
  const stages = profile.load.model === "requests" ? [] : profile.load.stages;
  const unit = profile.load.model === "open" ? "requests/s" : "users";
  let atMs = settleS * 1000;
  const phases: RunPhase[] = [{ kind: "settle", label: "settle before load", stage: -1, atMs: 0, endsAtMs: atMs, runEndsAtMs }];
  stages.forEach(({ from, to, durationMs }, stage) => {
    const label = from === to ? `hold ${to} ${unit}` : `ramp ${from} → ${to} ${unit}`;
    phases.push({ kind: "load", label, stage, atMs, endsAtMs: atMs + durationMs, runEndsAtMs });
    atMs += durationMs;
  });
  phases.push({ kind: "after", label: "watch after load", stage: -1, atMs, endsAtMs: runEndsAtMs, runEndsAtMs });
  return phases;
}

/** Level of the load after `loadMs`. */
function levelAt(profile: Profile, loadMs: number): { level: number; stage: number } {
  const stages = profile.load.model === "requests" ? [] : profile.load.stages;
  let start = 0;
  for (const [stage, { from, to, durationMs }] of stages.entries()) {
    if (loadMs <= start + durationMs) return { level: from + ((to - from) * (loadMs - start)) / durationMs, stage };
    start += durationMs;
  }
  return { level: 0, stage: stages.length - 1 };
}

/** A wave without chance in it, between −1 and 1, so that the example is the same every time. */
const wave = (second: number, seed: number): number => Math.sin(second * 1.7 + seed) * Math.cos(second * 0.43 + seed);

function exampleSnapshot(run: ExampleRunOptions, second: number): Snapshot {
  const { profile, saturated = false, failsFromS = Number.POSITIVE_INFINITY } = run;
  const open = profile.load.model === "open";
  const loadS = second - settleS;
  const { level, stage } = levelAt(profile, loadS * 1000);
  const rateAt = (at: number): number => {
    const here = levelAt(profile, at * 1000).level;
    return Math.round(open ? here : Math.min(5000, here * 110) * (1 + 0.06 * wave(at, 0)));
  };
  const failedAt = (at: number): number => (at >= failsFromS ? Math.round(rateAt(at) * 0.03 * (1.2 + wave(at, 2))) : 0);
  let requests = 0;
  let failed = 0;
  for (let at = 1; at <= loadS; at += 1) {
    requests += rateAt(at);
    failed += failedAt(at);
  }
  const p50 = 4 + level * (open ? 0.01 : 0.08) + wave(second, 1);
  const latency = {
    count: rateAt(loadS),
    p50,
    p95: p50 * 1.8,
    p99: p50 * (2.8 + 0.3 * wave(second, 3)),
    max: p50 * 7,
    beyond: false,
  };
  const thresholds: LiveThreshold[] = [
    {
      metric: "http_req_failed",
      expression: "rate<0.01",
      ok: failed / requests < 0.01,
      actual: failed / requests,
      unit: "ratio",
    },
    { metric: "http_req_duration{expected_response:true}", expression: "p(95)<250", ok: true, actual: latency.p95, unit: "ms" },
    { metric: "http_req_duration{expected_response:true}", expression: "p(99)<500", ok: true, actual: latency.p99, unit: "ms" },
  ];
  const response = open ? { ...latency, p99: latency.p99 * 1.4 } : null;
  return {
    atMs: second * 1000,
    loadMs: loadS * 1000,
    stage,
    users: open ? 50 : Math.round(level),
    offeredRate: open ? level : null,
    interval: {
      durationMs: 1000,
      requests: rateAt(loadS),
      failed: failedAt(loadS),
      rps: rateAt(loadS),
      service: latency,
      response,
    },
    total: {
      requests,
      failed,
      bytesReceived: requests * 200,
      bytesSent: requests * 80,
      connectionsOpened: open ? 50 : Math.round(level),
      dropped: open ? 0 : null,
      late: open ? Math.round(loadS / 3) : null,
      checks: { passes: requests - failed, fails: failed },
      failures: failed > 0 ? { timeout: Math.round(failed / 4), "status-5xx": failed - Math.round(failed / 4) } : {},
      service: { ...latency, max: 61 },
      response: response === null ? null : { ...response, max: 75 },
    },
    generator: {
      cpuCores: saturated ? 1.96 : 0.44,
      rssBytes: 88 * mebibyte,
      occupancy: saturated ? 0.98 : 0.22,
      pacerLagP99Ms: open ? 0.4 : null,
      saturated,
    },
    thresholds,
  };
}

function exampleSample(service: string, at: number, second: number, loaded: boolean): ResourceSample {
  const rss = (96 - at * 25 + (loaded ? 14 + wave(second, at) * 2 : 0)) * mebibyte;
  return {
    atMs: second * 1000,
    service,
    source: "process",
    rssBytes: Math.round(rss),
    pssBytes: null,
    workingSetBytes: null,
    heapBytes: null,
    cpuCores: second === 0 ? null : loaded ? 1.02 - at * 0.35 + 0.05 * wave(second, at) : 0.01,
    throttledMs: null,
    throttledPeriods: null,
    fds: 40,
    sockets: 12,
    threads: 12,
    pids: null,
    restarts: 0,
  };
}
