import type { Deployment } from "../deployment.ts";
import { homeVariable } from "../supervisor.ts";
import { DeployError } from "./deploy-error.ts";
import { endProcesses, findByEnvironment, isAlive, type ProcessIdentity } from "./process-table.ts";
import { forgetDeployment, type StateDir } from "./state-dir.ts";

/** For processes without a record: above the services' default drain deadline. */
const defaultGraceMs = 10_000;

export function supervisorOf(deployment: Deployment | null): ProcessIdentity | null {
  if (!deployment?.embedded || deployment.supervisorPid === null) return null;
  return { pid: deployment.supervisorPid, start: deployment.embedded.supervisorStart };
}

/**
 * Every live process of this deployment: those on record, and those whose environment names its state directory, for a
 * supervisor may have been killed between starting a process and recording it.
 */
export function ownProcesses(dir: StateDir, deployment: Deployment | null): ProcessIdentity[] {
  const services = deployment?.services ?? [];
  const recorded = services.flatMap(({ pid, processStart }) => (pid && processStart ? [{ pid, start: processStart }] : []));
  const supervisor = supervisorOf(deployment);
  const all = [...(supervisor ? [supervisor] : []), ...recorded, ...findByEnvironment(homeVariable, dir.home)].filter(isAlive);
  return [...new Map(all.map((identity) => [identity.pid, identity])).values()];
}

/** Ends everything of the deployment and forgets it. True when anything ran. DeployError names what would not end. */
export async function stopBundle(dir: StateDir, deployment: Deployment | null): Promise<boolean> {
  const before = ownProcesses(dir, deployment);
  const supervisor = supervisorOf(deployment);
  const graceMs = deployment?.embedded?.stopGraceMs ?? defaultGraceMs;
  if (supervisor) await endProcesses([supervisor], graceMs);
  const stuck = await endProcesses(ownProcesses(dir, deployment), graceMs);
  if (stuck.length > 0) {
    throw new DeployError(`cannot end ${stuck.map(({ pid }) => `pid ${pid}`).join(", ")}: end it by hand, then try again`);
  }
  forgetDeployment(dir);
  return before.length > 0;
}
