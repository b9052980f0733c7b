import type { FailureClass, Snapshot } from "../measure/event.ts";

/** An error that the target said in a complete response is an answer; all else is none. */
export function unansweredOf(total: Snapshot["total"] | null): number {
  const failures = Object.entries(total?.failures ?? {}) as [FailureClass, number][];
  return failures.reduce((sum, [name, count]) => sum + (name.startsWith("status-") ? 0 : count), 0);
}
