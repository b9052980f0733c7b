import type { Summary } from "../../measure/summary.ts";
import { tellsAbort } from "../verdict.ts";
import type { ComparedGroup } from "./comparison.ts";

/**
 * Why a run cannot stand for what it measured, or null. Failed objectives are no reason: that the target was slow is what
 * a comparison is to find.
 */
export function unsoundness(summary: Summary): string | null {
  const { partial, results, generator, metrics } = summary;
  if (partial === true) return "it did not end in order (its summary is partial)";
  if (results.verdict === "interrupted") return "it was interrupted";
  if (wasAborted(summary)) return `an abort rule ended it early (${results.reasons.join("; ")})`;
  if (generator.saturated) return `the generator was at its limit (${generator.evidence.join("; ")})`;
  if (results.verdict === "invalid" || results.verdict === "undecided") {
    return `it is ${results.verdict} (${results.reasons.join("; ")})`;
  }
  const requests = metrics.http_reqs;
  if (requests?.type !== "counter" || requests.values.count === 0) return "it made no request";
  return null;
}

/** Whether an abort rule ended the run early; its verdict is another one where the run is invalid or was interrupted as well. */
export function wasAborted({ results }: Summary): boolean {
  return results.reasons.some(tellsAbort);
}

/** Whether an abort rule ended some run of the group, so that those left were chosen by what they measured. */
export function hasAborted({ leftOut }: Pick<ComparedGroup, "leftOut">): boolean {
  return leftOut.some(({ aborted }) => aborted === true);
}
