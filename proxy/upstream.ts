import { buildConnector, Client, Pool } from "undici";
import type { EdgeConfig } from "./config.ts";
import { errorCode, errorMessage } from "./errors.ts";
import { noteStale } from "./stale-connection.ts";
import { UpstreamHealth } from "./upstream-health.ts";

/** A health check that takes longer than this has failed: callers wait for it. */
const checkTimeoutMs = 2_000;

/** Counters since start, and gauges of now. */
export interface UpstreamStats {
  readonly origin: string;
  readonly connected: number;
  readonly running: number;
  readonly queued: number;
  readonly connectionsOpened: number;
  readonly requestsSent: number;
  readonly connectionsFailed: number;
  readonly ejections: number;
  readonly ejected: boolean;
}

/** One origin: its pool of kept connections, and what is known of its state. */
export class Upstream {
  readonly origin: string;
  /** Kept connections, one request at a time on each. */
  readonly pool: Pool;
  /** As many kept connections as are wanted, for answers that may last: the places of streams bound them. */
  readonly streams: Pool;
  /** A new connection for each request. */
  readonly fresh: Pool;
  /** Requests sent or waiting for a connection; counted by those who send. */
  inFlight = 0;
  /** Requests that went out on a connection; counted by those who send. */
  sent = 0;
  readonly health: UpstreamHealth;
  readonly #probe: Client;
  readonly #healthPath: string;
  #check: Promise<string | null> | null = null;
  #connectionsOpened = 0;
  #connectionsFailed = 0;

  /** Opens no connection yet. `ca`: PEM to verify with instead of the system's. */
  constructor(origin: string, config: EdgeConfig["upstream"], ca: string | undefined) {
    const tls = { rejectUnauthorized: true, ...(ca === undefined ? {} : { ca }) };
    const connector = buildConnector({ ...tls, timeout: config.connectTimeoutMs, allowH2: false });
    const options: Pool.Options = {
      // Admission keeps the requests in flight to the first number; what has left their places is bounded by the second.
      connections: config.connections + config.slowClients,
      // More than one request a connection at once would let a slow answer hold up others, and a broken one take them along.
      pipelining: 1,
      // HTTP/2 would put all requests on one connection; what the bundle measures and documents is a pool.
      allowH2: false,
      keepAliveTimeout: config.idleTimeoutMs,
      // The server's own Keep-Alive hint replaces keepAliveTimeout, so the limit must be set here too.
      keepAliveMaxTimeout: config.idleTimeoutMs,
      keepAliveTimeoutThreshold: 1_000,
      headersTimeout: config.headersTimeoutMs,
      bodyTimeout: config.bodyTimeoutMs,
      connect: (to, callback) =>
        connector(to, (...[error, socket]) => {
          if (error !== null) return callback(error, null);
          noteStale(socket);
          callback(null, socket);
        }),
    };
    this.origin = origin;
    this.health = new UpstreamHealth({ failures: config.ejectFailures, ejectMs: config.ejectMs });
    this.pool = new Pool(origin, { ...options, maxRequestsPerClient: config.requestsPerConnection });
    const unbounded = { ...options, connections: null };
    this.streams = new Pool(origin, { ...unbounded, maxRequestsPerClient: config.requestsPerConnection });
    // Bounded by what is in flight and by the streams, whose second attempt comes here too.
    this.fresh = new Pool(origin, { ...unbounded, maxRequestsPerClient: 1 });
    for (const pool of this.#pools) {
      pool.on("connect", () => {
        this.#connectionsOpened++;
      });
      pool.on("connectionError", () => {
        this.#connectionsFailed++;
      });
    }
    // A connection of its own: a pool with every connection busy must not make the upstream look ill.
    this.#healthPath = config.healthPath;
    this.#probe = new Client(origin, {
      allowH2: false,
      headersTimeout: checkTimeoutMs,
      bodyTimeout: checkTimeoutMs,
      keepAliveTimeout: config.idleTimeoutMs,
      keepAliveMaxTimeout: config.idleTimeoutMs,
      connect: { ...tls, timeout: checkTimeoutMs },
    });
  }

  stats(): UpstreamStats {
    const stats = this.#pools.map((pool) => pool.stats);
    return {
      origin: this.origin,
      connected: stats.reduce((sum, { connected }) => sum + connected, 0),
      running: stats.reduce((sum, { running }) => sum + running, 0),
      queued: stats.reduce((sum, { queued }) => sum + queued, 0),
      connectionsOpened: this.#connectionsOpened,
      requestsSent: this.sent,
      connectionsFailed: this.#connectionsFailed,
      ejections: this.health.ejections,
      ejected: !this.health.isAvailable(performance.now()),
    };
  }

  /**
   * Asks the upstream's health path, for all who want to know meanwhile: the connection for it takes one request at a time.
   * Resolves to null when it answers 2xx, else to what is wrong; never rejects.
   */
  check(): Promise<string | null> {
    this.#check ??= this.#ask().finally(() => {
      this.#check = null;
    });
    return this.#check;
  }

  async #ask(): Promise<string | null> {
    try {
      const { statusCode, body } = await this.#probe.request({ method: "GET", path: this.#healthPath });
      await body.dump();
      return statusCode >= 200 && statusCode < 300 ? null : `${this.#healthPath} answers ${statusCode}`;
    } catch (error) {
      return errorCode(error) || errorMessage(error);
    }
  }

  /** Ends idle connections at once, the others with their request. */
  async close(): Promise<void> {
    await Promise.all([...this.#pools, this.#probe].map((client) => client.close()));
  }

  get #pools(): Pool[] {
    return [this.pool, this.streams, this.fresh];
  }
}
