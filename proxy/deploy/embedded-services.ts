import { fileURLToPath } from "node:url";
import { parseBackendConfig, parseEdgeConfig } from "../config.ts";
import { workerCount } from "../cpu-quota.ts";
import { flatHeapFlags } from "../heap-flags.ts";
import { ConfigError } from "../setting.ts";
import { DeployUsageError } from "./deploy-error.ts";
import type { CertificatePair } from "./served-certificate.ts";
import { givenSettings, type ServiceSettings, takenEmbedded } from "./service-settings.ts";
import { logFile, type StateDir } from "./state-dir.ts";
import type { ServiceOrder } from "./supervised-service.ts";

export const edgeService = "proxy";
export const backendService = "backend";

/** The embedded bundle takes three neighbouring ports. */
export interface BundlePorts {
  edge: number;
  backend: number;
  admin: number;
}

export function bundlePorts(edge: number): BundlePorts {
  return { edge, backend: edge + 1, admin: edge + 2 };
}

const main = fileURLToPath(new URL("../main.js", import.meta.url));
/** For a service to end by itself once its drain deadline is over. */
const afterDrainMs = 2_000;

/**
 * Workers of an edge that shares its machine with the backend: all CPUs but one. On two, a second worker took from the
 * backend and the generator what it had: a fifth to a half fewer requests a second, twice the p99, 130 MiB more.
 */
function embeddedWorkers(): number {
  return Math.max(1, workerCount(null) - 1);
}

export const givenToEmbedded = (): ServiceSettings => givenSettings(takenEmbedded);

/**
 * What the supervisor starts, in this order, with `settings` over the environment. Both are checked here:
 * DeployUsageError with every problem, before anything runs.
 */
export function embeddedServices(
  dir: StateDir,
  ports: BundlePorts,
  pair: CertificatePair,
  settings: ServiceSettings,
): ServiceOrder[] {
  const { settingsFile } = dir;
  const backendEnv = { BACKEND_HOST: "127.0.0.1", BACKEND_PORT: String(ports.backend), SETTINGS_FILE: settingsFile };
  const edgeEnv = {
    EDGE_HOST: "::",
    EDGE_PORT: String(ports.edge),
    EDGE_ADMIN_HOST: "127.0.0.1",
    EDGE_ADMIN_PORT: String(ports.admin),
    EDGE_TLS: "on",
    EDGE_CERT_FILE: pair.certFile,
    EDGE_KEY_FILE: pair.keyFile,
    UPSTREAM_URL: `http://127.0.0.1:${ports.backend}`,
    EDGE_WORKERS: String(embeddedWorkers()),
    SETTINGS_FILE: settingsFile,
  };
  const backend = checked(() => parseBackendConfig({ ...process.env, ...backendEnv, ...settings }));
  const edge = checked(() => parseEdgeConfig({ ...process.env, ...edgeEnv, ...settings }));
  return [
    {
      name: backendService,
      args: [...flatHeapFlags, main, "backend"],
      env: backendEnv,
      logFile: logFile(dir, backendService),
      metricsUrl: null,
      stopGraceMs: backend.drainTimeoutMs + afterDrainMs,
    },
    {
      name: edgeService,
      args: [...flatHeapFlags, main, "edge"],
      env: edgeEnv,
      logFile: logFile(dir, edgeService),
      metricsUrl: `http://127.0.0.1:${ports.admin}/metrics`,
      stopGraceMs: edge.drainDelayMs + edge.drainTimeoutMs + afterDrainMs,
    },
  ];
}

function checked<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (error instanceof ConfigError) throw new DeployUsageError(`environment: ${error.problems.join("; ")}`);
    throw error;
  }
}
