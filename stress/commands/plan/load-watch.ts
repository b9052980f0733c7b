import type { LoadSecond } from "../../judge/plan/seconds.ts";
import type { RunEvent } from "../../measure/event.ts";

/** Collects every second of a run: a summary's rows hold no response times, and of a long run no seconds. */
export class LoadWatch {
  readonly seconds: LoadSecond[] = [];

  add(event: RunEvent): void {
    if (event.type !== "snapshot") return;
    const { loadMs, interval, generator } = event.snapshot;
    const { durationMs, requests, failed, response, service } = interval;
    // half a second at an end is no second
    if (durationMs < 500) return;
    const latency = response ?? service;
    this.seconds.push({
      atMs: loadMs,
      durationMs,
      requests,
      failed,
      p95Ms: latency.count > 0 || latency.beyond ? latency.p95 : null,
      pacerLagP99Ms: generator.pacerLagP99Ms,
    });
  }
}
