import { readFile, stat } from "node:fs/promises";
import { type Deployment, deploymentSchema } from "@plimsoll/proxy/deployment";
import { identify } from "@plimsoll/proxy/process-table";
import { UsageError } from "../profile/usage-error.ts";
import type { Locate } from "./process.ts";

/** The deployment's description, followed while its supervisor rewrites it. */
export class DeploymentFile {
  readonly file: string;
  #deployment: Deployment | null;
  #version: string;

  private constructor(file: string, deployment: Deployment, version: string) {
    this.file = file;
    this.#deployment = deployment;
    this.#version = version;
  }

  /** @throws UsageError when it cannot be read or is not a deployment; the message says what is wrong with it. */
  static async open(file: string): Promise<DeploymentFile> {
    const version = await versionOf(file);
    return new DeploymentFile(file, await readDeployment(file), version);
  }

  /** As it stands now; null while there is none, or none that can be read. */
  async current(): Promise<Deployment | null> {
    const version = await versionOf(this.file);
    if (version !== this.#version) {
      this.#version = version;
      this.#deployment = await readDeployment(this.file).catch(() => null);
    }
    return this.#deployment;
  }

  /** Finds the root process of a service by the service's name. */
  locate(name: string): Locate {
    return async () => {
      const service = (await this.current())?.services.find((known) => known.name === name);
      if (service === undefined || service.pid === null) return null;
      const { pid, processStart, restarts } = service;
      const identity = processStart ? { pid, start: processStart } : identify(pid);
      return identity && { identity, restarts };
    };
  }
}

/** Changes with every rewrite, also with two in one tick of the file system's clock: each is a new file in its place. */
async function versionOf(file: string): Promise<string> {
  const { ino, mtimeNs, size } = await stat(file, { bigint: true }).catch(() => ({ ino: 0n, mtimeNs: 0n, size: 0n }));
  return `${ino} ${mtimeNs} ${size}`;
}

async function readDeployment(file: string): Promise<Deployment> {
  const text = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    throw new UsageError(
      `cannot read the deployment ${file} (${error.code ?? error.message}): run ./deploy.sh, or give --base-url`,
    );
  });
  const parsed = deploymentSchema.safeParse(parseJson(file, text));
  if (parsed.success) return parsed.data;
  const wrong = parsed.error.issues.map(({ path, message }) => `${path.join(".") || "content"}: ${message}`);
  throw new UsageError(`${file} does not describe a deployment (${wrong.join("; ")}): run ./deploy.sh again, or give --base-url`);
}

function parseJson(file: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new UsageError(`${file} does not describe a deployment (it is not JSON): run ./deploy.sh again, or give --base-url`);
  }
}
