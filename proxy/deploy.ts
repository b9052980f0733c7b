import { spawn } from "node:child_process";
import { once } from "node:events";
import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import { stopBundle } from "./deploy/bundle-processes.ts";
import { DeployError, DeployExit, DeployUsageError } from "./deploy/deploy-error.ts";
import { checkDockerWish, deployDocker, stopDocker } from "./deploy/docker/docker-deploy.ts";
import { reloadDocker } from "./deploy/docker/docker-reload.ts";
import { printDockerStatus, showDockerLogs } from "./deploy/docker/docker-report.ts";
import { checkWish, deployEmbedded, type Say } from "./deploy/embedded-deploy.ts";
import { reloadEmbedded } from "./deploy/embedded-reload.ts";
import { sweepLock, takeLock } from "./deploy/lock.ts";
import { type DeployCall, type DeployWish, parseDeployCall } from "./deploy/options.ts";
import { followLogs, printDeployment, printLogs, printStatus } from "./deploy/report.ts";
import { notTaken, takenEmbedded } from "./deploy/service-settings.ts";
import { makeStateDir, purge, readDeployment, removeIfEmpty, type StateDir, stateDirAt } from "./deploy/state-dir.ts";
import type { Deployment } from "./deployment.ts";
import { errorMessage } from "./errors.ts";

/** What `deploy.sh` hands over to once everything is installed and built. */

const repository = fileURLToPath(new URL("../../", import.meta.url));
const lockWaitMs = 180_000;

/** Aborts when nobody reads standard output any more. */
const unread = new AbortController();
const print = (line: string): void => void process.stdout.write(`${line}\n`);
const marks = { done: "✓", begun: "·", noted: "!" } as const;
const say: Say = (line, state = "done") => print(`${marks[state]} ${line}`);

async function run(call: DeployCall, dir: StateDir, signal: AbortSignal): Promise<number> {
  switch (call.command) {
    case "deploy": {
      const deployment = await deploy(dir, call.wish, signal);
      printDeployment(deployment, nextCommand(dir, deployment), print);
      return 0;
    }
    case "measure":
      return measure(await deploy(dir, call.wish, signal), dir, call.stressArguments);
    case "upgrade": {
      const deployment = await upgrade(dir, signal);
      printDeployment(deployment, nextCommand(dir, deployment), print);
      return 0;
    }
    case "status": {
      const deployment = readDeployment(dir);
      if (deployment?.docker) return (await printDockerStatus(dir, deployment, print)) ? 0 : DeployExit.failed;
      if (deployment) return (await printStatus(deployment, print)) ? 0 : DeployExit.failed;
      print("nothing is deployed; ./deploy.sh deploys");
      return DeployExit.failed;
    }
    case "reload":
      tellNotTaken(runsInContainers(dir));
      await withLock(dir, signal, () => (runsInContainers(dir) ? reloadDocker : reloadEmbedded)(dir, say, signal));
      return 0;
    case "logs": {
      const deployment = readDeployment(dir);
      if (deployment?.docker) {
        await showDockerLogs(dir, deployment, call.follow, AbortSignal.any([signal, unread.signal]));
        return 0;
      }
      printLogs(dir, print);
      if (call.follow) await followLogs(dir, print, AbortSignal.any([signal, unread.signal]));
      return 0;
    }
    case "down":
      await down(dir, call, signal);
      return 0;
  }
}

function deploy(dir: StateDir, wish: DeployWish, signal: AbortSignal): Promise<Deployment> {
  if (wish.docker || runsInContainers(dir)) {
    checkDockerWish(dir, wish);
    tellNotTaken(true);
    return withLock(dir, signal, () => deployDocker(dir, wish, say, signal));
  }
  if (wish.edge !== null) throw new DeployUsageError("--edge goes with --docker: the embedded bundle has one edge, node");
  checkWish(dir, wish);
  tellNotTaken(false);
  return withLock(dir, signal, () => deployEmbedded(dir, wish, say, signal));
}

function tellNotTaken(inContainers: boolean): void {
  const note = notTaken(inContainers ? [] : takenEmbedded);
  if (note !== null) say(note, "noted");
}

/** How it was deployed stays until `--down`. */
function runsInContainers(dir: StateDir): boolean {
  return readDeployment(dir)?.mode === "docker";
}

async function upgrade(dir: StateDir, signal: AbortSignal): Promise<Deployment> {
  if (!runsInContainers(dir)) {
    throw new DeployUsageError(
      "--upgrade is for containers, and none are deployed: ./deploy.sh --docker deploys them; --reload takes new code into the embedded bundle",
    );
  }
  return deploy(dir, { port: null, certificate: null, prod: false, docker: true, edge: null }, signal);
}

