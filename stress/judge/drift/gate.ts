import type { Drift, Stability, StabilityCheck } from "../../measure/drift-summary.ts";
import { formatDuration } from "../../profile/units.ts";
import { signsFalseAlarm } from "./growth.ts";

/** Probability that a run in which nothing drifts raises an alarm, all its checks together. */
export const gateFalseAlarm = 0.01;

/** Latency and throughput, besides memory and descriptors of each service. */
const wholeRunChecks = 2;
/** Descriptors are counted nearly without noise: their line needs less than memory's. */
const countsWeight = 0.3;

/**
 * What memory of each service, latency and throughput may each use of the run's false alarms: equal shares of what
 * descriptors leave. The sum holds however the checks depend on each other (Bonferroni), and they do: services of one host
 * are disturbed together.
 */
export function falseAlarmShare(services: number): number {
  const left = gateFalseAlarm - Math.min(gateFalseAlarm / 2, services * signsFalseAlarm);
  return left / (services * (1 + countsWeight) + wholeRunChecks);
}

/** What the line of each service's descriptors may use, besides their signs. */
export function countsShare(services: number): number {
  return countsWeight * falseAlarmShare(services);
}

export interface GateFacts {
  memory: readonly { service: string; drift: Drift | null }[];
  checks: readonly StabilityCheck[];
}

/** One thing that was judged. */
export interface Finding {
  check: "memory" | StabilityCheck["check"];
  /** Null for what concerns the whole run. */
  service: string | null;
  verdict: StabilityCheck["verdict"];
  reasons: string[];
}

/** Everything that was judged, memory first. Reasons name the service they are about. */
export function findingsOf({ memory, checks }: GateFacts): Finding[] {
  const drifts = memory.flatMap(({ service, drift }): Finding[] => {
    if (drift === null) return [];
    const verdict = drift.verdict === "leaking" ? "drifting" : drift.verdict;
    const longer = verdict === "undecided" && drift.neededMs !== null ? `; ${longerBy(drift.neededMs)}` : "";
    // Said once: the time is that after which none of the reasons holds.
    const last = drift.reasons.length - 1;
    const reasons = drift.reasons.map((reason, i) => `${service}: ${reason}${i === last ? longer : ""}`);
    return [{ check: "memory", service, verdict, reasons }];
  });
  return [...drifts, ...checks.map(({ check, service, verdict, reasons }) => ({ check, service, verdict, reasons }))];
}

/** Rounded up to whole minutes: it is an estimate. */
export function longerBy(neededMs: number): string {
  return `the load must last about ${formatDuration(Math.max(1, Math.ceil(neededMs / 60_000)) * 60_000)} longer to tell`;
}

/** The others compare by fixed allowances. */
const isStatistical: Record<StabilityCheck["check"], boolean> = {
  residual: false,
  fds: false,
  threads: false,
  sockets: false,
  "fds-growth": true,
  "sockets-growth": true,
  "cpu-after": false,
  latency: true,
  throughput: true,
};

/** The run's one answer: what drifts outranks what is unknown, which outranks what is stable. */
export function gateOf({ memory, checks }: GateFacts): Stability {
  const findings = findingsOf({ memory, checks });
  const verdict = (["drifting", "invalid", "undecided"] as const).find((one) => findings.some((given) => given.verdict === one));
  return {
    verdict: verdict ?? "stable",
    falseAlarmRate: gateFalseAlarm,
    statisticalChecks: memory.length + checks.filter(({ check }) => isStatistical[check]).length,
    checks: [...checks],
    reasons: findings.filter((given) => given.verdict !== "stable").flatMap(({ reasons }) => reasons),
  };
}
