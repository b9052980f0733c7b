import * as z from "zod";
import { commandOutput, runCommand } from "./command.ts";
import type { Engine } from "./engine.ts";
import { type ContainerService, containerServices } from "./limits.ts";

/** A container of the bundle, as the engine describes it. */
export interface Container {
  service: ContainerService;
  /** As other commands take it, and as a sampler finds it again after it was made anew. */
  name: string;
  image: string;
  running: boolean;
  /** Of its main process on this machine; 0 while it is down. */
  pid: number;
  startedAt: string;
  /** Starts by the engine after the container ended by itself. */
  restarts: number;
  oomKilled: boolean;
  exitCode: number;
}

const projectLabel = "com.docker.compose.project";
/** A drain takes 8 s at most, and Docker counts from here. */
export const stopGraceS = 12;

const inspected = z.array(
  z.object({
    Name: z.string(),
    RestartCount: z.int(),
    Config: z.object({ Image: z.string(), Labels: z.record(z.string(), z.string()) }),
    State: z.object({
      Running: z.boolean(),
      Restarting: z.boolean(),
      OOMKilled: z.boolean(),
      Pid: z.int(),
      ExitCode: z.int(),
      StartedAt: z.string(),
    }),
  }),
);

/** Containers of a project, running or not, in the order in which they start. */
export async function listContainers(engine: Engine, project: string): Promise<Container[]> {
  const ids = await listIds(engine, ["ps", "--all", "--quiet", "--no-trunc"], project);
  if (ids.length === 0) return [];
  // one that went away between the two commands makes the second fail, and is still described for the others
  const { stdout } = await runCommand([engine.docker, "container", "inspect", ...ids]);
  const containers = inspected.parse(JSON.parse(stdout)).flatMap(({ Name, RestartCount, Config, State }): Container[] => {
    const service = containerServices.find((name) => name === Config.Labels["com.docker.compose.service"]);
    if (service === undefined) return [];
    return [
      {
        service,
        name: Name.replace(/^\//, ""),
        image: Config.Image,
        running: State.Running && !State.Restarting,
        pid: State.Pid,
        startedAt: State.StartedAt,
        restarts: RestartCount,
        oomKilled: State.OOMKilled,
        exitCode: State.ExitCode,
      },
    ];
  });
  return containers.sort((a, b) => containerServices.indexOf(a.service) - containerServices.indexOf(b.service));
}

/** Stops each with its own signal and time to drain, the edge first, and removes them. */
export async function removeContainers(engine: Engine, containers: readonly Container[]): Promise<void> {
  for (const { name } of containers.toReversed()) {
    await commandOutput(`stopping ${name}`, [engine.docker, "stop", "--time", String(stopGraceS), name]);
    await commandOutput(`removing ${name}`, [engine.docker, "rm", "--force", name]);
  }
}

/** Removes what a project has beside containers: networks and, if so wished, volumes. */
export async function removeRest(engine: Engine, project: string, volumesToo: boolean): Promise<void> {
  const kinds = volumesToo ? ["network", "volume"] : ["network"];
  for (const kind of kinds) {
    const ids = await listIds(engine, [kind, "ls", "--quiet"], project);
    if (ids.length > 0) await commandOutput(`removing ${kind}s`, [engine.docker, kind, "rm", ...ids]);
  }
}

async function listIds(engine: Engine, command: readonly string[], project: string): Promise<string[]> {
  const text = await commandOutput("asking the container engine", [
    engine.docker,
    ...command,
    ...["--filter", `label=${projectLabel}=${project}`],
  ]);
  return text.split("\n").filter(Boolean);
}

/** Last lines that a container wrote, with the container's name before each. */
export async function lastContainerLines(engine: Engine, { name, service }: Container, count: number): Promise<string[]> {
  const { stdout, stderr } = await runCommand([engine.docker, "logs", "--tail", String(count), name]);
  return `${stdout}${stderr}`
    .split("\n")
    .filter(Boolean)
    .map((line) => `${service}: ${line}`);
}

/** The health check that the compose file gives to the service, now and not up to 30 s ago. Null when it passes. */
export async function containerProblem(
  engine: Engine,
  { service, name, running, exitCode, oomKilled }: Container,
): Promise<string | null> {
  if (!running) return oomKilled ? "killed: its memory limit was full" : `not running (exit code ${exitCode})`;
  const port = service === "backend" ? "9444" : "9445";
  const { code } = await runCommand([engine.docker, "exec", name, "timeout", "5", "healthcheck", port, "/healthz"]);
  return code === 0 ? null : "does not answer its health check";
}
