import type { Profile } from "../profile/profile.ts";
import { parseDuration } from "../profile/units.ts";
import { UsageError } from "../profile/usage-error.ts";
import { parseThreshold } from "./threshold.ts";

/**
 * Reads `METRIC: EXPRESSION for DURATION`, such as `http_req_failed: rate>0.5 for 30s`. The expression says when to
 * stop, so it is written the other way round than a threshold. Without `for` it stops the run at once.
 *
 * @throws UsageError
 */
export function parseAbort(text: string): Profile["abort"][number] {
  // only after the selector: a route may hold the word too
  const from = text.lastIndexOf("}") + 1;
  const word = /\sfor(?=\s|$)/.exec(text.slice(from));
  const end = word ? from + word.index : text.length;
  const duration = word ? text.slice(end + word[0].length).trim() : null;
  if (duration === "") throw new UsageError(`--abort-on "${text}" does not say for how long: write e.g. ${example}`);
  const forMs =
    duration === null ? 0 : parseDuration(duration, { what: `--abort-on "${text}": time after "for"`, allowZero: true });
  const { metric, expression } = parseThreshold(text.slice(0, end));
  return { metric, expression, forMs };
}

const example = "'http_req_failed: rate>0.5 for 30s'";

/** Whether a condition has held without a break for long enough. No clock of its own. */
export class AbortRule {
  readonly forMs: number;
  #sinceMs: number | null = null;

  constructor(forMs: number) {
    this.forMs = forMs;
  }

  /**
   * Call it with every new judgement, `nowMs` never falling. True once `holds` has been true in every call for at
   * least `forMs`, counted from the first of them, and for as long as it stays true.
   */
  step(nowMs: number, holds: boolean): boolean {
    if (!holds) {
      this.#sinceMs = null;
      return false;
    }
    this.#sinceMs ??= nowMs;
    return nowMs - this.#sinceMs >= this.forMs;
  }
}
