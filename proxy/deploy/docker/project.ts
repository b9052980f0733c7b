import { createHash } from "node:crypto";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Deployment } from "../../deployment.ts";
import type { StateDir } from "../state-dir.ts";
import type { Engine } from "./engine.ts";
import { type ContainerLimits, type ContainerService, limitVariable } from "./limits.ts";

/** From dist/deploy/docker. */
export const repository = fileURLToPath(new URL("../../../../", import.meta.url));

export type Topology = "node" | "nginx" | "chain";
export const topologies: readonly Topology[] = ["node", "nginx", "chain"];

/** In the order in which they start; the last one is the edge. */
export const servicesOf: Readonly<Record<Topology, readonly ContainerService[]>> = {
  node: ["backend", "proxy"],
  nginx: ["backend", "nginx"],
  chain: ["backend", "proxy", "nginx"],
};

const composeFiles: Readonly<Record<Topology, string>> = {
  node: "compose.yaml",
  nginx: "compose.nginx.yaml",
  chain: "compose.chain.yaml",
};

/** One project a state directory, so that deployments with other homes and ports run side by side. */
export function projectOf(dir: StateDir): string {
  return `plimsoll-${createHash("sha256").update(dir.home).digest("hex").slice(0, 8)}`;
}

export interface Images {
  proxy: string;
  nginx: string;
}

/** What the compose files read. */
export function composeEnv(
  images: Images,
  port: number,
  openFiles: number,
  limits: Partial<Record<ContainerService, ContainerLimits>>,
): Record<string, string> {
  const env: Record<string, string> = {
    PLIMSOLL_PROXY_IMAGE: images.proxy,
    PLIMSOLL_NGINX_IMAGE: images.nginx,
    PLIMSOLL_PORT: String(port),
    PLIMSOLL_NOFILE: String(openFiles),
    PLIMSOLL_UPSTREAM_POOL: process.env.PLIMSOLL_UPSTREAM_POOL?.trim() || "on",
  };
  for (const [service, limit] of Object.entries(limits) as [ContainerService, ContainerLimits][]) {
    env[limitVariable(service, "cpus")] = String(limit.cpus);
    env[limitVariable(service, "memory")] = String(limit.memoryBytes);
    env[limitVariable(service, "reserved")] = String(limit.reservedBytes);
  }
  return env;
}

/** A command of Compose for this project. What is in this shell would win over the file, so callers set it as well. */
export function composeCommand(engine: Engine, dir: StateDir, topology: Topology, args: readonly string[]): string[] {
  const file = join(repository, "compose", composeFiles[topology]);
  return [...engine.compose, "--env-file", stackFiles(dir).composeEnv, "-p", projectOf(dir), "-f", file, ...args];
}

/** What was last put into the containers and their volumes. */
export function stackFiles(dir: StateDir) {
  const home = join(dir.home, "docker");
  return {
    home,
    composeEnv: join(home, "compose.env"),
    settings: join(home, "settings.env"),
    certificate: join(home, "server.pem"),
    key: join(home, "server-key.pem"),
  };
}

export function topologyOf(deployment: Deployment): Topology {
  return deployment.topology === "direct" ? "node" : deployment.topology;
}
