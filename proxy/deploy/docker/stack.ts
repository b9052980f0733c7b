import { chmodSync, mkdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import writeFileAtomic from "write-file-atomic";
import { DeployError } from "../deploy-error.ts";
import type { Say } from "../embedded-deploy.ts";
import { type EdgeTarget, probeEdge } from "../health-probe.ts";
import type { StateDir } from "../state-dir.ts";
import { commandOutput } from "./command.ts";
import { type Container, containerProblem, lastContainerLines, listContainers } from "./containers.ts";
import type { Engine } from "./engine.ts";
import type { ContainerService } from "./limits.ts";
import { composeCommand, projectOf, servicesOf, stackFiles, type Topology } from "./project.ts";
import { fillVolume, nginxUser, nodeUser } from "./volumes.ts";

/** All that makes the containers what they are. Written to disk as it is brought up, so that it can be brought up again. */
export interface Stack {
  topology: Topology;
  composeEnv: Readonly<Record<string, string>>;
  /** Dotenv, as the services read it. */
  settings: string;
  certificate: string;
  key: string;
}

const healthWaitMs = 60_000;
const healthPollMs = 200;
/** From then on a user wonders what it is doing. */
const tellWaitMs = 10_000;
const shownLogLines = 8;
/** Starts in a row that failed: a third would not go better. */
const hopelessRestarts = 2;

export function writeStack(dir: StateDir, stack: Stack): void {
  const files = stackFiles(dir);
  mkdirSync(files.home, { recursive: true, mode: 0o700 });
  chmodSync(files.home, 0o700);
  const write = (file: string, text: string) => writeFileAtomic.sync(file, text, { mode: 0o600 });
  write(
    files.composeEnv,
    Object.entries(stack.composeEnv)
      .map(([name, value]) => `${name}=${value}\n`)
      .join(""),
  );
  write(files.settings, stack.settings);
  write(files.certificate, stack.certificate);
  write(files.key, stack.key);
}

/** Null when it is not whole. */
export function readStack(dir: StateDir, topology: Topology): Stack | null {
  const files = stackFiles(dir);
  try {
    const [env = "", settings = "", certificate = "", key = ""] = [
      files.composeEnv,
      files.settings,
      files.certificate,
      files.key,
    ].map((file) => readFileSync(file, "utf8"));
    const composeEnv = Object.fromEntries(
      env
        .split("\n")
        .filter(Boolean)
        .map((line) => line.split(/=(.*)/s, 2) as [string, string]),
    );
    return { topology, composeEnv, settings, certificate, key };
  } catch {
    return null;
  }
}

/** What the stack's files say, where the containers read it. */
export async function fillVolumes(engine: Engine, dir: StateDir, stack: Stack): Promise<void> {
  const { topology, composeEnv, settings, certificate, key } = stack;
  const image = composeEnv.PLIMSOLL_PROXY_IMAGE ?? "";
  const edgeUser = topology === "node" ? nodeUser : nginxUser;
  const fill = fillVolume.bind(null, engine, projectOf(dir));
  await fill("settings", image, nodeUser, [{ name: "settings.env", text: settings }]);
  await fill("certs", image, edgeUser, [
    { name: "server-key.pem", text: key },
    { name: "server.pem", text: certificate },
  ]);
}

/**
 * Makes containers anew and starts each once those that it needs are healthy; resolves
 * when `/health` answers through the edge. Compose would wait for its own health checks, of which the first comes after
 * 30 s. DeployError when one is not healthy 60 s after its start, or ends again and again; what was started is left as it is.
 */
export async function bringUp(
  engine: Engine,
  dir: StateDir,
  stack: Stack,
  target: EdgeTarget,
  say: Say,
  signal: AbortSignal,
): Promise<void> {
  writeStack(dir, stack);
  await fillVolumes(engine, dir, stack);
  const create = composeCommand(engine, dir, stack.topology, [
    ...["up", "--no-start", "--no-build", "--remove-orphans"],
    // settings and certificates are in volumes: Compose sees no difference, and would leave what serves the old ones
    "--force-recreate",
  ]);
  await commandOutput("making the containers", create, { env: stack.composeEnv, signal });
  const wait = new HealthWait(engine, dir, stack, say, signal);
  for (const service of servicesOf[stack.topology]) await wait.start(service);
  await wait.edge(target);
}

class HealthWait {
  readonly #startedMs = performance.now();
  /** When the service that is waited for was started. */
  #sinceMs = 0;
  #told = false;
  readonly #engine: Engine;
  readonly #dir: StateDir;
  readonly #stack: Stack;
  readonly #project: string;
  readonly #say: Say;
  readonly #signal: AbortSignal;

  constructor(engine: Engine, dir: StateDir, stack: Stack, say: Say, signal: AbortSignal) {
    this.#engine = engine;
    this.#dir = dir;
    this.#stack = stack;
    this.#project = projectOf(dir);
    this.#say = say;
    this.#signal = signal;
  }

  async start(service: ContainerService): Promise<void> {
    // not `docker start`: docker-compose 1.29 joins a container to its further networks no sooner than here
    const up = composeCommand(this.#engine, this.#dir, this.#stack.topology, ["up", "-d", "--no-build", "--no-deps", service]);
    await commandOutput(`starting ${service}`, up, { env: this.#stack.composeEnv, signal: this.#signal });
    this.#sinceMs = performance.now();
    for (;;) {
      const container = await this.#find(service);
      const problem = await containerProblem(this.#engine, container);
      if (problem === null) return;
      if (container.restarts >= hopelessRestarts) throw await this.#failure(`${service} ends again and again: ${problem}`);
      await this.#pause(`${service}: ${problem}`);
    }
  }

  async edge(target: EdgeTarget): Promise<void> {
    for (;;) {
      const failure = await probeEdge(target, this.#signal);
      if (!failure) break;
      if (failure.final) {
        throw new DeployError(
          `the edge runs, but ${failure.cause}; add the CA's certificate to the --cert file, or to NODE_EXTRA_CA_CERTS`,
        );
      }
      await this.#pause(`/health through the edge: ${failure.cause}`);
    }
    this.#say(`healthy through the edge after ${((performance.now() - this.#startedMs) / 1000).toFixed(1)} s`);
  }

  async #find(service: ContainerService): Promise<Container> {
    const found = (await listContainers(this.#engine, this.#project)).find((container) => container.service === service);
    if (!found) throw new DeployError(`the container of ${service} is gone: somebody removed it meanwhile; deploy again`);
    return found;
  }

  async #pause(waitingFor: string): Promise<void> {
    const waitedMs = performance.now() - this.#sinceMs;
    if (waitedMs > tellWaitMs && !this.#told) {
      this.#say(`waiting up to ${healthWaitMs / 1000} s; ${waitingFor}`, "begun");
      this.#told = true;
    }
    if (waitedMs > healthWaitMs) throw await this.#failure(`not healthy within ${healthWaitMs / 1000} s; ${waitingFor}`);
    await sleep(healthPollMs, undefined, { signal: this.#signal });
  }

  async #failure(message: string): Promise<DeployError> {
    const containers = await listContainers(this.#engine, this.#project);
    const lines = await Promise.all(containers.map((container) => lastContainerLines(this.#engine, container, shownLogLines)));
    return new DeployError(message, lines.flat());
  }
}
