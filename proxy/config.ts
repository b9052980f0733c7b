import type { BlockList } from "node:net";
import {
  address,
  ConfigError,
  choice,
  integer,
  milliseconds,
  networks,
  optionalInteger,
  optionalText,
  origins,
  path,
  port,
  readSettings,
  setting,
  share,
  type Values,
} from "./setting.ts";

const logLevel = choice("fatal", "error", "warn", "info", "debug", "silent");
const settingsFile = setting("", optionalText, "dotenv file that overrides the environment; read again at each reload");

/** Every variable of the edge, its default and the reason for it. `.env.example` is this table in another form. */
export const edgeSettings = {
  EDGE_HOST: setting("::", address, "all addresses, IPv4 and IPv6: the edge is what users reach"),
  EDGE_PORT: setting("9443", port, "the bundle's public port, above 1024 so that no privilege is needed"),
  EDGE_ADMIN_HOST: setting("127.0.0.1", address, "health and metrics are for the operator: loopback only"),
  EDGE_ADMIN_PORT: setting("9445", port, "beside the edge's and the backend's ports"),
  EDGE_WORKERS: setting("", optionalInteger(1, 1024), "one a CPU, as far as quota and affinity leave them to this process"),
  EDGE_TLS: setting("on", choice("on", "off"), "off only behind another TLS edge, which then speaks plain HTTP to this one"),
  EDGE_CERT_FILE: setting("", optionalText, "PEM certificate chain, leaf first; required unless EDGE_TLS=off"),
  EDGE_KEY_FILE: setting("", optionalText, "PEM private key of the certificate; required unless EDGE_TLS=off"),
  EDGE_CLIENT_CA_FILE: setting(
    "",
    optionalText,
    "PEM bundle to verify clients with (mutual TLS), instead of asking for no certificate",
  ),
  EDGE_CLIENT_CERT: setting(
    "required",
    choice("required", "optional"),
    "with EDGE_CLIENT_CA_FILE: optional lets others in unverified",
  ),
  EDGE_CERT_POLL_MS: setting("1000", milliseconds(60_000), "a renewed pair is used two polls after it stopped changing"),
  EDGE_TICKET_KEY_LIFE_MS: setting("14400000", milliseconds(86_400_000), "4 h: a stolen key opens no more than that"),
  EDGE_TRUSTED_PROXIES: setting("", networks, "nobody: forwarding headers are overwritten unless the peer is listed"),
  UPSTREAM_URL: setting("http://127.0.0.1:9444", origins, "the bundle's backend; several origins share the load"),
  UPSTREAM_CA_FILE: setting("", optionalText, "PEM bundle to verify https upstreams with, instead of the system's"),
  UPSTREAM_HEALTH_PATH: setting("/readyz", path, "what an upstream answers with 2xx when it can take requests"),
  UPSTREAM_CONNECTIONS: setting("64", integer(1, 10_000), "pool per upstream; requests in flight never exceed it"),
  UPSTREAM_REQUESTS_PER_CONNECTION: setting("1000", integer(1, 1e9), "spreads load after an upstream is added, bounds leaks"),
  UPSTREAM_IDLE_TIMEOUT_MS: setting("60000", milliseconds(), "shorter than the upstream's, so that it never closes first"),
  UPSTREAM_CONNECT_TIMEOUT_MS: setting("2000", milliseconds(), "a neighbour answers in milliseconds; one lost SYN costs 1 s"),
  UPSTREAM_HEADERS_TIMEOUT_MS: setting("30000", milliseconds(), "the longest a backend may think before 504"),
  UPSTREAM_BODY_TIMEOUT_MS: setting("30000", milliseconds(), "the longest silence within a response body"),
  UPSTREAM_EJECT_FAILURES: setting("3", integer(1, 1_000), "failures in a row; one alone may be a restart"),
  UPSTREAM_EJECT_MS: setting("1000", milliseconds(60_000), "first ejection; each further one is twice as long, up to a minute"),
  UPSTREAM_CHECK_INTERVAL_MS: setting("2000", milliseconds(), "between health checks, where there are several upstreams"),
  EDGE_HANDSHAKE_TIMEOUT_MS: setting("10000", milliseconds(), "ten round trips on a bad mobile line"),
  EDGE_HEADERS_TIMEOUT_MS: setting("10000", milliseconds(), "slow-header attacks hold a connection no longer"),
  EDGE_REQUEST_TIMEOUT_MS: setting("60000", milliseconds(), "the longest a client may take to send a request, body included"),
  EDGE_KEEP_ALIVE_TIMEOUT_MS: setting("75000", milliseconds(), "longer than the 60 s after which common clients let go"),
  EDGE_SOCKET_TIMEOUT_MS: setting("120000", milliseconds(), "no byte either way: the client is gone or has stopped reading"),
  EDGE_DRAIN_DELAY_MS: setting("0", integer(0, 60_000, "milliseconds"), "time for a balancer to see readiness fail; none here"),
  EDGE_DRAIN_TIMEOUT_MS: setting("8000", milliseconds(), "below the 10 s after which container engines kill"),
  EDGE_DRAIN_IDLE_MS: setting(
    "2000",
    integer(0, 60_000, "milliseconds"),
    "who asks within it is told to go; then idle ones close",
  ),
  EDGE_BODY_LIMIT_BYTES: setting("10485760", integer(0, 2 ** 40, "bytes"), "10 MiB: far above any API call, far below memory"),
  EDGE_HEADER_LIMIT_BYTES: setting("16384", integer(1024, 1_048_576, "bytes"), "16 KiB, as most servers: beyond it 431"),
  EDGE_HEALTH_PATH: setting("/healthz", path, "GET and HEAD of it pass when everything else must wait"),
  EDGE_MAX_QUEUED: setting("1024", integer(0, 1_000_000), "requests waiting for an upstream connection; beyond it 503"),
  EDGE_QUEUE_TIMEOUT_MS: setting("5000", milliseconds(), "who waited longer has likely given up"),
  EDGE_MAX_WEBSOCKETS: setting(
    "1024",
    integer(0, 1_000_000),
    "each holds two descriptors for as long as it likes; beyond it 503",
  ),
  EDGE_MAX_EVENT_STREAMS: setting("1024", integer(0, 1_000_000), "as WebSockets, and apart from the requests in flight"),
  EDGE_MAX_SLOW_CLIENTS: setting(
    "256",
    integer(1, 1_000_000),
    "slow readers and senders that go on beside the requests in flight when others wait; 256 KiB each",
  ),
  EDGE_LOG_SAMPLE: setting("0", share, "no line a request: metrics count them all at a hundredth of the cost"),
  LOG_LEVEL: setting("info", logLevel, "life cycle and failures, nothing per request"),
  SETTINGS_FILE: settingsFile,
} as const;

