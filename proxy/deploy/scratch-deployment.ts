import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Deployment } from "../deployment.ts";
import { ownProcesses } from "./bundle-processes.ts";
import { tryBind } from "./port-holder.ts";
import { endProcesses } from "./process-table.ts";
import { readDeployment, type StateDir, stateDirAt } from "./state-dir.ts";

export interface Finished {
  code: number | null;
  stdout: string;
  stderr: string;
}

const built = fileURLToPath(new URL("../dist/deploy.js", import.meta.url));

/** For tests: a deployment with a state directory and ports of its own, driven by the built command line. */
export class ScratchDeployment implements AsyncDisposable {
  readonly dir: StateDir;
  readonly port: number;
  /** Processes of `deploy.js` that still run. */
  readonly #running = new Set<ChildProcess>();

  private constructor(home: string, port: number) {
    this.dir = stateDirAt(home);
    this.port = port;
  }

  static async create(): Promise<ScratchDeployment> {
    const home = realpathSync(mkdtempSync(join(tmpdir(), "plimsoll-home-")));
    return new ScratchDeployment(home, await findFreePorts());
  }

  /** Starts `deploy.js` and does not wait for it. */
  launch(args: readonly string[], env: Record<string, string> = {}): { child: ChildProcess; finished: Promise<Finished> } {
    const child = spawn(process.execPath, [built, ...args], {
      // one worker: how many there are changes nothing here but the time to start
      env: { ...process.env, LOG_LEVEL: "info", EDGE_WORKERS: "1", ...env, PLIMSOLL_HOME: this.dir.home },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#running.add(child);
    const output = { stdout: "", stderr: "" };
    child.stdout.on("data", (chunk) => {
      output.stdout += chunk;
    });
    child.stderr.on("data", (chunk) => {
      output.stderr += chunk;
    });
    const finished = once(child, "close").then(([code]) => {
      this.#running.delete(child);
      return { code, ...output };
    });
    return { child, finished };
  }

  run(args: readonly string[], env: Record<string, string> = {}): Promise<Finished> {
    return this.launch(args, env).finished;
  }

  deploy(args: readonly string[] = [], env: Record<string, string> = {}): Promise<Finished> {
    return this.run(["--port", String(this.port), ...args], env);
  }

  get deployment(): Deployment | null {
    return readDeployment(this.dir);
  }

  /** Zero when the service is down or nothing is deployed. */
  pidOf(name: string): number {
    const deployment = this.deployment;
    if (name === "supervisor") return deployment?.supervisorPid ?? 0;
    return deployment?.services.find((service) => service.name === name)?.pid ?? 0;
  }

  /** Pids of everything that belongs to the deployment and lives. */
  get pids(): number[] {
    return ownProcesses(this.dir, this.deployment).map(({ pid }) => pid);
  }

  /** What is in the state directory, without the logs and certificates that stay. */
  get leftovers(): string[] {
    return readdirSync(this.dir.home).filter((name) => !["logs", "certs", "ca.pem"].includes(name));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#running) child.kill("SIGKILL");
    if (this.deployment?.docker) await this.run(["--down", "-v"]);
    await endProcesses(ownProcesses(this.dir, this.deployment), 5_000);
    rmSync(this.dir.home, { recursive: true, force: true });
  }
}

/** Three neighbours, below the range that the kernel gives to outgoing connections. */
export async function findFreePorts(): Promise<number> {
  for (;;) {
    const first = 20_000 + 3 * Math.floor(Math.random() * 4_000);
    const problems = await Promise.all([0, 1, 2].map((offset) => tryBind(first + offset, "::")));
    if (problems.every((problem) => problem === null)) return first;
  }
}
