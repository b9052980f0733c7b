import { seededRandom } from "../../load/random.ts";
import type { Reading } from "./blocks.ts";
import { normal, ornstein } from "./test-traces.ts";

/** Descriptors as they would be counted: a few that stay open, the clients', and a pool of connections to the upstream. */
export interface Held {
  minutes: number;
  intervalMs: number;
  /** Idle connections are closed after this time; never, where infinite. */
  idleMs: number;
  /** Of the requests at once that the pool serves. */
  busy: { mean: number; sigma: number };
  leakPerHour: number;
}

/**
 * A pool holds as many connections as were needed at once within its idle time, the most ever where it closes none. The
 * leak opens at random times.
 */
export function countsHeld({ minutes, intervalMs, idleMs, busy, leakPerHour }: Held, seed: number): Reading[] {
  const uniform = seededRandom(seed, 0);
  const wanted = ornstein(normal(uniform), busy.sigma, 1, intervalMs / 1000);
  const recent: Reading[] = [];
  const readings: Reading[] = [];
  let leaked = 0;
  let nextLeakMs = -Math.log(1 - uniform()) / leakPerHour;
  for (let atMs = 0; atMs < minutes * 60_000; atMs += intervalMs) {
    const value = Math.max(1, Math.round(busy.mean + wanted()));
    while (recent.length > 0 && (recent[0] as Reading).atMs <= atMs - idleMs) recent.shift();
    while (recent.length > 0 && (recent.at(-1) as Reading).value <= value) recent.pop();
    recent.push({ atMs, value });
    while (atMs > nextLeakMs * 3_600_000) {
      leaked++;
      nextLeakMs -= Math.log(1 - uniform()) / leakPerHour;
    }
    readings.push({ atMs, value: 25 + 50 + (recent[0] as Reading).value + leaked });
  }
  return readings;
}
