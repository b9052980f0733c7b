import type { MemoryWindow, PhaseRow, ServiceResources, Summary, ThresholdResult, Trend } from "../measure/summary.ts";
import type { Load, Profile } from "../profile/profile.ts";

/**
 * Summaries by construction, for tests and for looking at the screens. Their figures are round and invented: nothing
 * here was measured, and nothing of it belongs in a document.
 */

export interface ExampleOptions {
  outcome?: "passed" | "failed" | "interrupted" | "invalid";
  model?: "closed" | "open";
  services?: ServiceResources[];
}

const mebibyte = 2 ** 20;

export function exampleProfile(model: "closed" | "open" = "closed"): Profile {
  const stages = [
    { durationMs: 30_000, from: 0, to: 50 },
    { durationMs: 120_000, from: 50, to: 50 },
    { durationMs: 60_000, from: 50, to: 100 },
    { durationMs: 30_000, from: 100, to: 0 },
  ];
  const closed: Load = { model: "closed", stages, thinkTime: null };
  const open: Load = {
    model: "open",
    stages: [{ durationMs: 240_000, from: 500, to: 500 }],
    arrivals: "constant",
    seed: 1,
    whenBusy: "wait",
    connections: 50,
    maxConnections: 100,
  };
  return {
    scenario: "throughput",
    target: {
      baseUrl: "https://user:secret@localhost:9443",
      address: null,
      serverName: null,
      caFile: null,
      certFile: null,
      keyFile: null,
      insecure: false,
    },
    load: model === "open" ? open : closed,
    requests: [{ route: "/health", weight: 1, method: "GET", path: "/health", headers: [], body: null, bodyFile: null }],
    selection: "weighted",
    checks: [
      { kind: "status", name: "status is 200", status: 200 },
      { kind: "body", name: "body has status", contains: '"status"' },
    ],
    session: { requestsPerConnection: null, resumption: true },
    timeoutMs: 30_000,
    thresholds: {
      http_req_failed: ["rate<0.01"],
      "http_req_duration{expected_response:true}": ["p(95)<250", "p(99)<500"],
    },
    abort: [],
    apdexMs: 500,
    workers: 2,
    settle: { beforeMs: 3000, afterMs: 10_000 },
  };
}

