import { LatencyHistogram } from "./histogram.ts";
import { cutTimes, type StreamInterval, type StreamTime, streamCounts, streamTimes, zeroes } from "./stream-tally.ts";

/** Everything that happened to streams, all workers merged. What was cut counts in its distribution as censored. */
export class StreamTotals {
  readonly times = Object.fromEntries(streamTimes.map((name) => [name, new LatencyHistogram()])) as Record<
    StreamTime,
    LatencyHistogram
  >;
  readonly counts = zeroes();

  add(interval: StreamInterval): void {
    for (const name of streamTimes) {
      const raw = interval.times[name];
      if (raw !== null) this.times[name].addRaw(raw);
    }
    for (const name of cutTimes) {
      const raw = interval.cut[name];
      if (raw !== null) this.times[name].addCensoredRaw(raw);
    }
    for (const name of streamCounts) this.counts[name] += interval.counts[name];
  }

  clear(): void {
    for (const name of streamTimes) this.times[name].clear();
    for (const name of streamCounts) this.counts[name] = 0;
  }

  /** Never granted, or ended before their time. */
  get failed(): number {
    return this.counts.refused + this.counts.dropped;
  }
}
