import type { Drift, Stability, StabilityCheck } from "../../measure/drift-summary.ts";

/** Probability that a run in which nothing drifts raises an alarm, all its checks together. */
export const gateFalseAlarm = 0.01;

/** Latency and throughput, besides one memory check a service. */
const wholeRunChecks = 2;

/**
 * What each statistical check of a run may use of the run's false alarms: equal shares of the sum, which holds however
 * the checks depend on each other (Bonferroni). They do depend: services of one host are disturbed together.
 */
export function falseAlarmShare(services: number): number {
  return gateFalseAlarm / (services + wholeRunChecks);
}

export interface GateFacts {
  memory: readonly { service: string; drift: Drift | null }[];
  checks: readonly StabilityCheck[];
}

/** The run's one answer: what drifts outranks what is unknown, which outranks what is stable. */
export function gateOf({ memory, checks }: GateFacts): Stability {
  const drifts = memory.flatMap(({ service, drift }) =>
    drift === null ? [] : [{ ...drift, reasons: drift.reasons.map((reason) => `${service}: ${reason}`) }],
  );
  const verdicts = [...drifts, ...checks].map(({ verdict, reasons }) => ({
    verdict: verdict === "leaking" ? ("drifting" as const) : verdict,
    reasons,
  }));
  const verdict = (["drifting", "invalid", "undecided"] as const).find((one) => verdicts.some((given) => given.verdict === one));
  return {
    verdict: verdict ?? "stable",
    falseAlarmRate: gateFalseAlarm,
    statisticalChecks: memory.length + wholeRunChecks,
    checks: [...checks],
    reasons: verdicts.filter((given) => given.verdict !== "stable").flatMap(({ reasons }) => reasons),
  };
}
