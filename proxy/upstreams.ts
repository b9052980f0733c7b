import { readFileSync } from "node:fs";
import type { EdgeConfig } from "./config.ts";
import type { Logger } from "./log.ts";
import { Upstream } from "./upstream.ts";

/** All origins that share the load, and which of them is asked next. */
export class Upstreams {
  readonly all: readonly Upstream[];
  readonly #byOrigin: ReadonlyMap<string, Upstream>;
  readonly #checkIntervalMs: number;
  readonly #log: Logger;
  readonly #checking = new Set<Upstream>();
  #checks: NodeJS.Timeout | null = null;
  #turn = 0;

  /** Throws when the CA file cannot be read. Opens no connection yet. */
  constructor(config: EdgeConfig["upstream"], log: Logger) {
    const ca = config.caFile === null ? undefined : readFileSync(config.caFile, "utf8");
    this.all = config.origins.map((origin) => new Upstream(origin, config, ca));
    this.#byOrigin = new Map(this.all.map((upstream) => [upstream.origin, upstream]));
    this.#checkIntervalMs = config.checkIntervalMs;
    this.#log = log;
  }

  /**
   * The healthy upstream with the fewest requests in flight; equals take turns. Where all are ejected all are asked: a
   * wrong verdict about the last of them would be an outage of our own making. `except` has just failed: only if there
   * is no other.
   */
  pick(except: Upstream | null): Upstream {
    const { all } = this;
    const first = all[0] as Upstream;
    if (all.length === 1) return first;
    const nowMs = performance.now();
    this.#turn = (this.#turn + 1) % all.length;
    let best = first;
    let bestRank = Number.POSITIVE_INFINITY;
    for (let i = 0; i < all.length; i++) {
      const upstream = all[(this.#turn + i) % all.length] as Upstream;
      const rank = (upstream === except ? 2 : 0) + (upstream.health.isAvailable(nowMs) ? 0 : 1);
      if (rank < bestRank || (rank === bestRank && upstream.inFlight < best.inFlight)) {
        best = upstream;
        bestRank = rank;
      }
    }
    return best;
  }

  /** A request got an answer, or failed for the upstream's sake. */
  outcome(upstream: Upstream, success: boolean): void {
    // One alone is never ejected.
    if (this.all.length === 1) return;
    if (success) {
      upstream.health.succeeded(performance.now());
      return;
    }
    const forMs = upstream.health.failed(performance.now());
    if (forMs > 0) this.#log.warn({ event: "upstream-ejected", upstream: upstream.origin, by: "requests", forMs });
  }

  /** Asks every upstream for its health from now on, where there is a choice. */
  startChecks(): void {
    if (this.all.length === 1) return;
    this.#checks = setInterval(() => {
      for (const upstream of this.all) void this.#check(upstream);
    }, this.#checkIntervalMs).unref();
  }

  byOrigin(origin: string): Upstream | undefined {
    return this.#byOrigin.get(origin);
  }

  /** Ends idle connections at once, the others with their request. */
  async close(): Promise<void> {
    if (this.#checks !== null) clearInterval(this.#checks);
    this.#checks = null;
    await Promise.all(this.all.map((upstream) => upstream.close()));
  }

  async #check(upstream: Upstream): Promise<void> {
    // One that takes longer than the interval counts once.
    if (this.#checking.has(upstream)) return;
    this.#checking.add(upstream);
    const problem = await upstream.check();
    this.#checking.delete(upstream);
    // Closing fails the checks under way.
    if (this.#checks === null || !upstream.health.checked(problem === null)) return;
    if (problem === null) this.#log.info({ event: "upstream-readmitted", upstream: upstream.origin });
    else this.#log.warn({ event: "upstream-ejected", upstream: upstream.origin, by: "checks", problem });
  }
}
