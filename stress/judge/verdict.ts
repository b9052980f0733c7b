import type { ServiceResources, Summary, Verdict } from "../measure/summary.ts";
import type { Finding } from "./drift/gate.ts";
import { ExitCode, worstExitCode } from "./exit-code.ts";

/** What a verdict rests on. */
export interface VerdictFacts {
  /** Failed thresholds as people read them: `http_req_failed: rate<0.01 (0.31)`. */
  failedThresholds: readonly { text: string; isLatency: boolean }[];
  /** Abort rules that fired. */
  aborted: readonly string[];
  interrupted: boolean;
  /** Something is sent by the clock, so that a late generator changes what is measured. */
  isPaced: boolean;
  generatorReasons: readonly string[];
  /** Requests failed for want of local ports, descriptors or memory: no failure is known to be the target's. */
  hasLocalFailures: boolean;
  services: readonly Pick<ServiceResources, "name" | "restarts" | "oomKills" | "running" | "samples">[];
  requests: number;
  /** What was judged of drift; empty where the verdict does not rest on it. */
  drift: readonly Finding[];
}

/** Whether a reason of a verdict is that a service died: a failure whatever the generator did. */
export function tellsDeath(reason: string): boolean {
  return / restarted \d+ times? during the run$| was killed for memory during the run$| was down at the end of the run$/.test(
    reason,
  );
}

/** Whether a reason of a verdict is that an abort rule ended the run, whatever else made the verdict what it is. */
export function tellsAbort(reason: string): boolean {
  return reason.startsWith("aborted: ");
}

/** Lost samples above this share leave the memory figures without a basis. */
const lostShare = 0.2;

/**
 * The one verdict of a run and its exit code.
 *
 * A limit of the generator is never the target's: a paced run is invalid then; any other is a floor, whose passed
 * objectives stand, and whose failed latency objectives are undecided, because the generator may have added the time, as all are
 * whose failures may be its own.
 * So is drift of latency and throughput.
 */
export function verdictOf(facts: VerdictFacts): Summary["results"] {
  const reasons: string[] = [];
  const codes: ExitCode[] = [];
  let verdict: Verdict = "pass";
  const say = (code: ExitCode, is: Verdict, text: string) => {
    codes.push(code);
    reasons.push(text);
    if (worstExitCode(codes) === code) verdict = is;
  };
  const isSaturated = facts.generatorReasons.length > 0;
  for (const { text, isLatency } of facts.failedThresholds) {
    if (isSaturated && (isLatency || facts.hasLocalFailures) && !facts.isPaced) {
      say(ExitCode.invalid, "undecided", `${text}: undecided, since the generator was at its limit`);
    } else say(ExitCode.failed, "fail", text);
  }
  if (isSaturated && facts.isPaced) {
    for (const reason of facts.generatorReasons) say(ExitCode.invalid, "invalid", reason);
  }
  if (facts.requests === 0 && !facts.interrupted) say(ExitCode.failed, "fail", "no request was made");
  // What cannot be read of a service while it is down is no doubt about the run: that it was down is the finding.
  const died = new Set(facts.services.filter(({ restarts, running }) => restarts > 0 || !running).map(({ name }) => name));
  for (const { name, restarts, oomKills, running, samples } of facts.services) {
    if (restarts > 0)
      say(ExitCode.failed, "fail", `${name} restarted ${restarts} ${restarts === 1 ? "time" : "times"} during the run`);
    if (oomKills !== null && oomKills > 0) say(ExitCode.failed, "fail", `${name} was killed for memory during the run`);
    if (!running) say(ExitCode.failed, "fail", `${name} was down at the end of the run`);
    const { taken, lost } = samples;
    if (!died.has(name) && lost > lostShare * (taken + lost)) {
      say(ExitCode.invalid, "invalid", `${lost} of ${taken + lost} resource samples of ${name} were lost`);
    }
  }
  const findings = facts.drift.filter(
    ({ service, verdict: found }) => found === "drifting" || service === null || !died.has(service),
  );
  for (const { verdict: found, reasons } of ranked(findings, isSaturated)) {
    for (const reason of reasons) {
      if (found === "drifting") say(ExitCode.failed, "fail", reason);
      // A rule that ended the run cut the readings after it, too: what they cannot tell takes the failure not back.
      else if (facts.aborted.length > 0) continue;
      else if (found === "invalid") say(ExitCode.invalid, "invalid", reason);
      // One failure is enough to fail: what is unknown beside it does not take it back.
      else if (!codes.includes(ExitCode.failed)) say(ExitCode.invalid, "undecided", reason);
    }
  }
  for (const rule of facts.aborted) say(ExitCode.failed, "aborted", `aborted: ${rule}`);
  if (facts.interrupted) say(ExitCode.interrupted, "interrupted", "interrupted before the end of the profile");
  return { verdict, exitCode: worstExitCode(codes), reasons };
}

const order = ["drifting", "invalid", "undecided"] as const;
const dependsOnGenerator: readonly Finding["check"][] = ["latency", "throughput"];

/** What is not stable, failures first. */
function ranked(findings: readonly Finding[], isSaturated: boolean): Finding[] {
  const judged = findings.map((finding): Finding => {
    const excused = isSaturated && finding.verdict === "drifting" && dependsOnGenerator.includes(finding.check);
    if (!excused) return finding;
    const reasons = finding.reasons.map((reason) => `${reason}: undecided, since the generator was at its limit`);
    return { ...finding, verdict: "undecided", reasons };
  });
  return order.flatMap((verdict) => judged.filter((finding) => finding.verdict === verdict));
}
