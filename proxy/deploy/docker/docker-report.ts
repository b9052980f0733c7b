import { spawn } from "node:child_process";
import { once } from "node:events";
import type { Deployment } from "../../deployment.ts";
import { formatUptime, type Print, printTable } from "../report.ts";
import type { StateDir } from "../state-dir.ts";
import { runCommand } from "./command.ts";
import { type ContainerHealth, dockerHealth } from "./docker-health.ts";
import { type Engine, findEngine } from "./engine.ts";
import { composeCommand, topologyOf } from "./project.ts";

const logsShown = 100;

/** A row for each container. True when all are healthy. */
export async function printDockerStatus(dir: StateDir, deployment: Deployment, print: Print): Promise<boolean> {
  const engine = await findEngine();
  const health = await dockerHealth(engine, dir, deployment);
  const memory = await readMemory(engine, health);
  const head = ["service", "state", "container", "uptime", "restarts", "memory", "url"];
  printTable([head, ...health.map((row) => statusRow(row, memory))], print);
  for (const { name, problem } of health) if (problem !== null) print(`${name}: ${problem}; see ./deploy.sh --logs`);
  return health.every(({ problem }) => problem === null);
}

function statusRow({ name, problem, container, url }: ContainerHealth, memory: ReadonlyMap<string, string>): string[] {
  const running = container?.running === true;
  const state = problem === null ? "healthy" : running ? "unhealthy" : "down";
  const uptime = running ? formatUptime(Date.now() - Date.parse(container.startedAt)) : "-";
  const { name: containerName = "-", restarts = 0 } = container ?? {};
  return [name, state, containerName, uptime, String(restarts), memory.get(containerName) ?? "-", url ?? "-"];
}

/** As the engine's own statistics have it: usage less inactive file cache, and the limit. */
async function readMemory(engine: Engine, health: readonly ContainerHealth[]): Promise<ReadonlyMap<string, string>> {
  const names = health.flatMap(({ container }) => (container?.running ? [container.name] : []));
  if (names.length === 0) return new Map();
  const format = ["--no-stream", "--format", "{{.Name}}\t{{.MemUsage}}"];
  const { stdout } = await runCommand([engine.docker, "stats", ...format, ...names]);
  return new Map(
    stdout
      .split("\n")
      .filter(Boolean)
      .map((line) => line.split("\t", 2) as [string, string]),
  );
}

/** The last lines of each container, and with `follow` those that come, until they end or `signal` aborts. */
export async function showDockerLogs(dir: StateDir, deployment: Deployment, follow: boolean, signal: AbortSignal): Promise<void> {
  const engine = await findEngine();
  const args = ["logs", "--no-color", "--tail", String(logsShown), ...(follow ? ["--follow"] : [])];
  const [program = "", ...rest] = composeCommand(engine, dir, topologyOf(deployment), args);
  const child = spawn(program, rest, { stdio: ["ignore", "inherit", "inherit"] });
  signal.addEventListener("abort", () => child.kill());
  await once(child, "exit");
}
