import { setTimeout as sleep } from "node:timers/promises";
import type { Deployment } from "../deployment.ts";
import { fingerprintBuild } from "./build-fingerprint.ts";
import { bundleHealth } from "./bundle-health.ts";
import { supervisorOf } from "./bundle-processes.ts";
import { DeployError } from "./deploy-error.ts";
import { exportCa, type Say } from "./embedded-deploy.ts";
import { backendService, bundlePorts, edgeService, embeddedServices, givenToEmbedded } from "./embedded-services.ts";
import { lastLines, logSize, readSince } from "./log-file.ts";
import { isAlive } from "./process-table.ts";
import { servedCertificate } from "./served-certificate.ts";
import { readServiceSettings, type ServiceSettings, writeServiceSettings } from "./service-settings.ts";
import { logFile, readDeployment, type StateDir, writeDeployment } from "./state-dir.ts";

const reloadWaitMs = 60_000;
const pollMs = 50;
const shownLogLines = 8;

/**
 * Replaces the workers that serve by new ones, without a request lost: with the code as it is built now, certificates as
 * they are on disk, and the settings in this environment; those that are not in it stay. The backend's workers only where
 * its code or settings may have changed. For the holder of the deployment's lock. Throws DeployError; then what could not
 * be replaced serves as before.
 */
export async function reloadEmbedded(dir: StateDir, say: Say, signal: AbortSignal): Promise<void> {
  const deployment = readDeployment(dir);
  const supervisor = supervisorOf(deployment);
  if (!deployment?.embedded || supervisor === null || !isAlive(supervisor)) {
    throw new DeployError("nothing is deployed that could be reloaded; ./deploy.sh deploys");
  }
  const { embedded } = deployment;
  const certificate = await servedCertificate(dir, embedded.certificate);
  const before = readServiceSettings(dir.settingsFile);
  const settings = { ...before, ...givenToEmbedded() };
  embeddedServices(dir, bundlePorts(embedded.port), certificate, settings);
  exportCa(dir, certificate);
  const build = fingerprintBuild();

  writeServiceSettings(dir, settings);
  try {
    const backendToo = build !== embedded.build || backendSettingsOf(settings) !== backendSettingsOf(before);
    // The edge's new workers then meet the new backend.
    for (const name of backendToo ? [backendService, edgeService] : [edgeService]) {
      await reloadService(dir, deployment, name, signal);
      say(`${name}: new workers serve; those before end with their connections`);
    }
  } catch (error) {
    writeServiceSettings(dir, before);
    throw error;
  }
  // The supervisor keeps the record, and adopts the build from what it finds there.
  writeDeployment(dir, { ...(readDeployment(dir) ?? deployment), embedded: { ...embedded, build } });
  process.kill(supervisor.pid, "SIGHUP");
  const sick = (await bundleHealth(deployment)).find(({ problem }) => problem !== null);
  if (sick) throw new DeployError(`${sick.name} after the reload: ${sick.problem}; see ./deploy.sh --logs`);
}

/** Resolves when the service's primary says so in its log. */
async function reloadService(dir: StateDir, deployment: Deployment, name: string, signal: AbortSignal): Promise<void> {
  const { pid, processStart } = deployment.services.find((service) => service.name === name) ?? {};
  const log = logFile(dir, name);
  const down = () => new DeployError(`${name} is not running; ./deploy.sh deploys`, lastLines(log, shownLogLines));
  if (!pid || !processStart || !isAlive({ pid, start: processStart })) throw down();
  let from = logSize(log);
  let rest = "";
  process.kill(pid, "SIGHUP");
  for (const deadline = performance.now() + reloadWaitMs; performance.now() < deadline; ) {
    await sleep(pollMs, undefined, { signal });
    const { text, next } = readSince(log, from);
    from = next;
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      if (line.startsWith('{"event":"reloaded"')) return;
      if (line.startsWith('{"event":"reload-failed"')) {
        throw new DeployError(`${name} could not be reloaded, what served before goes on: ${problemsIn(line)}`);
      }
    }
    if (!isAlive({ pid, start: processStart })) throw down();
  }
  throw new DeployError(`${name} did not reload within ${reloadWaitMs / 1000} s`, lastLines(log, shownLogLines));
}

function problemsIn(line: string): string {
  const { problems } = JSON.parse(line) as { problems?: string[] };
  return problems?.join("; ") ?? line;
}

/** LOG_LEVEL is both services'. */
function backendSettingsOf(settings: ServiceSettings): string {
  const own = Object.entries(settings).filter(([name]) => name.startsWith("BACKEND_") || name === "LOG_LEVEL");
  return JSON.stringify(own.sort());
}
