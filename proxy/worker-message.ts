import type { Plan } from "./plan.ts";
import type { Readiness } from "./readiness.ts";

/**
 * What primary and worker say to each other. A primary outlives a new build and then talks to workers of that build:
 * a message that is not known is ignored on both sides, and none changes its meaning.
 */
export type ToWorker =
  /** The answer to `plan`: listen. */
  | { readonly type: "start"; readonly ticketKey: string }
  /** 48 bytes in base64. */
  | { readonly type: "ticket-key"; readonly ticketKey: string }
  | { readonly type: "ask"; readonly id: number; readonly question: Question }
  | { readonly type: "drain" | "retire" | "cut" }
  /** The answer to `drained`. */
  | { readonly type: "exit" };

export type FromWorker =
  /** Its configuration is good. */
  | { readonly type: "plan"; readonly plan: Plan }
  | { readonly type: "listening"; readonly port: number }
  /** It cannot start, and ends: what to print, and the exit code for it. */
  | { readonly type: "failed"; readonly exitCode: number; readonly lines: readonly string[] }
  | { readonly type: "answer"; readonly id: number; readonly answer: unknown }
  /**
   * All of its connections have ended, and it waits for `exit`. Without that round trip a connection that the primary
   * handed over before it heard that the worker listens no more would be lost: nobody reads it, nobody hands it back.
   */
  | { readonly type: "drained"; readonly connectionsCut: number; readonly metrics: MetricValues }
  /** The last message; that it is sent means that all before are. */
  | { readonly type: "bye" };

export type Question = "readiness" | "metrics";

export interface Answers {
  readonly readiness: Readiness;
  readonly metrics: MetricValues;
}

/** A registry as prom-client gives it in JSON. */
export type MetricValues = readonly { readonly name: string; readonly type: string }[];
