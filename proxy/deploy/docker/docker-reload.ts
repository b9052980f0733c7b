import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { connect } from "node:tls";
import type { Deployment } from "../../deployment.ts";
import { DeployError } from "../deploy-error.ts";
import { exportCa, type Say } from "../embedded-deploy.ts";
import { servedCertificate } from "../served-certificate.ts";
import { givenSettings, readServiceSettings, settingsText } from "../service-settings.ts";
import { readDeployment, type StateDir } from "../state-dir.ts";
import { commandOutput, runCommand } from "./command.ts";
import { type Container, lastContainerLines, listContainers } from "./containers.ts";
import { checkDockerWish } from "./docker-deploy.ts";
import { dockerHealth } from "./docker-health.ts";
import { type Engine, findEngine } from "./engine.ts";
import { projectOf, stackFiles, topologyOf } from "./project.ts";
import { fillVolumes, readStack, writeStack } from "./stack.ts";

const reloadWaitMs = 60_000;
const pollMs = 100;
const shownLogLines = 8;

/**
 * Has the containers take up certificates as they are on disk and the settings in this environment, without a request
 * lost: new workers of each Node.js service, new workers of nginx. Code is in the image, and not reloaded. For the holder of the
 * deployment's lock. Throws DeployError; then what could not be replaced serves as before.
 */
export async function reloadDocker(dir: StateDir, say: Say, signal: AbortSignal): Promise<void> {
  const deployment = readDeployment(dir);
  const before = deployment?.docker ? readStack(dir, topologyOf(deployment)) : null;
  if (!deployment?.docker || !before) throw new DeployError("nothing is deployed that could be reloaded; ./deploy.sh deploys");
  const engine = await findEngine();
  checkDockerWish(dir, { port: null, certificate: null, prod: false, edge: null });
  const certificate = await servedCertificate(dir, deployment.docker.certificate);
  const settings = { ...readServiceSettings(stackFiles(dir).settings), ...givenSettings() };
  const stack = {
    ...before,
    settings: settingsText(settings),
    certificate: readFileSync(certificate.certFile, "utf8"),
    key: readFileSync(certificate.keyFile, "utf8"),
  };
  exportCa(dir, certificate);
  const containers = await listContainers(engine, projectOf(dir));
  await fillVolumes(engine, dir, stack);
  // Without other settings, what is no edge has nothing to take up.
  const affected = stack.settings === before.settings ? containers.slice(-1) : containers;
  try {
    // The edge's new workers then meet the new backend.
    for (const container of affected) {
      if (container.service === "nginx") await reloadNginx(engine, container, deployment, stack.certificate, signal);
      else await reloadNode(engine, container, signal);
      say(`${container.service}: new workers serve; those before end with their connections`);
    }
  } catch (error) {
    await fillVolumes(engine, dir, before);
    throw error;
  }
  writeStack(dir, stack);
  const sick = (await dockerHealth(engine, dir, deployment)).find(({ problem }) => problem !== null);
  if (sick) throw new DeployError(`${sick.name} after the reload: ${sick.problem}; see ./deploy.sh --logs`);
}

/** Resolves when the service's primary says so in its log. */
async function reloadNode(engine: Engine, container: Container, signal: AbortSignal): Promise<void> {
  const { name, service } = container;
  const since = String(Math.floor(Date.now() / 1000));
  const told = await reloadLines(engine, name, since);
  await commandOutput(`reloading ${service}`, [engine.docker, "kill", "--signal", "HUP", name]);
  for (const deadline = performance.now() + reloadWaitMs; performance.now() < deadline; ) {
    await sleep(pollMs, undefined, { signal });
    const lines = await reloadLines(engine, name, since);
    // `since` has a resolution of a second: another reload may have ended within it
    const line = lines[told.length];
    if (line?.event === "reloaded") return;
    if (line) {
      throw new DeployError(`${service} could not be reloaded, what served before goes on: ${line.problems?.join("; ") ?? ""}`);
    }
  }
  const lines = await lastContainerLines(engine, container, shownLogLines);
  throw new DeployError(`${service} did not reload within ${reloadWaitMs / 1000} s`, lines);
}

async function reloadLines(engine: Engine, name: string, since: string): Promise<{ event: string; problems?: string[] }[]> {
  const { stdout } = await runCommand([engine.docker, "logs", "--since", since, name]);
  return stdout
    .split("\n")
    .filter((line) => /^\{"event":"reload(ed|-failed)"/.test(line))
    .map((line) => JSON.parse(line));
}

/** nginx keeps its old workers when it cannot use the new files, and says so in its log only: so it is asked before. */
async function reloadNginx(
  engine: Engine,
  container: Container,
  deployment: Deployment,
  pem: string,
  signal: AbortSignal,
): Promise<void> {
  const { name } = container;
  const { code, stderr } = await runCommand([engine.docker, "exec", name, "nginx", "-e", "stderr", "-t", "-q"]);
  if (code !== 0) {
    throw new DeployError("nginx refuses what it finds, what served before goes on", stderr.split("\n").filter(Boolean));
  }
  const generation = await workersOf(engine, name);
  await commandOutput("reloading nginx", [engine.docker, "kill", "--signal", "HUP", name]);
  const wanted = new X509Certificate(pem).fingerprint256;
  for (const deadline = performance.now() + reloadWaitMs; performance.now() < deadline; ) {
    await sleep(pollMs, undefined, { signal });
    const fresh = (await workersOf(engine, name)).some((pid) => !generation.includes(pid));
    if (fresh && (await servedFingerprint(deployment)) === wanted) return;
  }
  const lines = await lastContainerLines(engine, container, shownLogLines);
  throw new DeployError(`nginx did not reload within ${reloadWaitMs / 1000} s`, lines);
}

/** Pids as the engine sees them; the image has no ps. */
async function workersOf(engine: Engine, name: string): Promise<string[]> {
  const { stdout } = await runCommand([engine.docker, "top", name, "-o", "pid,args"]);
  return stdout
    .split("\n")
    .filter((line) => /nginx: worker process$/.test(line))
    .map((line) => line.trim().split(/\s+/)[0] ?? "");
}

/** Of the certificate that a new client gets; whether it trusts that is not asked here. */
function servedFingerprint({ docker }: Deployment): Promise<string | null> {
  return new Promise((resolve) => {
    const socket = connect({ host: "localhost", port: docker?.port ?? 0, rejectUnauthorized: false, timeout: 3_000 }, () => {
      resolve(socket.getPeerX509Certificate()?.fingerprint256 ?? null);
      socket.destroy();
    });
    socket.on("error", () => resolve(null));
    socket.on("timeout", () => socket.destroy(new Error("no handshake")));
  });
}
