import type { LevelRow } from "../../measure/plan-summary.ts";
import type { PlanReport, ScenarioRow } from "./plan-report.ts";

function scenario(name: string, more: Partial<ScenarioRow>): ScenarioRow {
  return {
    name,
    title: "Baseline throughput",
    plan: "gateway",
    mode: "full",
    outcome: "pass",
    verdict: "pass",
    exitCode: 0,
    reasons: [],
    warnings: [],
    file: `${name}/summary.json`,
    startedAt: "2026-01-01T00:00:00.000Z",
    load: "100/s for 10 min",
    durationMs: 600_000,
    rps: 100,
    operations: "requests",
    "p(50)": 1.2,
    "p(95)": 3.4,
    "p(99)": 8.1,
    beyond: [],
    limitMs: 30_000,
    failedShare: 0,
    cpuCores: 0.21,
    memoryBytes: 300 * 2 ** 20,
    findings: [],
    ...more,
  };
}

const level = (rate: number, outcome: LevelRow["outcome"]): LevelRow => ({
  level: rate,
  unit: "requests/s",
  durationMs: 60_000,
  answeredRps: rate,
  "p(50)": 1.5,
  "p(95)": 4,
  "p(99)": outcome === "broke" ? 30_000 : 9,
  beyond: outcome === "broke" ? ["p(99)"] : [],
  failedShare: outcome === "broke" ? 0.03 : 0,
  cpuCores: 0.8,
  memoryBytes: 310 * 2 ** 20,
  services: [],
  outcome,
  broken: outcome === "broke" ? ["http_req_failed: rate<0.01"] : [],
});

/** One scenario that passed, a ramp with its levels, one that failed, one not run. */
export function examplePlan(more: Partial<PlanReport> = {}): PlanReport {
  const scenarios = [
    scenario("perf-01", {}),
    scenario("perf-03", {
      title: "Ramp to the breaking point",
      findings: ["held 2,000/s; broke at 3,000/s"],
      levels: [level(2000, "held"), level(3000, "broke")],
    }),
    scenario("perf-04", {
      title: "Spike and recovery",
      outcome: "fail",
      verdict: "fail",
      exitCode: 99,
      reasons: ["not recovered within 30 s"],
      warnings: ["the host was busy"],
    }),
    scenario("sse", {
      title: "Event streams",
      outcome: "not-run",
      verdict: null,
      exitCode: 105,
      file: null,
      startedAt: null,
      operations: "events",
    }),
  ];
  return {
    schemaVersion: 1,
    kind: "plan",
    title: "Gateway plan",
    mode: "full",
    durationFactor: 1,
    version: "0.1.0",
    command: "stress plan --skip perf-05",
    target: "https://localhost:9443",
    topology: "node",
    startedAt: "2026-01-01T00:00:00.000Z",
    endedAt: "2026-01-01T01:20:00.000Z",
    scenarios,
    results: { exitCode: 99, passed: 2, held: 0, failed: 1, undecided: 0, notRun: 1 },
    ...more,
  };
}
