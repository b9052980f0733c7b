import type { Refusal } from "../../measure/plan-summary.ts";
import type { Summary } from "../../measure/summary.ts";

/** Name of the check that tells a refusal from any other error. */
export const gracefulCheck = "answered or refused gracefully";

/** What was seen from beside the load. */
export type RefusalFacts = Pick<Refusal, "established" | "fresh" | "health"> & { examples: string[] };

/** A connection that is not taken, or a 503: the checks say whether each of those was a proper one. */
const gracefulFailures = new Set(["refused", "status-4xx", "status-5xx", "interrupted"]);

/**
 * Whether a target that has more to do than it can says so: what it does not take it refuses at once and in words, who is
 * there already stays connected, and its health endpoint answers throughout.
 */
export function judgeRefusal(
  { established, fresh, health, examples }: RefusalFacts,
  { failures, root_group }: Pick<Summary, "failures" | "root_group">,
): Refusal {
  const reasons: string[] = [];
  const local = failures.find(({ class: name }) => name === "local-limit");
  for (const { class: name, count, example } of failures) {
    if (gracefulFailures.has(name) || name === "local-limit") continue;
    reasons.push(
      `${count} requests of the load were not refused but ended otherwise (${name}${example === "" ? "" : `: ${example}`})`,
    );
  }
  const improper = improperAnswers(failures, root_group.checks);
  if (improper > 0) reasons.push(`${improper} answers of the load were errors other than a 503 or 429 with Retry-After`);
  if (established.broken > 0) reasons.push(`${established.broken} connections that were there before the load were cut`);
  if (established.wrong > 0) {
    reasons.push(`${established.wrong} requests over connections from before the load got neither an answer nor a refusal`);
  }
  if (fresh.wrong > 0) reasons.push(`${fresh.wrong} new connections got neither an answer nor a refusal`);
  const silent = health.requests - health.answered;
  if (silent > 0) reasons.push(`${health.path} did not answer ${silent} of ${health.requests} times`);
  if (reasons.length > 0) reasons.push(...examples.slice(0, 3).map((example) => `for example: ${example}`));
  const parts = { established, fresh, health, reasons };
  if (established.requests === 0 || fresh.requests === 0 || health.requests === 0) {
    return { ...parts, verdict: "undecided", text: "the load ended before anything could be seen from beside it" };
  }
  if (reasons.length === 0 && local !== undefined) {
    const text = `${local.count} connections were never asked for: ${local.example || "this machine had nothing left for them"}; raise its limits (stress doctor)`;
    return { ...parts, verdict: "undecided", text };
  }
  const refused = failures.reduce((sum, { class: name, count }) => sum + (gracefulFailures.has(name) ? count : 0), 0);
  const text =
    reasons.length > 0
      ? `not refused gracefully: ${reasons[0]}`
      : `${refused === 0 ? "nothing had to be refused" : `${refused.toLocaleString("en-US")} requests were refused properly`}; ` +
        `${established.connections} connections from before stayed, ${health.path} answered ${health.answered} of ${health.requests} times`;
  return { ...parts, verdict: reasons.length > 0 ? "not-graceful" : "graceful", text };
}

/** Complete answers that failed the check; a request without one fails every check and is told by its class. */
function improperAnswers(failures: Summary["failures"], checks: Summary["root_group"]["checks"]): number {
  const unanswered = failures.reduce((sum, { class: name, count }) => sum + (name.startsWith("status-") ? 0 : count), 0);
  const failed = checks.find(({ name }) => name === gracefulCheck)?.fails ?? 0;
  return Math.max(0, failed - unanswered);
}