/** Every variable of the backend. */
export const backendSettings = {
  BACKEND_HOST: setting("127.0.0.1", address, "never published: only the edge talks to it"),
  BACKEND_PORT: setting("9444", port, "beside the edge's"),
  BACKEND_KEEP_ALIVE_TIMEOUT_MS: setting("75000", milliseconds(), "longer than the edge keeps an idle connection (60 s)"),
  BACKEND_HEADERS_TIMEOUT_MS: setting("10000", milliseconds(), "as the edge's"),
  BACKEND_REQUEST_TIMEOUT_MS: setting("60000", milliseconds(), "as the edge's"),
  BACKEND_DRAIN_TIMEOUT_MS: setting("8000", milliseconds(), "below the 10 s after which container engines kill"),
  BACKEND_DRAIN_IDLE_MS: setting("500", integer(0, 60_000, "milliseconds"), "its one client, the edge, has left or asks again"),
  BACKEND_BODY_LIMIT_BYTES: setting("10485760", integer(1, 2 ** 30, "bytes"), "as the edge's; /echo holds a body in memory"),
  BACKEND_PAYLOAD_LIMIT_BYTES: setting("1073741824", integer(1, 2 ** 40, "bytes"), "1 GiB, streamed: enough to fill any link"),
  BACKEND_WORK_LIMIT_US: setting("1000000", integer(1, 60_000_000, "microseconds"), "1 s of CPU: /work blocks its process"),
  LOG_LEVEL: edgeSettings.LOG_LEVEL,
  SETTINGS_FILE: settingsFile,
} as const;

