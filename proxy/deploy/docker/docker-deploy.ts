import { readFileSync } from "node:fs";
import { parseBackendConfig, parseEdgeConfig } from "../../config.ts";
import type { Deployment } from "../../deployment.ts";
import { notFollowedByNginx } from "../../nginx-settings.ts";
import { ConfigError } from "../../setting.ts";
import { version } from "../../version.ts";
import { ownProcesses, stopBundle } from "../bundle-processes.ts";
import { DeployError, DeployUsageError } from "../deploy-error.ts";
import { type EmbeddedWish, exportCa, type Say } from "../embedded-deploy.ts";
import type { EdgeTarget } from "../health-probe.ts";
import { checkEdgePort } from "../preflight.ts";
import { type CertificatePair, checkGivenCertificate, type ServedCertificate, servedCertificate } from "../served-certificate.ts";
import { givenSettings, readServiceSettings, type ServiceSettings, settingsText } from "../service-settings.ts";
import { forgetDeployment, readDeployment, type StateDir, writeDeployment } from "../state-dir.ts";
import { backUp } from "./backup.ts";
import { containerUpstream } from "./container-settings.ts";
import { type Container, listContainers, removeContainers, removeRest } from "./containers.ts";
import { dockerHealth } from "./docker-health.ts";
import { type Engine, findEngine } from "./engine.ts";
import { ensureImages, ownImages, removeImages } from "./images.ts";
import { type ContainerLimits, type ContainerService, givenLimits, resolveLimits } from "./limits.ts";
import { readOpenFilesLimit } from "./open-files.ts";
import { composeEnv, type Images, projectOf, servicesOf, stackFiles, type Topology, topologies, topologyOf } from "./project.ts";
import { bringUp, readStack, type Stack } from "./stack.ts";

/** What the user asked for; null: as it runs now, else the default. */
export interface DockerWish extends EmbeddedWish {
  edge: string | null;
}

type DockerRecord = NonNullable<Deployment["docker"]>;

interface Wanted {
  port: number;
  certificate: CertificatePair | null;
  prod: boolean;
  topology: Topology;
  /** As given, not as clamped to this host. */
  limits: Record<string, string>;
  settings: ServiceSettings;
}

const defaultPort = 9443;

/**
 * Fills in what the wish leaves open from the deployment on record. Reads only: DeployUsageError before anything is
 * touched when it cannot be served.
 */
export function checkDockerWish(dir: StateDir, wish: DockerWish): Wanted {
  const record = readDeployment(dir);
  const before = record?.docker ?? record?.embedded;
  const topology = parseTopology(wish.edge) ?? (record?.docker ? topologyOf(record) : "node");
  const certificate = wish.certificate ?? before?.certificate ?? null;
  const prod = wish.prod || (before?.prod ?? false);
  checkGivenCertificate(dir, certificate, prod);
  const settings = { ...(record?.docker && readServiceSettings(stackFiles(dir).settings)), ...givenSettings() };
  checkSettings(settings, topology);
  const limits = { ...record?.docker?.limits, ...givenLimits(process.env) };
  // what the host has is known later; what cannot be read is known now
  resolveLimits(limits, { cpus: Number.POSITIVE_INFINITY, memoryBytes: Number.POSITIVE_INFINITY }, servicesOf[topology]);
  return { port: wish.port ?? before?.port ?? defaultPort, certificate, prod, topology, limits, settings };
}

function parseTopology(edge: string | null): Topology | null {
  if (edge === null) return null;
  const topology = topologies.find((name) => name === edge);
  if (topology) return topology;
  throw new DeployUsageError(`--edge ${edge}: give one of ${topologies.join(", ")}`);
}

function checkSettings(settings: ServiceSettings, topology: Topology): void {
  try {
    parseBackendConfig(settings);
    parseEdgeConfig({ ...settings, ...containerUpstream(topology) });
  } catch (error) {
    if (error instanceof ConfigError) throw new DeployUsageError(`environment: ${error.problems.join("; ")}`);
    throw error;
  }
}

/**
 * Brings up the bundle in containers, or leaves it alone when it runs as wished. What ran before is backed up, and brought
 * up again when its successor does not become healthy. For the holder of the deployment's lock.
 */
export async function deployDocker(dir: StateDir, wish: DockerWish, say: Say, signal: AbortSignal): Promise<Deployment> {
  const before = readDeployment(dir);
  const wanted = checkDockerWish(dir, wish);
  const { topology, port } = wanted;
  const engine = await findEngine();
  const services = servicesOf[topology];
  const { limits, notes } = resolveLimits(wanted.limits, engine, services);
  const running = await listContainers(engine, projectOf(dir));
  const embedded = before?.embedded && ownProcesses(dir, before).length > 0 ? before.embedded : null;
  const edgeBefore = before?.docker?.port === port ? servicesOf[topologyOf(before)].at(-1) : null;
  const oursNow = running.some((container) => container.running && container.service === edgeBefore);
  if (!oursNow && embedded?.port !== port) await checkEdgePort(port);
  const images = await ensureImages(engine, services.includes("nginx"), say, signal);
  const openFiles = await readOpenFilesLimit(engine, images.proxy);
  for (const note of [...notes, ...openFiles.notes]) say(note, "noted");
  if (topology !== "node") for (const note of notFollowedByNginx(wanted.settings)) say(note, "noted");

  const certificate = await servedCertificate(dir, wanted.certificate);
  const stack: Stack = {
    topology,
    composeEnv: composeEnv(images, port, openFiles.count, limits),
    settings: settingsText(wanted.settings),
    certificate: readFileSync(certificate.certFile, "utf8"),
    key: readFileSync(certificate.keyFile, "utf8"),
  };
  const previous = before?.docker ? readStack(dir, topologyOf(before)) : null;
  const changed = await whatChanged(engine, dir, before, running, stack, previous);
  if (before && changed === null) {
    exportCa(dir, certificate);
    say("already running, healthy");
    return before;
  }
  signal.throwIfAborted();

  if (embedded) {
    say("stopping what runs: in containers from now on", "begun");
    await stopBundle(dir, before);
  }
  if (running.length > 0) say(`replacing what runs: ${changed}`, "begun");
  const backup = before?.docker ? backUp(dir, new Date()) : null;
  if (backup) say(`backed up to ${backup}`);
  const caBefore = before?.caFile ? readFileSync(dir.caFile, "utf8") : null;
  exportCa(dir, certificate);
  const target = { port, serverName: certificate.serverName, caPem: certificate.caPem };
  try {
    await bringUp(engine, dir, stack, target, say, signal);
  } catch (error) {
    if (before?.docker && previous) await rollBack(engine, dir, { before, stack: previous, caPem: caBefore }, say, error);
    else await takeDown(engine, dir);
    throw error;
  }
  const deployment = await describe(engine, dir, wanted, certificate, images, limits);
  writeDeployment(dir, deployment);
  await removeOldImages(engine, images, previous);
  return deployment;
}

