import { performance } from "node:perf_hooks";

/** Looks at the loop so often; two quiet looks in a row are a rest. */
const lookMs = 2_000;
/** Shares of time in which the loop ran: above the first there was work, below the second there is none worth mentioning. */
const workShare = 0.02;
const restShare = 0.005;
const quietLooks = 2;

/** Tells when work has come to rest. Pure. */
export class RestWatch {
  #worked = false;
  #quiet = 0;

  /** `utilization`: share of the time since the last call in which the loop ran. @returns true once for each rest after work. */
  step(utilization: number): boolean {
    if (utilization > workShare) this.#worked = true;
    this.#quiet = utilization < restShare ? this.#quiet + 1 : 0;
    if (!this.#worked || this.#quiet < quietLooks) return false;
    this.#worked = false;
    return true;
  }
}

/**
 * Collects garbage when a process comes to rest. V8 collects the old generation when it reaches a limit, never because there
 * is time: a service that has served a million requests holds their remains until it serves another million. What it does
 * while nobody waits costs nobody. Without `--expose-gc` nothing happens. @returns a function that ends it.
 */
export function collectAtRest({
  everyMs = lookMs,
  collect = globalThis.gc,
}: {
  everyMs?: number;
  collect?: () => void;
} = {}): () => void {
  if (collect === undefined) return () => {};
  const watch = new RestWatch();
  let before = performance.eventLoopUtilization();
  const timer = setInterval(() => {
    const now = performance.eventLoopUtilization();
    if (watch.step(performance.eventLoopUtilization(now, before).utilization)) collect();
    // what the collection took is no work
    before = performance.eventLoopUtilization();
  }, everyMs).unref();
  return () => clearInterval(timer);
}
