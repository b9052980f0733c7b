import { readFile } from "node:fs/promises";
import type { Deployment } from "../../deployment.ts";
import { probeEdge } from "../health-probe.ts";
import type { StateDir } from "../state-dir.ts";
import { type Container, containerProblem, listContainers } from "./containers.ts";
import type { Engine } from "./engine.ts";
import { projectOf, servicesOf, topologyOf } from "./project.ts";

export interface ContainerHealth {
  name: string;
  /** Null when it is healthy, else one line that says why not. */
  problem: string | null;
  container: Container | null;
  url: string | null;
}

/** How each container is, asked of itself and, for the edge, as a client sees it. The edge first. */
export async function dockerHealth(engine: Engine, dir: StateDir, deployment: Deployment): Promise<ContainerHealth[]> {
  const containers = await listContainers(engine, projectOf(dir));
  const expected = servicesOf[topologyOf(deployment)];
  const edge = expected.at(-1);
  const all = expected.toReversed().map(async (name) => {
    const container = containers.find(({ service }) => service === name) ?? null;
    const own = container ? await containerProblem(engine, container) : "not there";
    const problem = own ?? (name === edge ? await edgeProblem(deployment) : null);
    return { name, problem, container, url: name === edge ? deployment.baseUrl : null };
  });
  return Promise.all(all);
}

/** With the CA file that was exported for clients. */
async function edgeProblem({ caFile, docker }: Deployment): Promise<string | null> {
  if (!docker) return null;
  try {
    const caPem = caFile && (await readFile(caFile, "utf8"));
    return (await probeEdge({ port: docker.port, serverName: docker.serverName, caPem }))?.cause ?? null;
  } catch {
    return `cannot read ${caFile}`;
  }
}
