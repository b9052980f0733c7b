import { checkFiles } from "./check-files.ts";
import { type BackendConfig, type EdgeConfig, type LogLevel, parseBackendConfig, parseEdgeConfig } from "./config.ts";
import { workerCount } from "./cpu-quota.ts";
import type { ListenAddress } from "./service.ts";
import { readSettingsFile } from "./settings-file.ts";

/** What the primary must know of a service's configuration; a worker tells it. Crosses a process boundary: plain data. */
export interface Plan {
  readonly listen: ListenAddress;
  /** Of workers. */
  readonly count: number;
  /** A drain goes on taking connections for so long. */
  readonly drainDelayMs: number;
  /** The longest that a drain may take; who takes longer is killed. */
  readonly drainMs: number;
  /** As `drainMs`, for a worker that was replaced. */
  readonly retireMs: number;
  /** Null: the service has no admin port. */
  readonly admin: { readonly host: string; readonly port: number } | null;
  readonly ticketKeyLifeMs: number;
  readonly logLevel: LogLevel;
}

/** Nobody needs a second one: what is measured is the edge. */
const backendWorkers = 1;
const noTicketsMs = 86_400_000;

type Environment = Readonly<Record<string, string | undefined>>;

/** Reads configuration and looks at the files it names. Throws ConfigError with every problem. */
export function planEdge(env: Environment): { config: EdgeConfig; plan: Plan } {
  const config = parseEdgeConfig({ ...env, ...readSettingsFile(env) });
  checkFiles(config);
  const { drainDelayMs, drainTimeoutMs, keepAliveTimeoutMs, admin, ticketKeyLifeMs, logLevel } = config;
  const plan: Plan = {
    listen: { host: config.host, port: config.port, setting: "EDGE_PORT" },
    count: workerCount(config.workers),
    drainDelayMs,
    drainMs: drainDelayMs + drainTimeoutMs,
    retireMs: keepAliveTimeoutMs + drainTimeoutMs,
    admin,
    ticketKeyLifeMs,
    logLevel,
  };
  return { config, plan };
}

/** As `planEdge`. */
export function planBackend(env: Environment): { config: BackendConfig; plan: Plan } {
  const config = parseBackendConfig({ ...env, ...readSettingsFile(env) });
  const { drainTimeoutMs, keepAliveTimeoutMs, logLevel } = config;
  const plan: Plan = {
    listen: { host: config.host, port: config.port, setting: "BACKEND_PORT" },
    count: backendWorkers,
    drainDelayMs: 0,
    drainMs: drainTimeoutMs,
    retireMs: keepAliveTimeoutMs + drainTimeoutMs,
    admin: null,
    ticketKeyLifeMs: noTicketsMs,
    logLevel,
  };
  return { config, plan };
}