interface DownWish {
  purge: boolean;
  docker: boolean;
}

async function down(dir: StateDir, { purge: removeAll, docker }: DownWish, signal: AbortSignal): Promise<void> {
  await withLock(dir, signal, async () => {
    const contained = docker || runsInContainers(dir) ? await stopDocker(dir, removeAll) : false;
    const ran = (await stopBundle(dir, readDeployment(dir))) || contained;
    sweepLock(dir.lockFile);
    if (removeAll) purge(dir);
    const removed = removeAll ? "; certificates, logs and state are removed" : "";
    say(`${ran ? "stopped" : "nothing was running"}${removed}`);
  });
  removeIfEmpty(dir);
}

async function withLock<T>(dir: StateDir, signal: AbortSignal, action: () => Promise<T>): Promise<T> {
  makeStateDir(dir);
  const onWait = ({ pid }: { pid: number }) => say(`waiting for another deploy.sh (pid ${pid})`, "begun");
  const release = await takeLock(dir.lockFile, { waitMs: lockWaitMs, onWait, signal });
  try {
    return await action();
  } finally {
    release();
  }
}

/** Runs `stress throughput` in this terminal and returns its exit code. */
async function measure(deployment: Deployment, dir: StateDir, stressArguments: readonly string[]): Promise<number> {
  printDeployment(deployment, ["stress throughput", ...stressArguments].join(" "), print);
  const script = fileURLToPath(new URL("../../stress/bin.js", import.meta.url));
  const elsewhere = stressArguments.some((argument) => argument.startsWith("--base-url"));
  const target = elsewhere ? [] : ["--deployment", dir.deploymentFile, ...resolveFlag(deployment)];
  const child = spawn(process.execPath, [script, "throughput", ...target, ...stressArguments], { stdio: "inherit" });
  // a Ctrl-C reaches stress from the terminal by itself, which drains and still prints its verdict
  process.removeAllListeners("SIGINT").on("SIGINT", () => {});
  for (const name of ["SIGTERM", "SIGHUP"] as const) process.removeAllListeners(name).on(name, () => child.kill(name));
  const [code] = (await once(child, "exit")) as [number | null];
  return code ?? DeployExit.interrupted;
}

/** `npx stress` resolves within the repository only, and finds a deployment in `.plimsoll` only. */
function nextCommand(dir: StateDir, deployment: Deployment): string {
  const inRepository = !relative(repository, process.cwd()).startsWith("..");
  const inItsPlace = dir.home === stateDirAt(`${repository}/.plimsoll`).home;
  return [
    ...(inRepository ? [] : ["cd", quote(repository.replace(/\/$/, "")), "&&"]),
    ...["npx", "stress", "throughput"],
    ...(inItsPlace ? [] : ["--deployment", quote(dir.deploymentFile)]),
    ...resolveFlag(deployment),
  ].join(" ");
}

/** A certificate's name need not resolve to this machine, where the edge is. */
function resolveFlag({ embedded, docker }: Deployment): string[] {
  const { serverName = "localhost" } = embedded ?? docker ?? {};
  return serverName === "localhost" ? [] : ["--resolve", `${serverName}:127.0.0.1`];
}

/** For pasting into a shell. */
function quote(path: string): string {
  return /^[\w@%+:,./-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}

async function main(): Promise<number> {
  const interrupted = new AbortController();
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(name, () => interrupted.abort());
  // `| head` may stop reading: no reason for a deployment to fail, but one for following logs to end
  process.stdout.on("error", () => unread.abort());
  try {
    const call = parseDeployCall(process.argv.slice(2));
    return await run(call, stateDirAt(process.env.PLIMSOLL_HOME || `${repository}/.plimsoll`), interrupted.signal);
  } catch (error) {
    if (interrupted.signal.aborted && !(error instanceof DeployError)) {
      console.error("deploy.sh: interrupted; ./deploy.sh --status tells what runs");
      return DeployExit.interrupted;
    }
    const { message, logLines, exitCode } = error instanceof DeployError ? error : new DeployError(errorMessage(error));
    for (const line of logLines) console.error(`  | ${line}`);
    // What came after the interruption is what the user is left with.
    console.error(`deploy.sh: ${interrupted.signal.aborted ? "interrupted; " : ""}${message}`);
    return interrupted.signal.aborted ? DeployExit.interrupted : exitCode;
  }
}

process.exitCode = await main();
