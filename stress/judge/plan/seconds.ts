/** One second of a load, as judgements of a plan need it. */
export interface LoadSecond {
  /** Its end, since the load began. */
  atMs: number;
  durationMs: number;
  /** Answered or failed. */
  requests: number;
  failed: number;
  /** Of the failed, those without a complete response; and of these, those that this machine had nothing left for. */
  unanswered: number;
  localLimits: number;
  /** Response time where there is one, else service time; null in a second without an answer. */
  p95Ms: number | null;
  /** Null where the generator has no due times. */
  pacerLagP99Ms: number | null;
}
