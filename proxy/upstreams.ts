import { readFileSync } from "node:fs";
import type { EdgeConfig } from "./config.ts";
import { Upstream } from "./upstream.ts";

/** All origins that share the load. */
export class Upstreams {
  readonly all: readonly Upstream[];
  readonly #byOrigin: ReadonlyMap<string, Upstream>;
  #turn = 0;

  /** Throws when the CA file cannot be read. Opens no connection yet. */
  constructor(config: EdgeConfig["upstream"]) {
    const ca = config.caFile === null ? undefined : readFileSync(config.caFile, "utf8");
    this.all = config.origins.map((origin) => new Upstream(origin, config, ca));
    this.#byOrigin = new Map(this.all.map((upstream) => [upstream.origin, upstream]));
  }

  /** The upstream with the fewest requests in flight; equals take turns. `except` has just failed: only if there is no other. */
  pick(except: Upstream | null): Upstream {
    const { all } = this;
    this.#turn = (this.#turn + 1) % all.length;
    let best = all[this.#turn] as Upstream;
    if (all.length === 1) return best;
    for (let i = 1; i < all.length; i++) {
      const other = all[(this.#turn + i) % all.length] as Upstream;
      if (best === except || (other !== except && other.inFlight < best.inFlight)) best = other;
    }
    return best;
  }

  byOrigin(origin: string): Upstream | undefined {
    return this.#byOrigin.get(origin);
  }

  /** Ends idle connections at once, the others with their request. */
  async close(): Promise<void> {
    await Promise.all(this.all.map((upstream) => upstream.close()));
  }
}
