import { mkdirSync, readdirSync, readFileSync, realpathSync, rmdirSync, rmSync, statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import writeFileAtomic from "write-file-atomic";
import { type Deployment, deploymentSchema } from "../deployment.ts";
import { errorMessage } from "../errors.ts";
import { DeployUsageError } from "./deploy-error.ts";

/** `.plimsoll/`: what a deployment keeps on disk. */
export interface StateDir {
  home: string;
  deploymentFile: string;
  /** The CA that clients trust, readable by all; the CA's key stays in `certsDir`. */
  caFile: string;
  lockFile: string;
  /** What the services were told to be, beside their environment; see service-settings.ts. */
  settingsFile: string;
  certsDir: string;
  logsDir: string;
}

/** Paths are real, so that two ways to write one home are the same deployment. Makes nothing. */
export function stateDirAt(path: string): StateDir {
  const home = realPathOf(resolve(path));
  return {
    home,
    deploymentFile: join(home, "deployment.json"),
    caFile: join(home, "ca.pem"),
    lockFile: join(home, "lock"),
    settingsFile: join(home, "settings.env"),
    certsDir: join(home, "certs"),
    logsDir: join(home, "logs"),
  };
}

function realPathOf(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path === dirname(path) ? path : join(realPathOf(dirname(path)), basename(path));
  }
}

export function makeStateDir(dir: StateDir): void {
  try {
    makeDirectory(dir.logsDir);
  } catch (error) {
    throw new DeployUsageError(
      `cannot use ${dir.home} for state (${errorMessage(error)}): set PLIMSOLL_HOME to a writable directory`,
    );
  }
}

/** Not mkdir's own `recursive`, which never ends where the system denies a directory with ENOENT, as /proc does. */
function makeDirectory(path: string): void {
  if (isDirectory(path)) return;
  if (path !== dirname(path)) makeDirectory(dirname(path));
  try {
    mkdirSync(path, { mode: 0o755 });
  } catch (error) {
    if (!isDirectory(path)) throw error;
  }
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

export function logFile(dir: StateDir, service: string): string {
  return join(dir.logsDir, `${service}.log`);
}

/** Null when nothing is deployed, and when the file is damaged: its processes are still found by their environment. */
export function readDeployment(dir: StateDir): Deployment | null {
  try {
    return deploymentSchema.parse(JSON.parse(readFileSync(dir.deploymentFile, "utf8")));
  } catch {
    return null;
  }
}

/** Synchronous: a pid must be on disk before its process can be forgotten. */
export function writeDeployment(dir: StateDir, deployment: Deployment): void {
  writeFileAtomic.sync(dir.deploymentFile, `${JSON.stringify(deployment, null, 2)}\n`, { mode: 0o644 });
}

/** Removes the deployment's record and what a killed writer left beside it. */
export function forgetDeployment(dir: StateDir): void {
  removeStartingWith(dir, basename(dir.deploymentFile));
  removeStartingWith(dir, `${basename(dir.caFile)}.`);
  removeStartingWith(dir, basename(dir.settingsFile));
}

/** Removes certificates, logs and state, and the directory if nothing else is in it: PLIMSOLL_HOME may be anything. */
export function purge(dir: StateDir): void {
  forgetDeployment(dir);
  const containers = [join(dir.home, "docker"), join(dir.home, "backups")];
  for (const path of [dir.certsDir, dir.logsDir, dir.caFile, ...containers]) rmSync(path, { recursive: true, force: true });
}

/** To be called after the lock was let go, which lies in it. */
export function removeIfEmpty(dir: StateDir): void {
  for (const path of [dir.logsDir, dir.home]) {
    try {
      rmdirSync(path);
    } catch {
      // holds something of somebody
    }
  }
}

function removeStartingWith(dir: StateDir, prefix: string): void {
  // the user may have removed the directory under a running deployment
  if (!isDirectory(dir.home)) return;
  for (const name of readdirSync(dir.home)) {
    if (name.startsWith(prefix)) rmSync(join(dir.home, name), { recursive: true, force: true });
  }
}