export function exampleSummary(options: ExampleOptions = {}): Summary {
  const { outcome = "passed", model = outcome === "invalid" ? "open" : "closed", services = [proxy(), backend()] } = options;
  const profile = exampleProfile(model);
  const clean = outcome === "passed" || outcome === "interrupted";
  const rps = model === "open" ? 500 : 2000;
  const requests = rps * 240;
  const failed = clean ? 0 : requests / 40;
  const censored = (failed * 3) / 4;
  const results = {
    passed: { verdict: "pass", exitCode: 0, reasons: [] },
    failed: {
      verdict: "fail",
      exitCode: 99,
      reasons: ["http_req_failed: rate<0.01 does not hold", "proxy died and was restarted once"],
    },
    interrupted: { verdict: "interrupted", exitCode: 105, reasons: ["stopped by SIGINT after 2 min 14 s of 4 min"] },
    invalid: {
      verdict: "invalid",
      exitCode: 111,
      reasons: ["pacer lag p99 12.0 ms (limit 5 ms)"],
    },
  } as const;
  const saturated = outcome === "invalid";
  const failureRatio = failed / requests;
  return {
    schemaVersion: 1,
    metadata: {
      id: "example",
      startedAt: "2026-01-01T00:00:00.000Z",
      endedAt: "2026-01-01T00:04:13.000Z",
      version: "0.0.0",
      commit: null,
      command: "stress throughput",
      scenario: profile.scenario,
      configHash: "0000",
    },
    environment: {
      host: { cpuModel: "Example CPU", cores: 2, memoryBytes: 8 * 1024 * mebibyte, kernel: "6.0.0", os: "Linux" },
      node: "v26.0.0",
      deployment: {
        topology: "node",
        mode: "embedded",
        services: services.map(({ name, limits }) => ({ name, cpus: limits.cpus, memoryBytes: limits.memoryBytes })),
      },
    },
    profile,
    options: { summaryTrendStats: ["avg", "p(95)"], noColor: false },
    state: { testRunDurationMs: outcome === "interrupted" ? 134_000 : 240_000, isStdOutTTY: true, isStdErrTTY: true },
    root_group: {
      name: "",
      path: "",
      id: "root",
      groups: [],
      checks: [
        { name: "status is 200", path: "::status is 200", id: "1", passes: requests - failed, fails: failed },
        { name: "body has status", path: "::body has status", id: "2", passes: requests, fails: 0 },
      ],
    },
    metrics: {
      http_reqs: { type: "counter", contains: "default", values: { count: requests, rate: rps } },
      http_req_failed: {
        type: "rate",
        contains: "default",
        values: { rate: failureRatio, passes: failed, fails: requests - failed },
        thresholds: { "rate<0.01": { ok: failureRatio < 0.01, actual: failureRatio, samples: requests } },
      },
      http_req_duration: trend(requests, censored, {}),
      "http_req_duration{expected_response:true}": trend(requests - failed, 0, {
        "p(95)<250": { ok: true, actual: 14.2, samples: requests - failed },
        "p(99)<500": { ok: true, actual: 22.7, samples: requests - failed },
      }),
      ...(model === "open" ? openMetrics(requests, censored) : {}),
      connections_opened: { type: "counter", contains: "default", values: { count: 100, rate: 0.4 } },
      data_received: { type: "counter", contains: "data", values: { count: 96 * mebibyte, rate: 0.4 * mebibyte } },
    },
    phases: model === "open" ? [phase("hold 500 requests/s", "hold", 240_000, requests, failed)] : closedPhases(failed),
    timeseries: { intervalMs: 1000, columns: ["atMs", "rps"], rows: [[1000, 2000]], batches: [] },
    failures:
      failed === 0
        ? []
        : [
            { class: "timeout", count: censored, example: "no complete response within 30 s" },
            { class: "status-5xx", count: failed - censored, example: "GET /health: 502 Bad Gateway" },
          ],
    generator: {
      workers: 2,
      cpuCores: saturated ? 1.96 : 0.44,
      threadCpu: saturated ? [0.98, 0.97] : [0.22, 0.21],
      runDelay: saturated ? [0.2, 0.1] : [0.003, 0.002],
      steal: 0,
      pacerLagP99Ms: model === "open" ? (saturated ? 12 : 0.4) : null,
      offered: model === "open" ? requests : null,
      achieved: model === "open" ? requests - 1000 : null,
      blocked: model === "open" ? 500 : null,
      saturated,
      evidence: saturated ? generatorEvidence : [],
    },
    resources: outcome === "failed" ? services.map((each, at) => (at === 0 ? { ...each, restarts: 1 } : each)) : services,
    capacity: {
      averageRps: rps,
      sustainedRps: model === "open" ? rps : 2400,
      sustainedAt: model === "open" ? "hold 500 requests/s" : "hold 50 users",
      kind: saturated ? "floor" : "measured",
      bottleneck: saturated ? "generator" : "target",
      evidence: saturated ? generatorEvidence : ["proxy used 1.02 cores: all that one event loop can"],
    },
    warnings: outcome === "passed" ? [] : ["the host has 2 cores for the generator and the target: both slow each other down"],
    results: { ...results[outcome], reasons: [...results[outcome].reasons] },
  };
}

const generatorEvidence = ["pacer lag p99 12.0 ms (limit 5 ms)", "worker 1 used 98 % of a core"];

function openMetrics(requests: number, censored: number): Summary["metrics"] {
  const slow = { "p(99)": 30_000, "p(99.9)": 30_000, max: 30_000 };
  return {
    response_time: {
      ...trend(requests, censored, {
        "p(99)<500": { ok: censored === 0, actual: censored === 0 ? 22.7 : 30_000, samples: requests, ...beyondLimit(censored) },
      }),
      ...(censored > 0
        ? { beyond: ["p(99)", "p(99.9)", "max"], values: { ...trend(requests, censored, {}).values, ...slow } }
        : {}),
    },
    dropped_iterations: { type: "counter", contains: "default", values: { count: 0, rate: 0 } },
    late_iterations: { type: "counter", contains: "default", values: { count: 1500, rate: 6.25 } },
  };
}

