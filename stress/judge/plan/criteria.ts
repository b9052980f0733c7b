import type { BreakingPoint, PlanScenario } from "../../measure/plan-summary.ts";
import type { Summary, Verdict } from "../../measure/summary.ts";
import { plateauOf } from "../capacity.ts";
import { ExitCode, worstExitCode } from "../exit-code.ts";
import { tellsAbort, tellsDeath } from "../verdict.ts";

/** A summary with what a plan asked of its run, and the results in that light. */
export function withCriteria(summary: Summary, plan: PlanScenario): Summary {
  const { recovery, breakingPoint, refusal } = plan;
  const codes: ExitCode[] = [];
  const reasons: string[] = [];
  let { verdict, exitCode } = summary.results;
  const kept = breakingPoint === undefined ? summary.results.reasons : withoutGenerator(summary, breakingPoint);
  if (kept.length < summary.results.reasons.length) [verdict, exitCode] = verdictOn(kept, summary);
  codes.push(exitCode as ExitCode);
  const say = (code: ExitCode, is: Verdict, text: string) => {
    codes.push(code);
    reasons.push(text);
    if (worstExitCode(codes) === code && exitCode !== code) [verdict, exitCode] = [is, code];
  };
  if (recovery?.verdict === "late") say(ExitCode.failed, "fail", recovery.text);
  if (recovery?.verdict === "undecided") say(ExitCode.invalid, "undecided", `recovery: ${recovery.text}`);
  if (breakingPoint !== undefined) {
    const { verdict: found, heldAt, text } = breakingPoint;
    if (found === "undecided" || found === "floor") say(ExitCode.invalid, "undecided", text);
    if (found === "found" && heldAt === null) say(ExitCode.failed, "fail", text);
  }
  if (refusal?.verdict === "not-graceful") for (const reason of refusal.reasons) say(ExitCode.failed, "fail", reason);
  if (refusal?.verdict === "undecided") say(ExitCode.invalid, "undecided", refusal.text);
  const capacity = breakingPoint === undefined ? summary.capacity : capacityAt(breakingPoint, { ...summary, plan });
  return { ...summary, plan, capacity, results: { verdict, exitCode, reasons: [...kept, ...reasons] } };
}

/** Only a level that held is carried; what came back beyond the breaking point says nothing of it. */
function capacityAt({ verdict }: BreakingPoint, summary: Summary): Summary["capacity"] {
  const { capacity } = summary;
  const plateau = plateauOf(summary);
  const held = { ...capacity, sustainedRps: plateau?.rps ?? null, sustainedAt: plateau?.name ?? null };
  if (verdict === "floor") return { ...held, kind: "floor" };
  if (verdict !== "found" || capacity.bottleneck !== "generator") return held;
  // The generator was at its limit beyond where the target broke.
  return { ...held, kind: "measured", bottleneck: "unknown", evidence: [] };
}

/** What is left when a generator's limit counts for nothing: a failure where all the rest are failures. */
function verdictOn(kept: readonly string[], { results, metrics }: Summary): [Verdict, ExitCode] {
  if (kept.length === 0) return ["pass", ExitCode.pass];
  const failed = Object.entries(metrics).flatMap(([key, { thresholds = {} }]) =>
    Object.entries(thresholds).flatMap(([rule, { ok }]) => (ok ? [] : `${key}: ${rule}`)),
  );
  const isFailure = (reason: string) =>
    failed.some((text) => reason.startsWith(text)) || tellsDeath(reason) || tellsAbort(reason);
  if (kept.every(isFailure)) return [kept.some(tellsAbort) ? "aborted" : "fail", ExitCode.failed];
  return [results.verdict, results.exitCode as ExitCode];
}

/**
 * A ramp to the breaking point goes on beyond it, where a generator beside an overloaded target is late as well. It takes
 * nothing from what was found below.
 */
function withoutGenerator({ results, generator }: Summary, { verdict }: BreakingPoint): Summary["results"]["reasons"] {
  if (verdict !== "found" && verdict !== "floor") return results.reasons;
  return results.reasons.filter((reason) => !generator.evidence.includes(reason));
}