export type LogLevel = Values<typeof edgeSettings>["LOG_LEVEL"];

export interface EdgeConfig {
  readonly host: string;
  /** 0: the system chooses. */
  readonly port: number;
  readonly admin: { readonly host: string; readonly port: number };
  /** Null: one a CPU. */
  readonly workers: number | null;
  /** TLS session tickets are encrypted with a new key after this time. */
  readonly ticketKeyLifeMs: number;
  /** Null: plain HTTP, behind another TLS edge. */
  readonly tls: {
    readonly certFile: string;
    readonly keyFile: string;
    readonly pollMs: number;
    /** Null: clients are not asked for a certificate. */
    readonly clients: { readonly caFile: string; readonly required: boolean } | null;
  } | null;
  readonly trustedProxies: BlockList;
  readonly upstream: {
    readonly origins: readonly string[];
    readonly caFile: string | null;
    readonly healthPath: string;
    /** Connections to each origin; with the number of origins it bounds the requests in flight. */
    readonly connections: number;
    readonly requestsPerConnection: number;
    /** Requests beside those in flight, each with a connection, too. */
    readonly slowClients: number;
    readonly idleTimeoutMs: number;
    readonly connectTimeoutMs: number;
    readonly headersTimeoutMs: number;
    readonly bodyTimeoutMs: number;
    readonly ejectFailures: number;
    readonly ejectMs: number;
    readonly checkIntervalMs: number;
  };
  readonly handshakeTimeoutMs: number;
  readonly headersTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly keepAliveTimeoutMs: number;
  readonly socketTimeoutMs: number;
  readonly drainDelayMs: number;
  /** How long a drain lets idle connections be. */
  readonly drainIdleMs: number;
  readonly drainTimeoutMs: number;
  readonly bodyLimitBytes: number;
  readonly headerLimitBytes: number;
  readonly healthPath: string;
  readonly maxQueued: number;
  readonly queueTimeoutMs: number;
  /** Open at once, in each worker. */
  readonly maxWebSockets: number;
  /** Open at once, in each worker, to clients that asked for them. */
  readonly maxEventStreams: number;
  /** Share of requests that get a log line. */
  readonly logSample: number;
  readonly logLevel: LogLevel;
}

