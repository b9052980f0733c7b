import type { Profile } from "../profile/profile.ts";
import { hasDueTimes } from "../profile/stream.ts";

/** How the figures of a run are called, by what its load is made of. */
export interface KindWords {
  /** What is counted: `requests`, `events`, `messages`. */
  operations: string;
  /** Behind a rate of them. */
  perSecond: string;
  /** What the percentiles are of. */
  latency: string;
}

export function wordsOf(profile: Profile | null): KindWords {
  const stream = profile?.stream;
  if (stream === undefined) {
    return { operations: "requests", perSecond: "RPS", latency: profile?.load.model === "open" ? "response" : "latency" };
  }
  const due = hasDueTimes(stream);
  if (stream.kind === "sse") return { operations: "events", perSecond: "events/s", latency: due ? "late" : "gap" };
  return { operations: "messages", perSecond: "msgs/s", latency: due ? "response" : "echo" };
}

/** What a figure that falls among the censored is known to exceed: a time limit, or the longest silence of a stream. */
export function limitMsOf(profile: Profile | null): number {
  return profile?.stream?.silenceMs ?? profile?.timeoutMs ?? Number.POSITIVE_INFINITY;
}
