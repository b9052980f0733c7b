import { access } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import type { Deployment } from "@plimsoll/proxy/deployment";
import { isAlive } from "@plimsoll/proxy/process-table";
import { UsageError } from "../profile/usage-error.ts";
import { ContainerSource } from "./container.ts";
import { DeploymentFile } from "./deployment-file.ts";
import { type ContainerState, Engine } from "./engine.ts";
import { HeapProbe } from "./heap.ts";
import { ProcessSource } from "./process.ts";
import type { SampledService } from "./source.ts";

export interface DiscoveredDeployment {
  /** Absolute path of its description. */
  file: string;
  baseUrl: string;
  /** Absolute; null where a public CA signs. */
  caFile: string | null;
  topology: Deployment["topology"];
  mode: Deployment["mode"];
  services: SampledService[];
}

const wellKnown = join(".plimsoll", "deployment.json");

/**
 * The deployment that `file` (`--deployment`) describes, or the nearest `.plimsoll/deployment.json` from `cwd` upwards.
 * Null when none was named and none is there.
 *
 * @throws UsageError when it is unreadable, does not run, or runs where its resources cannot be read.
 */
export async function discoverDeployment(options: {
  cwd: string;
  file?: string;
  engine?: () => Engine;
}): Promise<DiscoveredDeployment | null> {
  const file = options.file === undefined ? await findUpwards(options.cwd) : resolve(options.cwd, options.file);
  if (file === null) return null;
  const opened = await DeploymentFile.open(file);
  const deployment = await opened.current();
  if (deployment === null) throw new UsageError(`the deployment ${file} has just been taken down: run ./deploy.sh`);
  const { baseUrl, caFile, topology, mode } = deployment;
  const containers = await inspectAll(file, deployment, options.engine ?? (() => new Engine()));
  refuseStopped(file, deployment, containers);
  return {
    file,
    baseUrl,
    caFile: caFile === null ? null : resolve(dirname(file), caFile),
    topology,
    mode,
    services: deployment.services.map(({ name, limits, restarts, container, metricsUrl }) => {
      if (container === null) {
        const heap = metricsUrl ? new HeapProbe(metricsUrl) : null;
        return { name, limits, source: new ProcessSource(opened.locate(name), restarts, heap) };
      }
      const { engine, states } = containers;
      const state = states.get(container) ?? null;
      // what the engine enforces is what counts, whatever was declared
      return { name, limits: state?.limits ?? limits, source: new ContainerSource(engine(), container, state) };
    }),
  };
}

interface Containers {
  engine: () => Engine;
  /** By name; null where there is none of that name. */
  states: Map<string, ContainerState | null>;
}

async function inspectAll(file: string, { services }: Deployment, connect: () => Engine): Promise<Containers> {
  const names = services.flatMap(({ container }) => container ?? []);
  const states: Containers["states"] = new Map();
  if (names.length === 0) return { engine: connect, states };
  try {
    const engine = connect();
    for (const name of names) states.set(name, await engine.inspect(name));
    return { engine: () => engine, states };
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    throw new UsageError(`the deployment ${file} runs in containers: ${error.message}`);
  }
}

function refuseStopped(file: string, { services }: Deployment, { states }: Containers): void {
  const runs = services.some(({ pid, processStart, container }) => {
    if (container !== null) return states.get(container)?.running === true;
    return pid !== null && (processStart ? isAlive({ pid, start: processStart }) : true);
  });
  if (runs) return;
  const [none, remedy] =
    states.size > 0
      ? ["none of its containers runs", "run ./deploy.sh --docker"]
      : ["none of its processes lives", "run ./deploy.sh"];
  throw new UsageError(`the deployment ${file} does not run (${none}): ${remedy}, or give --base-url`);
}

async function findUpwards(cwd: string): Promise<string | null> {
  for (let dir = resolve(cwd); ; dir = dirname(dir)) {
    const file = join(dir, wellKnown);
    const found = await access(file).then(
      () => true,
      // there but not to be read is an error that opening it will tell
      (error: NodeJS.ErrnoException) => error.code !== "ENOENT" && error.code !== "ENOTDIR",
    );
    if (found) return file;
    if (dir === dirname(dir)) return null;
  }
}
