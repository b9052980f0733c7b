import type { Plan } from "./plan.ts";
import type { Readiness } from "./readiness.ts";

/**
 * What primary and worker say to each other. A primary outlives a new build and then talks to workers of that build:
 * a message that is not known is ignored on both sides, and none changes its meaning.
 */
export type ToWorker =
  /** The answer to `plan`: listen on `listenFds`, which were inherited. */
  | { readonly type: "start"; readonly ticketKey: string; readonly listenFds: readonly number[] }
  /** 48 bytes in base64. */
  | { readonly type: "ticket-key"; readonly ticketKey: string }
  | { readonly type: "ask"; readonly id: number; readonly question: Question }
  | { readonly type: "drain" | "retire" | "cut" };

export type FromWorker =
  /** Its configuration is good. */
  | { readonly type: "plan"; readonly plan: Plan }
  /** It accepts connections. */
  | { readonly type: "listening" }
  /** It cannot start, and ends: what to print, and the exit code for it. */
  | { readonly type: "failed"; readonly exitCode: number; readonly lines: readonly string[] }
  | { readonly type: "answer"; readonly id: number; readonly answer: unknown }
  /** The last message: all of its connections have ended. */
  | { readonly type: "drained"; readonly connectionsCut: number; readonly metrics: MetricValues };

export type Question = "readiness" | "metrics";

export interface Answers {
  readonly readiness: Readiness;
  readonly metrics: MetricValues;
}

/** A registry as prom-client gives it in JSON. */
export type MetricValues = readonly { readonly name: string; readonly type: string }[];