function beyondLimit(censored: number): Pick<ThresholdResult, "reason"> {
  return censored > 0 ? { reason: "beyond-limit" } : {};
}

function trend(count: number, censored: number, thresholds: Record<string, ThresholdResult>): Trend {
  const values = {
    count,
    censored,
    min: 0.42,
    avg: 9.81,
    med: 8.13,
    max: 61,
    "p(50)": 8.13,
    "p(90)": 12.5,
    "p(95)": 14.2,
    "p(99)": 22.7,
    "p(99.9)": 48.4,
  };
  return {
    type: "trend",
    contains: "time",
    values,
    beyond: [],
    histogram: { unit: "us", encoding: "hdr-v2-b64", data: "" },
    ...(Object.keys(thresholds).length > 0 ? { thresholds } : {}),
  };
}

function closedPhases(failed: number): PhaseRow[] {
  return [
    phase("ramp 0 → 50 users", "ramp", 30_000, 36_000, 0),
    phase("hold 50 users", "hold", 120_000, 288_000, 0),
    phase("ramp 50 → 100 users", "ramp", 60_000, 126_000, failed),
    phase("ramp 100 → 0 users", "ramp", 30_000, 30_000, 0),
  ];
}

function phase(name: string, kind: "ramp" | "hold", durationMs: number, requests: number, failed: number): PhaseRow {
  const rps = (requests * 1000) / durationMs;
  const unit = name.endsWith("users") ? "users" : "requests/s";
  return {
    name,
    kind,
    durationMs,
    from: 0,
    to: 50,
    unit,
    requests,
    failed,
    rps,
    "p(50)": 8.13,
    "p(95)": 14.2,
    "p(99)": 22.7,
    beyond: [],
  };
}

function memory(cold: number, pre: number, steady: number, post: number): MemoryWindow {
  return {
    coldBytes: cold * mebibyte,
    preBytes: pre * mebibyte,
    steadyBytes: steady * mebibyte,
    postBytes: post * mebibyte,
    steadyPct: ((steady - pre) / pre) * 100,
    residualPct: ((post - pre) / pre) * 100,
  };
}

function service(name: string, rss: MemoryWindow, cores: number, limits: ServiceResources["limits"]): ServiceResources {
  return {
    name,
    source: "process",
    rss,
    pss: null,
    anon: null,
    workingSet: null,
    heap: null,
    cpu: { preCores: 0.01, steadyCores: cores, maxCores: cores * 1.2, postCores: 0.01 },
    throttled: null,
    fds: { pre: 40, max: 140, post: 40 },
    sockets: { pre: 12, max: 112, post: 12 },
    threads: { pre: 11, max: 11, post: 11 },
    pids: { pre: null, max: null, post: null },
    limits,
    restarts: 0,
    oomKills: null,
    running: true,
    samples: { taken: 253, lost: 0 },
  };
}

export function proxy(): ServiceResources {
  return service("proxy", memory(88, 96, 112, 98), 1.02, { cpus: 4, memoryBytes: 2048 * mebibyte, enforced: false });
}

export function backend(): ServiceResources {
  return service("backend", memory(64, 66, 71, 66), 0.31, { cpus: null, memoryBytes: null, enforced: false });
}

/** A service in a container, whose memory is accounted by the engine. */
export function container(): ServiceResources {
  const limits = { cpus: 2, memoryBytes: 256 * mebibyte, enforced: true };
  return {
    ...service("edge", memory(0, 0, 0, 0), 0.9, limits),
    source: "container",
    rss: null,
    anon: memory(18, 20, 26, 21),
    workingSet: memory(22, 24, 31, 25),
    throttled: { ms: 0, periods: 0 },
    pids: { pre: 11, max: 11, post: 11 },
    oomKills: 0,
  };
}
