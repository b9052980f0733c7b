import { type ChildProcess, spawn } from "node:child_process";
import { closeSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type FromSupervisor, homeVariable, type SupervisorOrder, type ToSupervisor } from "../supervisor.ts";
import { DeployError } from "./deploy-error.ts";
import { lastLines, logSize, openLog } from "./log-file.ts";
import { logFile, type StateDir } from "./state-dir.ts";

const repository = fileURLToPath(new URL("../../../", import.meta.url));
const entry = fileURLToPath(new URL("../supervisor.js", import.meta.url));
const shownLogLines = 12;

/** The supervisor as seen by the `deploy.sh` that starts it: on probation until `keep`. */
export interface SupervisorClient {
  /** Rejects with a DeployError as soon as the supervisor or one of its services ends. Never resolves. */
  failed: Promise<never>;
  /** Makes it independent of this process. */
  keep(): Promise<void>;
  /** Has it stop everything; resolves when it has ended, by force after `graceMs`. */
  abandon(graceMs: number): Promise<void>;
}

/** Starts the supervisor in a session of its own, so that neither Ctrl-C nor the end of the terminal reaches it. */
export function startSupervisor(dir: StateDir, order: SupervisorOrder): SupervisorClient {
  const ownLog = logFile(dir, "supervisor");
  const logFrom = logSize(ownLog);
  const log = openLog(ownLog);
  const child = spawn(process.execPath, [entry], {
    // stays as long as the code does; what a user's setting names relatively is found from there
    cwd: repository,
    detached: true,
    env: { ...process.env, [homeVariable]: dir.home },
    stdio: ["ignore", log, log, "ipc"],
  });
  closeSync(log);
  child.unref();

  const failed = new Promise<never>((_, reject) => {
    const ended = (cause: string) =>
      reject(new DeployError(`the supervisor ${cause}`, lastLines(ownLog, shownLogLines, logFrom)));
    child.once("error", (error) => ended(`could not be started: ${error.message}`));
    child.once("exit", (code, signal) => ended(signal ? `was ended by ${signal}` : `exited with code ${code}`));
    child.on("message", (message: FromSupervisor) => {
      if (message.type !== "exited") return;
      const { service, cause, logFrom } = message.exit;
      reject(new DeployError(`${service} ${cause} while it started`, lastLines(logFile(dir, service), shownLogLines, logFrom)));
    });
  });
  // the deployment may fail for another reason before anybody listens to this one
  failed.catch(() => {});
  send(child, { type: "start", order });

  return {
    failed,
    async keep() {
      const kept = new Promise<void>((resolve) => {
        child.on("message", (message: FromSupervisor) => {
          if (message.type === "kept") resolve();
        });
      });
      send(child, { type: "keep" });
      await Promise.race([kept, failed]);
      child.disconnect();
    },
    async abandon(graceMs) {
      if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
      child.ref();
      const gone = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGTERM");
      const kill = setTimeout(() => child.kill("SIGKILL"), graceMs);
      await gone;
      clearTimeout(kill);
    },
  };
}

function send(child: ChildProcess, message: ToSupervisor): void {
  // an error here means that it ended, which `failed` tells
  child.send(message, () => {});
}
