import { readFileSync } from "node:fs";
import { Client, Pool } from "undici";
import type { EdgeConfig } from "./config.ts";
import { errorCode, errorMessage } from "./errors.ts";

/** A health check that takes longer than this has failed: callers wait for it. */
const checkTimeoutMs = 2_000;

/** Counters since start, and gauges of now. */
export interface UpstreamStats {
  readonly origin: string;
  readonly connected: number;
  readonly running: number;
  readonly queued: number;
  readonly connectionsOpened: number;
  readonly connectionsFailed: number;
}

export interface Upstream {
  readonly origin: string;
  readonly pool: Pool;
  stats(): UpstreamStats;
  /** Asks the upstream's health path. Resolves to null when it answers 2xx, else to what is wrong; never rejects. */
  check(): Promise<string | null>;
  close(): Promise<void>;
}

export interface Upstreams {
  readonly all: readonly Upstream[];
  /** The upstream with the fewest requests in flight; equals take turns. */
  pick(): Upstream;
  byOrigin(origin: string): Upstream | undefined;
  /** Ends idle connections at once, the others with their request. */
  close(): Promise<void>;
}

/** Keep-alive pools, one an origin. Throws when the CA file cannot be read. Opens no connection yet. */
export function createUpstreams(config: EdgeConfig["upstream"]): Upstreams {
  const ca = config.caFile === null ? undefined : readFileSync(config.caFile, "utf8");
  const all = config.origins.map((origin) => createUpstream(origin, config, ca));
  const byOrigin = new Map(all.map((upstream) => [upstream.origin, upstream]));
  let turn = 0;
  return {
    all,
    pick() {
      turn = (turn + 1) % all.length;
      let best = all[turn] as Upstream;
      if (all.length === 1) return best;
      for (let i = 1; i < all.length; i++) {
        const other = all[(turn + i) % all.length] as Upstream;
        if (other.pool.stats.size < best.pool.stats.size) best = other;
      }
      return best;
    },
    byOrigin: (origin) => byOrigin.get(origin),
    async close() {
      await Promise.all(all.map((upstream) => upstream.close()));
    },
  };
}

function createUpstream(origin: string, config: EdgeConfig["upstream"], ca: string | undefined): Upstream {
  const connect = { timeout: config.connectTimeoutMs, rejectUnauthorized: true, ...(ca === undefined ? {} : { ca }) };
  const pool = new Pool(origin, {
    connections: config.connections,
    // More than one request a connection at once would let a slow answer hold up others, and a broken one take them along.
    pipelining: 1,
    // HTTP/2 would put all requests on one connection; what the bundle measures and documents is a pool.
    allowH2: false,
    maxRequestsPerClient: config.requestsPerConnection,
    keepAliveTimeout: config.idleTimeoutMs,
    // The server's own Keep-Alive hint replaces keepAliveTimeout, so the limit must be set here too.
    keepAliveMaxTimeout: config.idleTimeoutMs,
    keepAliveTimeoutThreshold: 1_000,
    headersTimeout: config.headersTimeoutMs,
    bodyTimeout: config.bodyTimeoutMs,
    connect,
  });
  // A connection of its own: a pool with every connection busy must not make the upstream look ill.
  const probe = new Client(origin, {
    allowH2: false,
    headersTimeout: checkTimeoutMs,
    bodyTimeout: checkTimeoutMs,
    keepAliveTimeout: config.idleTimeoutMs,
    keepAliveMaxTimeout: config.idleTimeoutMs,
    connect: { ...connect, timeout: checkTimeoutMs },
  });
  let connectionsOpened = 0;
  let connectionsFailed = 0;
  pool.on("connect", () => {
    connectionsOpened++;
  });
  pool.on("connectionError", () => {
    connectionsFailed++;
  });
  return {
    origin,
    pool,
    stats() {
      const { connected, running, queued } = pool.stats;
      return { origin, connected, running, queued, connectionsOpened, connectionsFailed };
    },
    async check() {
      try {
        const { statusCode, body } = await probe.request({ method: "GET", path: config.healthPath });
        await body.dump();
        return statusCode >= 200 && statusCode < 300 ? null : `${config.healthPath} answers ${statusCode}`;
      } catch (error) {
        return errorCode(error) || errorMessage(error);
      }
    },
    async close() {
      await Promise.all([pool.close(), probe.close()]);
    },
  };
}