export interface BackendConfig {
  readonly host: string;
  readonly port: number;
  readonly keepAliveTimeoutMs: number;
  readonly headersTimeoutMs: number;
  readonly requestTimeoutMs: number;
  /** How long a drain lets idle connections be. */
  readonly drainIdleMs: number;
  readonly drainTimeoutMs: number;
  readonly bodyLimitBytes: number;
  readonly payloadLimitBytes: number;
  readonly workLimitUs: number;
  readonly logLevel: LogLevel;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Throws ConfigError with every problem at once. Reads no file: whether a certificate is usable is known at start. */
export function parseEdgeConfig(env: Environment): EdgeConfig {
  const { values: v, problems } = readSettings(edgeSettings, env);
  let tls: EdgeConfig["tls"] = null;
  if (v.EDGE_TLS === "on") {
    for (const name of ["EDGE_CERT_FILE", "EDGE_KEY_FILE"] as const) {
      if (v[name] === null) problems.push(`${name} is not set: expected the path of a PEM file (or EDGE_TLS=off)`);
    }
    tls = {
      certFile: v.EDGE_CERT_FILE ?? "",
      keyFile: v.EDGE_KEY_FILE ?? "",
      pollMs: v.EDGE_CERT_POLL_MS,
      clients:
        v.EDGE_CLIENT_CA_FILE === null ? null : { caFile: v.EDGE_CLIENT_CA_FILE, required: v.EDGE_CLIENT_CERT === "required" },
    };
  }
  // Otherwise the client would be cut off while it waits for the 504.
  if (v.EDGE_SOCKET_TIMEOUT_MS <= v.UPSTREAM_HEADERS_TIMEOUT_MS + v.EDGE_QUEUE_TIMEOUT_MS) {
    problems.push(
      `EDGE_SOCKET_TIMEOUT_MS=${v.EDGE_SOCKET_TIMEOUT_MS}: expected more than UPSTREAM_HEADERS_TIMEOUT_MS + EDGE_QUEUE_TIMEOUT_MS ` +
        `(${v.UPSTREAM_HEADERS_TIMEOUT_MS + v.EDGE_QUEUE_TIMEOUT_MS})`,
    );
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return {
    host: v.EDGE_HOST,
    port: v.EDGE_PORT,
    admin: { host: v.EDGE_ADMIN_HOST, port: v.EDGE_ADMIN_PORT },
    workers: v.EDGE_WORKERS,
    ticketKeyLifeMs: v.EDGE_TICKET_KEY_LIFE_MS,
    tls,
    trustedProxies: v.EDGE_TRUSTED_PROXIES,
    upstream: {
      origins: v.UPSTREAM_URL,
      caFile: v.UPSTREAM_CA_FILE,
      healthPath: v.UPSTREAM_HEALTH_PATH,
      connections: v.UPSTREAM_CONNECTIONS,
      requestsPerConnection: v.UPSTREAM_REQUESTS_PER_CONNECTION,
      slowClients: v.EDGE_MAX_SLOW_CLIENTS,
      idleTimeoutMs: v.UPSTREAM_IDLE_TIMEOUT_MS,
      connectTimeoutMs: v.UPSTREAM_CONNECT_TIMEOUT_MS,
      headersTimeoutMs: v.UPSTREAM_HEADERS_TIMEOUT_MS,
      bodyTimeoutMs: v.UPSTREAM_BODY_TIMEOUT_MS,
      ejectFailures: v.UPSTREAM_EJECT_FAILURES,
      ejectMs: v.UPSTREAM_EJECT_MS,
      checkIntervalMs: v.UPSTREAM_CHECK_INTERVAL_MS,
    },
    handshakeTimeoutMs: v.EDGE_HANDSHAKE_TIMEOUT_MS,
    headersTimeoutMs: v.EDGE_HEADERS_TIMEOUT_MS,
    requestTimeoutMs: v.EDGE_REQUEST_TIMEOUT_MS,
    keepAliveTimeoutMs: v.EDGE_KEEP_ALIVE_TIMEOUT_MS,
    socketTimeoutMs: v.EDGE_SOCKET_TIMEOUT_MS,
    drainDelayMs: v.EDGE_DRAIN_DELAY_MS,
    drainIdleMs: v.EDGE_DRAIN_IDLE_MS,
    drainTimeoutMs: v.EDGE_DRAIN_TIMEOUT_MS,
    bodyLimitBytes: v.EDGE_BODY_LIMIT_BYTES,
    headerLimitBytes: v.EDGE_HEADER_LIMIT_BYTES,
    healthPath: v.EDGE_HEALTH_PATH,
    maxQueued: v.EDGE_MAX_QUEUED,
    queueTimeoutMs: v.EDGE_QUEUE_TIMEOUT_MS,
    maxWebSockets: v.EDGE_MAX_WEBSOCKETS,
    maxEventStreams: v.EDGE_MAX_EVENT_STREAMS,
    logSample: v.EDGE_LOG_SAMPLE,
    logLevel: v.LOG_LEVEL,
  };
}

/** Throws ConfigError with every problem at once. */
export function parseBackendConfig(env: Environment): BackendConfig {
  const { values: v, problems } = readSettings(backendSettings, env);
  if (problems.length > 0) throw new ConfigError(problems);
  return {
    host: v.BACKEND_HOST,
    port: v.BACKEND_PORT,
    keepAliveTimeoutMs: v.BACKEND_KEEP_ALIVE_TIMEOUT_MS,
    headersTimeoutMs: v.BACKEND_HEADERS_TIMEOUT_MS,
    requestTimeoutMs: v.BACKEND_REQUEST_TIMEOUT_MS,
    drainIdleMs: v.BACKEND_DRAIN_IDLE_MS,
    drainTimeoutMs: v.BACKEND_DRAIN_TIMEOUT_MS,
    bodyLimitBytes: v.BACKEND_BODY_LIMIT_BYTES,
    payloadLimitBytes: v.BACKEND_PAYLOAD_LIMIT_BYTES,
    workLimitUs: v.BACKEND_WORK_LIMIT_US,
    logLevel: v.LOG_LEVEL,
  };
}
