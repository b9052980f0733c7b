import Docker from "dockerode";
import { UsageError } from "../profile/usage-error.ts";
import type { SampledService } from "./source.ts";

/** What the engine says of a container. */
export interface ContainerState {
  id: string;
  /** As it was given by whoever made the container, without a slash. */
  name: string;
  running: boolean;
  /** `running`, `exited`, `restarting`, … */
  status: string;
  /** Of the container's first process on the engine's machine; 0 while it does not run. */
  pid: number;
  /** By the engine's clock; with the id it names one life of the container. */
  startedAt: string;
  /** The kernel killed a process of it for want of memory in this life. */
  oomKilled: boolean;
  limits: SampledService["limits"];
}

/** An engine that is stuck must not take the sampler with it. */
export const answerWithinMs = 5_000;

/** A container engine by Docker's API: the local socket, or where DOCKER_HOST points. */
export class Engine {
  readonly docker: Docker;

  constructor(docker = connect()) {
    this.docker = docker;
  }

  /** By name or id; null where there is none. @throws UsageError in one line where the engine does not answer. */
  async inspect(name: string): Promise<ContainerState | null> {
    const abortSignal = AbortSignal.timeout(answerWithinMs);
    try {
      return toState(await this.docker.getContainer(name).inspect({ abortSignal }));
    } catch (error) {
      if ((error as { statusCode?: number }).statusCode === 404) return null;
      throw new UsageError(engineProblem(error, abortSignal.aborted));
    }
  }
}

function connect(): Docker {
  try {
    return new Docker();
  } catch (error) {
    throw new UsageError(`cannot use the container engine that DOCKER_HOST and DOCKER_CERT_PATH name: ${messageOf(error)}`);
  }
}

function engineProblem(error: unknown, timedOut: boolean): string {
  const { code, statusCode } = error as { code?: string; statusCode?: number };
  if (timedOut) return `the container engine does not answer within ${answerWithinMs / 1000} s: see "docker info"`;
  if (code === "EACCES" || code === "EPERM" || statusCode === 403) {
    return `no permission to use the container engine (${messageOf(error)}): run as root, or as a member of its socket's group`;
  }
  if (statusCode !== undefined) return `the container engine refuses: ${messageOf(error)}`;
  return `cannot reach the container engine (${messageOf(error)}): start it, or set DOCKER_HOST to where it is`;
}

function messageOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).replaceAll(/\s+/g, " ").trim();
}

function toState({ Id, Name, State, HostConfig }: Docker.ContainerInspectInfo): ContainerState {
  return {
    id: Id,
    name: Name.replace(/^\//, ""),
    running: State.Running,
    status: State.Status,
    pid: State.Pid,
    startedAt: State.StartedAt,
    oomKilled: State.OOMKilled,
    limits: limitsOf(HostConfig),
  };
}

/** What the kernel holds the container to, however it was declared. */
function limitsOf({ NanoCpus, CpuQuota, CpuPeriod, Memory }: Docker.HostConfig): SampledService["limits"] {
  const quota = CpuQuota ? CpuQuota / (CpuPeriod || 100_000) : 0;
  const cpus = (NanoCpus ?? 0) / 1e9 || quota;
  const memoryBytes = Memory ?? 0;
  return {
    cpus: cpus > 0 ? cpus : null,
    memoryBytes: memoryBytes > 0 ? memoryBytes : null,
    enforced: cpus > 0 || memoryBytes > 0,
  };
}
