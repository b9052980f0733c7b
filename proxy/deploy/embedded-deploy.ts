import { rmSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import writeFileAtomic from "write-file-atomic";
import type { Deployment } from "../deployment.ts";
import type { RestartTimes } from "../restart.ts";
import type { SupervisorOrder } from "../supervisor.ts";
import { version } from "../version.ts";
import { fingerprintBuild } from "./build-fingerprint.ts";
import { bundleHealth } from "./bundle-health.ts";
import { ownProcesses, stopBundle } from "./bundle-processes.ts";
import { DeployError } from "./deploy-error.ts";
import { backendService, bundlePorts, edgeService, embeddedServices, givenToEmbedded } from "./embedded-services.ts";
import { type EdgeTarget, probeEdge } from "./health-probe.ts";
import { lastLines } from "./log-file.ts";
import { checkPorts } from "./preflight.ts";
import { type CertificatePair, checkGivenCertificate, type ServedCertificate, servedCertificate } from "./served-certificate.ts";
import { readServiceSettings, type ServiceSettings, settingsText, writeServiceSettings } from "./service-settings.ts";
import { logFile, readDeployment, type StateDir } from "./state-dir.ts";
import { startSupervisor } from "./supervisor-client.ts";

/** What the user asked for; null: as it runs now, else the default. */
export interface EmbeddedWish {
  port: number | null;
  certificate: CertificatePair | null;
  prod: boolean;
}

/** What `deploy.sh` does one after the other, and what the user should know of it; one short line each. */
export type Say = (line: string, state?: "begun" | "done" | "noted") => void;

const defaultPort = 9443;
const healthWaitMs = 60_000;
const healthPollMs = 50;
/** From then on a user wonders what it is doing. */
const tellWaitMs = 5_000;
const shownLogLines = 8;
const supervisorGraceMs = 2_000;

/** From a quarter of a second, so that a crash costs little, to half a minute, so that a crash loop costs nothing. */
const timing: RestartTimes = { firstMs: 250, maxMs: 30_000, stableMs: 60_000 };

/**
 * Fills in what the wish leaves open from the deployment on record. Reads only: DeployUsageError before anything is
 * touched when it cannot be served.
 */
export function checkWish(dir: StateDir, wish: EmbeddedWish): Pick<Wanted, "port" | "certificate" | "prod"> {
  const before = readDeployment(dir)?.embedded;
  const port = wish.port ?? before?.port ?? defaultPort;
  const certificate = wish.certificate ?? before?.certificate ?? null;
  const prod = wish.prod || (before?.prod ?? false);
  checkGivenCertificate(dir, certificate, prod);
  // their environment; whether files named there can be read is for the services to say
  const files = certificate ?? { certFile: dir.certsDir, keyFile: dir.certsDir };
  embeddedServices(dir, bundlePorts(port), files, wantedSettings(dir, readDeployment(dir)));
  return { port, certificate, prod };
}

/**
 * Brings up the embedded bundle, or leaves it alone when it runs as wished. For the holder of the deployment's lock.
 * Resolves when `/health` answers through the edge; else throws a DeployError and has stopped what it started.
 */
export async function deployEmbedded(dir: StateDir, wish: EmbeddedWish, say: Say, signal: AbortSignal): Promise<Deployment> {
  const before = readDeployment(dir);
  const wanted = { ...checkWish(dir, wish), build: fingerprintBuild() };
  const ports = bundlePorts(wanted.port);
  const running = ownProcesses(dir, before);
  const settings = wantedSettings(dir, before);
  const isOther = settingsText(settings) !== settingsText(readServiceSettings(dir.settingsFile));
  const changed = (await whatChanged(before, wanted, running.length > 0)) ?? (isOther ? "other settings were given" : null);
  if (before && changed === null) {
    // renews a private certificate in time; the edge picks new files up by itself
    exportCa(dir, await servedCertificate(dir, wanted.certificate));
    say("already running, healthy");
    return before;
  }

  const oursNow = before?.embedded ? bundlePorts(before.embedded.port) : ports;
  await checkPorts(ports, new Set(running.length > 0 ? Object.values(oursNow) : []));
  const certificate = await servedCertificate(dir, wanted.certificate);
  const services = embeddedServices(dir, ports, certificate, settings);
  if (running.length > 0) {
    say(`stopping what runs: ${changed}`, "begun");
    await stopBundle(dir, before);
  }
  await checkPorts(ports, new Set());
  signal.throwIfAborted();
  writeServiceSettings(dir, settings);
  exportCa(dir, certificate);

  const { serverName, caPem } = certificate;
  const stopGraceMs = services.reduce((sum, service) => sum + service.stopGraceMs, supervisorGraceMs);
  const order: SupervisorOrder = {
    home: dir.home,
    services,
    timing,
    deployment: {
      schemaVersion: 1,
      baseUrl: `https://${serverName.includes(":") ? `[${serverName}]` : serverName}:${ports.edge}`,
      caFile: caPem === null ? null : dir.caFile,
      topology: "node",
      mode: "embedded",
      version,
      startedAt: new Date().toISOString(),
      embedded: { ...wanted, serverName, stopGraceMs },
    },
  };
  return start(dir, order, { port: ports.edge, serverName, caPem }, say, signal);
}

async function start(dir: StateDir, order: SupervisorOrder, target: EdgeTarget, say: Say, signal: AbortSignal) {
  const startedMs = performance.now();
  const supervisor = startSupervisor(dir, order);
  const settled = new AbortController();
  try {
    await Promise.race([supervisor.failed, waitUntilHealthy(dir, target, say, AbortSignal.any([signal, settled.signal]))]);
    await supervisor.keep();
    const deployment = readDeployment(dir);
    if (!deployment) throw new DeployError(`cannot read ${dir.deploymentFile}, which was just written`);
    say(`healthy through the edge after ${((performance.now() - startedMs) / 1000).toFixed(1)} s`);
    return deployment;
  } catch (error) {
    settled.abort();
    await supervisor.abandon(order.deployment.embedded.stopGraceMs);
    await stopBundle(dir, readDeployment(dir));
    throw error;
  }
}

async function waitUntilHealthy(dir: StateDir, target: EdgeTarget, say: Say, signal: AbortSignal): Promise<void> {
  const startedMs = performance.now();
  let told = false;
  for (;;) {
    const failure = await probeEdge(target, signal);
    if (!failure) return;
    if (failure.final) {
      throw new DeployError(
        `the edge runs, but ${failure.cause}; add the CA's certificate to the --cert file, or to NODE_EXTRA_CA_CERTS`,
      );
    }
    const waitedMs = performance.now() - startedMs;
    if (waitedMs > tellWaitMs && !told) {
      say(`waiting up to ${healthWaitMs / 1000} s for /health through the edge: ${failure.cause}`, "begun");
      told = true;
    }
    if (waitedMs > healthWaitMs) {
      const lines = [backendService, edgeService].flatMap((name) => lastLines(logFile(dir, name), shownLogLines));
      throw new DeployError(`/health did not answer through the edge within ${healthWaitMs / 1000} s: ${failure.cause}`, lines);
    }
    await sleep(healthPollMs, undefined, { signal });
  }
}

/** Those of this environment; what is not in it stays as it was deployed. */
function wantedSettings(dir: StateDir, before: Deployment | null): ServiceSettings {
  return { ...(before?.embedded && readServiceSettings(dir.settingsFile)), ...givenToEmbedded() };
}

/** Why what runs must be replaced; null when it need not. */
async function whatChanged(before: Deployment | null, wanted: Wanted, running: boolean): Promise<string | null> {
  const embedded = before?.embedded;
  if (!before || !embedded) return "it has no record";
  if (!running) return "nothing runs any more";
  if (embedded.port !== wanted.port) return `port ${embedded.port} becomes ${wanted.port}`;
  if (JSON.stringify(embedded.certificate) !== JSON.stringify(wanted.certificate)) return "another certificate was given";
  if (embedded.prod !== wanted.prod) return "--prod from now on";
  if (embedded.build !== wanted.build) return "the code has changed since";
  const sick = (await bundleHealth(before)).find((health) => health.problem !== null);
  return sick ? `${sick.name}: ${sick.problem}` : null;
}

type Wanted = Pick<NonNullable<Deployment["embedded"]>, "port" | "certificate" | "prod" | "build">;

/** For clients to trust; nothing where the system's CAs do, for an old file would mislead. */
export function exportCa(dir: StateDir, { caPem }: Pick<ServedCertificate, "caPem">): void {
  if (caPem === null) rmSync(dir.caFile, { force: true });
  else writeFileAtomic.sync(dir.caFile, caPem, { mode: 0o644 });
}
