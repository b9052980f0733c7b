import { access } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import type { Deployment } from "@plimsoll/proxy/deployment";
import { isAlive } from "@plimsoll/proxy/process-table";
import { UsageError } from "../profile/usage-error.ts";
import { DeploymentFile } from "./deployment-file.ts";
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
export async function discoverDeployment(options: { cwd: string; file?: string }): Promise<DiscoveredDeployment | null> {
  const file = options.file === undefined ? await findUpwards(options.cwd) : resolve(options.cwd, options.file);
  if (file === null) return null;
  const opened = await DeploymentFile.open(file);
  const deployment = await opened.current();
  if (deployment === null) throw new UsageError(`the deployment ${file} has just been taken down: run ./deploy.sh`);
  const { baseUrl, caFile, topology, mode } = deployment;
  refuseUnreadable(file, deployment);
  return {
    file,
    baseUrl,
    caFile: caFile === null ? null : resolve(dirname(file), caFile),
    topology,
    mode,
    services: deployment.services.map(({ name, limits, restarts }) => {
      return { name, limits, source: new ProcessSource(opened.locate(name), restarts) };
    }),
  };
}

function refuseUnreadable(file: string, { mode, services }: Deployment): void {
  const container = services.find((service) => service.container !== null);
  if (mode === "docker" || container) {
    const what = container ? `"${container.name}" in the container ${container.container}` : "in containers";
    throw new UsageError(
      `the deployment ${file} runs ${what}, and only processes can be sampled: give --base-url and --ca to measure it without samples`,
    );
  }
  const runs = services.some(({ pid, processStart }) => {
    return pid !== null && (processStart ? isAlive({ pid, start: processStart }) : true);
  });
  if (!runs) {
    throw new UsageError(
      `the deployment ${file} does not run (none of its processes lives): run ./deploy.sh, or give --base-url`,
    );
  }
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
