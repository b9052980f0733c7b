import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

/**
 * Node's flags for the service. Its young generation would grow to 16 MiB and more in the first minutes and keep them, which in
 * a soak of a minute is what it is in no longer one: memory that stays after the load.
 */
export const faultyServiceFlags: readonly string[] = ["--expose-gc", "--max-semi-space-size=1"];

/** A service of `faulty-service.ts` as a process of its own; it ends with its block, or with the test. */
export class FaultyProcess {
  readonly #process: ChildProcess;
  readonly url: string;

  private constructor(process: ChildProcess, port: string) {
    this.#process = process;
    this.url = `http://127.0.0.1:${port}`;
  }

  static async start(fault: string): Promise<FaultyProcess> {
    const script = new URL("./faulty-service.ts", import.meta.url).pathname;
    const child = spawn(process.execPath, [...faultyServiceFlags, script, fault], { stdio: ["pipe", "pipe", "inherit"] });
    const [port] = await once(createInterface(child.stdout), "line");
    return new FaultyProcess(child, port);
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  /** What `--sample` takes. */
  get sample(): string {
    return `service=pid:${this.pid}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const gone = once(this.#process, "exit");
    this.#process.kill("SIGKILL");
    await gone;
  }
}
