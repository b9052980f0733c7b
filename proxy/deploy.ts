import { spawn } from "node:child_process";
import { once } from "node:events";
import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import { stopBundle } from "./deploy/bundle-processes.ts";
import { DeployError, DeployExit } from "./deploy/deploy-error.ts";
import { checkWish, deployEmbedded, type EmbeddedWish, type Say } from "./deploy/embedded-deploy.ts";
import { reloadEmbedded } from "./deploy/embedded-reload.ts";
import { sweepLock, takeLock } from "./deploy/lock.ts";
import { type DeployCall, parseDeployCall } from "./deploy/options.ts";
import { followLogs, printDeployment, printLogs, printStatus } from "./deploy/report.ts";
import { makeStateDir, purge, readDeployment, removeIfEmpty, type StateDir, stateDirAt } from "./deploy/state-dir.ts";
import type { Deployment } from "./deployment.ts";
import { errorMessage } from "./errors.ts";

/** What `deploy.sh` hands over to once everything is installed and built. */

const repository = fileURLToPath(new URL("../../", import.meta.url));
const lockWaitMs = 180_000;

/** Aborts when nobody reads standard output any more. */
const unread = new AbortController();
const print = (line: string): void => void process.stdout.write(`${line}\n`);
const say: Say = (line, state = "done") => print(`${state === "done" ? "✓" : "·"} ${line}`);

async function run(call: DeployCall, dir: StateDir, signal: AbortSignal): Promise<number> {
  switch (call.command) {
    case "deploy": {
      const deployment = await deploy(dir, call.wish, signal);
      printDeployment(deployment, nextCommand(dir, deployment), print);
      return 0;
    }
    case "measure":
      return measure(await deploy(dir, call.wish, signal), dir, call.stressArguments);
    case "status": {
      const deployment = readDeployment(dir);
      if (deployment) return (await printStatus(deployment, print)) ? 0 : DeployExit.failed;
      print("nothing is deployed; ./deploy.sh deploys");
      return DeployExit.failed;
    }
    case "reload":
      await withLock(dir, signal, () => reloadEmbedded(dir, say, signal));
      return 0;
    case "logs":
      printLogs(dir, print);
      if (call.follow) await followLogs(dir, print, AbortSignal.any([signal, unread.signal]));
      return 0;
    case "down":
      await down(dir, call.purge, signal);
      return 0;
  }
}

function deploy(dir: StateDir, wish: EmbeddedWish, signal: AbortSignal): Promise<Deployment> {
  checkWish(dir, wish);
  return withLock(dir, signal, () => deployEmbedded(dir, wish, say, signal));
}

async function down(dir: StateDir, removeAll: boolean, signal: AbortSignal): Promise<void> {
  await withLock(dir, signal, async () => {
    const ran = await stopBundle(dir, readDeployment(dir));
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
function resolveFlag({ embedded }: Deployment): string[] {
  return !embedded || embedded.serverName === "localhost" ? [] : ["--resolve", `${embedded.serverName}:127.0.0.1`];
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
    if (interrupted.signal.aborted) {
      console.error("deploy.sh: interrupted; what it had started is stopped");
      return DeployExit.interrupted;
    }
    const { message, logLines, exitCode } = error instanceof DeployError ? error : new DeployError(errorMessage(error));
    for (const line of logLines) console.error(`  | ${line}`);
    console.error(`deploy.sh: ${message}`);
    return exitCode;
  }
}

process.exitCode = await main();
