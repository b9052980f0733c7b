import { checkFiles } from "./check-files.ts";
import { type LogLevel, parseBackendConfig, parseEdgeConfig } from "./config.ts";
import { workerCount } from "./cpu-quota.ts";
import type { Service } from "./service.ts";
import { readSettingsFile } from "./settings-file.ts";
import type { WorkersOrder } from "./workers.ts";

/** What a primary needs to know of its service's configuration; the workers read the rest themselves. */
export interface Plan {
  readonly workers: WorkersOrder;
  /** Null: the service has no admin port. */
  readonly admin: { readonly host: string; readonly port: number } | null;
  /** Name of the variable that holds the service's port. */
  readonly portSetting: string;
  readonly ticketKeyLifeMs: number;
  readonly logLevel: LogLevel;
}

/** Nobody needs a second one: what is measured is the edge. */
const backendWorkers = 1;
const noTicketsMs = 86_400_000;

/**
 * Reads configuration and the files it names. `bound` overrides all else: a port that is in use. Throws ConfigError
 * with every problem.
 */
export function planService(
  name: Service["name"],
  environment: Readonly<Record<string, string | undefined>>,
  bound: Readonly<Record<string, string>> = {},
): Plan {
  const settings = { ...readSettingsFile(environment), ...bound };
  const env = { ...environment, ...settings };
  if (name === "backend") {
    const { drainTimeoutMs, keepAliveTimeoutMs, logLevel } = parseBackendConfig(env);
    return {
      workers: { count: backendWorkers, env: settings, drainMs: drainTimeoutMs, retireMs: keepAliveTimeoutMs + drainTimeoutMs },
      admin: null,
      portSetting: "BACKEND_PORT",
      ticketKeyLifeMs: noTicketsMs,
      logLevel,
    };
  }
  const config = parseEdgeConfig(env);
  checkFiles(config);
  const { drainDelayMs, drainTimeoutMs, keepAliveTimeoutMs, admin, ticketKeyLifeMs, logLevel } = config;
  return {
    workers: {
      count: workerCount(config.workers),
      env: settings,
      drainMs: drainDelayMs + drainTimeoutMs,
      retireMs: keepAliveTimeoutMs + drainTimeoutMs,
    },
    admin,
    portSetting: "EDGE_PORT",
    ticketKeyLifeMs,
    logLevel,
  };
}
