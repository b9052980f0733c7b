import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { DeployError } from "../deploy-error.ts";
import { runCommand } from "./command.ts";

/** The container engine of this machine, and the programs that speak to it. */
export interface Engine {
  /** A client that can build with BuildKit. */
  docker: string;
  /** `docker compose` or `docker-compose`. */
  compose: readonly string[];
  cpus: number;
  memoryBytes: number;
}

const remedy = "install Docker Engine 20.10 or later with Compose, or deploy without --docker";
/** Until then the client itself built with BuildKit, afterwards a plugin does. */
const firstWithPlugin = 23;

/** DeployError: what is missing, and what to do. */
export async function findEngine(): Promise<Engine> {
  const host = process.env.DOCKER_HOST ?? "";
  if (host !== "" && !host.startsWith("unix://")) {
    throw new DeployError(`DOCKER_HOST=${host}: the bundle is deployed on this machine; unset it, or run deploy.sh over there`);
  }
  const clients = onPath("docker");
  if (clients.length === 0) throw new DeployError(`no container engine: docker is not on PATH; ${remedy}`);
  const [docker, compose] = await Promise.all([findBuilder(clients), findCompose(clients)]);
  return { docker, compose, ...(await askEngine(docker)) };
}

function onPath(name: string): string[] {
  const dirs = new Set((process.env.PATH ?? "").split(delimiter).filter(Boolean));
  return [...dirs].map((dir) => join(dir, name)).filter(isExecutable);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** There may be several clients, the first without what is needed. */
async function findBuilder(clients: readonly string[]): Promise<string> {
  for (const client of clients) {
    if ((await runCommand([client, "buildx", "version"])).code === 0) return client;
    const { stdout } = await runCommand([client, "version", "--format", "{{.Client.Version}}"]);
    const major = Number.parseInt(stdout, 10);
    if (major < firstWithPlugin) return client;
  }
  throw new DeployError(
    `${clients.join(", ")}: builds need BuildKit, which this client has no plugin for; install docker-buildx`,
  );
}

async function findCompose(clients: readonly string[]): Promise<readonly string[]> {
  const candidates = [...clients.map((client) => [client, "compose"]), ...onPath("docker-compose").map((file) => [file])];
  const found: string[] = [];
  for (const command of candidates) {
    const { code, stdout } = await runCommand([...command, "version", "--short"]);
    if (code !== 0) continue;
    const version = stdout.trim();
    const [major = 0, minor = 0] = version.replace(/^v/, "").split(".").map(Number);
    if (major >= 2 || (major === 1 && minor >= 29)) return command;
    found.push(`${command.join(" ")} is ${version}`);
  }
  const old = found.length > 0 ? `${found.join(", ")}, which is too old` : "neither docker compose nor docker-compose is here";
  throw new DeployError(`${old}: install Compose 2, or docker-compose 1.29`);
}

async function askEngine(docker: string): Promise<Pick<Engine, "cpus" | "memoryBytes">> {
  const { stdout, stderr } = await runCommand([docker, "info", "--format", "{{json .}}"]);
  const info = parseInfo(stdout);
  const [problem = ""] = [...(info?.ServerErrors ?? []), ...stderr.split("\n").filter(Boolean)];
  if (info?.NCPU && info.MemTotal) return { cpus: info.NCPU, memoryBytes: info.MemTotal };
  const denied = /permission denied/i.test(problem);
  const what = denied ? "this user may not use it: add it to the group docker, or run as root" : "start it, then try again";
  throw new DeployError(`the container engine does not answer (${problem || "no reason given"}): ${what}`);
}

function parseInfo(text: string): { NCPU?: number; MemTotal?: number; ServerErrors?: string[] } | null {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
