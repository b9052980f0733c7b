import type { LoadSecond } from "../../judge/plan/seconds.ts";
import type { RunEvent, Snapshot } from "../../measure/event.ts";
import { unansweredOf } from "../unanswered.ts";

/** Collects every second of a load: a summary's rows hold no response times, and of a long run no seconds. */
export class LoadWatch {
  readonly seconds: LoadSecond[] = [];
  readonly #lastsMs: number;
  #before: Snapshot["total"] | null = null;

  /** `lastsMs`: how long the load lasts; what drains after it is no load. */
  constructor(lastsMs: number) {
    this.#lastsMs = lastsMs;
  }

  add(event: RunEvent): void {
    if (event.type !== "snapshot") return;
    const { loadMs, interval, generator, total } = event.snapshot;
    const before = this.#before;
    this.#before = total;
    const { durationMs, requests, failed, response, service } = interval;
    // half a second at an end is no second
    if (durationMs < 500 || loadMs > this.#lastsMs + 500) return;
    const latency = response ?? service;
    this.seconds.push({
      atMs: loadMs,
      durationMs,
      requests,
      failed,
      unanswered: unansweredOf(total) - unansweredOf(before),
      localLimits: (total.failures["local-limit"] ?? 0) - (before?.failures["local-limit"] ?? 0),
      p95Ms: latency.count > 0 || latency.beyond ? latency.p95 : null,
      pacerLagP99Ms: generator.pacerLagP99Ms,
    });
  }
}