/** Why what runs must be replaced; null when it need not. */
async function whatChanged(
  engine: Engine,
  dir: StateDir,
  before: Deployment | null,
  running: readonly Container[],
  stack: Stack,
  previous: Stack | null,
): Promise<string | null> {
  if (!before?.docker || !previous) return "it has no record";
  if (!running.some((container) => container.running)) return "nothing runs any more";
  if (previous.topology !== stack.topology) return `--edge ${previous.topology} becomes ${stack.topology}`;
  const differing = Object.keys(stack.composeEnv).find((name) => stack.composeEnv[name] !== previous.composeEnv[name]);
  if (differing === "PLIMSOLL_PORT") return `port ${before.docker.port} becomes ${stack.composeEnv.PLIMSOLL_PORT}`;
  if (differing?.endsWith("_IMAGE")) return "the code has changed since";
  if (differing) return `${differing} becomes ${stack.composeEnv[differing]}`;
  if (previous.settings !== stack.settings) return "other settings were given";
  if (previous.certificate !== stack.certificate || previous.key !== stack.key) return "another certificate was given";
  const sick = (await dockerHealth(engine, dir, before)).find(({ problem }) => problem !== null);
  return sick ? `${sick.name}: ${sick.problem}` : null;
}

/** Throws the failure that led here, with how the way back went. */
async function rollBack(
  engine: Engine,
  dir: StateDir,
  { before, stack, caPem }: { before: Deployment; stack: Stack; caPem: string | null },
  say: Say,
  failure: unknown,
): Promise<never> {
  const { message, logLines } = failure instanceof DeployError ? failure : new DeployError(String(failure));
  say(`the new one is not healthy (${message}): going back to the one before`, "begun");
  const { docker } = before;
  exportCa(dir, { caPem });
  const target: EdgeTarget = { port: docker?.port ?? 0, serverName: docker?.serverName ?? "localhost", caPem };
  try {
    // not to be interrupted: half a way back is worse than either end
    await bringUp(engine, dir, stack, target, say, new AbortController().signal);
  } catch (second) {
    const cause = second instanceof Error ? second.message : String(second);
    throw new DeployError(`${message}; nor did the one before become healthy again: ${cause}`, logLines);
  }
  throw new DeployError(`${message}; the deployment before runs again`, logLines);
}

async function takeDown(engine: Engine, dir: StateDir): Promise<void> {
  await removeContainers(engine, await listContainers(engine, projectOf(dir)));
  await removeRest(engine, projectOf(dir), false);
  forgetDeployment(dir);
}

async function describe(
  engine: Engine,
  dir: StateDir,
  wanted: Wanted,
  { serverName, caPem }: ServedCertificate,
  images: Images,
  limits: Partial<Record<ContainerService, ContainerLimits>>,
): Promise<Deployment> {
  const { port, certificate, prod, topology } = wanted;
  const docker: DockerRecord = { project: projectOf(dir), port, certificate, prod, serverName, limits: wanted.limits, images };
  const containers = await listContainers(engine, projectOf(dir));
  return {
    schemaVersion: 1,
    baseUrl: `https://${serverName.includes(":") ? `[${serverName}]` : serverName}:${port}`,
    caFile: caPem === null ? null : dir.caFile,
    topology,
    mode: "docker",
    version,
    startedAt: new Date().toISOString(),
    supervisorPid: null,
    docker,
    services: containers.map(({ service, name, restarts }) => ({
      name: service,
      pid: null,
      container: name,
      restarts,
      limits: { cpus: limits[service]?.cpus ?? null, memoryBytes: limits[service]?.memoryBytes ?? null, enforced: true },
    })),
  };
}

/** All but those of this version and of the one before, to which one may want to go back. */
async function removeOldImages(engine: Engine, images: Images, previous: Stack | null): Promise<void> {
  const kept = [...Object.values(images), ...Object.values(previous?.composeEnv ?? {})];
  const unused = (await ownImages(engine)).filter((image) => !kept.includes(image));
  await removeImages(engine, unused);
}

/** For `--down`: containers and networks; with `removeAll` volumes and images too. True when there was anything. */
export async function stopDocker(dir: StateDir, removeAll: boolean): Promise<boolean> {
  const engine = await findEngine();
  const containers = await listContainers(engine, projectOf(dir));
  await removeContainers(engine, containers);
  await removeRest(engine, projectOf(dir), removeAll);
  // an image that another deployment uses as well stays, for the engine refuses
  if (removeAll) await removeImages(engine, await ownImages(engine));
  return containers.length > 0;
}
