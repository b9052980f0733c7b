import { type ChildProcess, spawn } from "node:child_process";
import { closeSync } from "node:fs";
import { Restart, type RestartTimes } from "../restart.ts";
import { logSize, openLog } from "./log-file.ts";
import { identify } from "./process-table.ts";

/** What the supervisor is to keep running. Crosses a process boundary: plain data. */
export interface ServiceOrder {
  name: string;
  /** Arguments of this Node.js, the script first. */
  args: string[];
  env: Record<string, string>;
  logFile: string;
  /** Where it publishes Prometheus metrics; null where it does not. */
  metricsUrl: string | null;
  /** Between SIGTERM and SIGKILL; longer than the service's own drain deadline. */
  stopGraceMs: number;
}

export interface ServiceState {
  name: string;
  /** Null while the process is down: stopped, or waiting to be started again. */
  pid: number | null;
  processStart: string | null;
  startedAt: string | null;
  restarts: number;
}

export interface ServiceExit {
  service: string;
  /** Exit code, signal name, or the reason why it could not be started. */
  cause: string;
  /** Log bytes before this start: what follows was written by the process that ended. */
  logFrom: number;
  restartInMs: number;
}

export interface ServiceListener {
  onStart: (state: ServiceState) => void;
  onExit: (exit: ServiceExit) => void;
  /** One of the service's own processes died; the service goes on, and counts it as a restart. */
  onWorkerDied: (state: ServiceState) => void;
}

/** Lets a process see that its supervisor is gone. */
const supervisedModule = new URL(`./supervised${import.meta.url.endsWith(".ts") ? ".ts" : ".js"}`, import.meta.url);

/** One process, started again with exponential back-off each time it ends, until it is stopped. */
export class SupervisedService {
  readonly #order: ServiceOrder;
  readonly #restart: Restart;
  readonly #listener: ServiceListener;
  #state: ServiceState;
  #child: ChildProcess | null = null;
  #stopping = false;

  constructor(order: ServiceOrder, times: RestartTimes, listener: ServiceListener) {
    this.#order = order;
    this.#listener = listener;
    this.#restart = new Restart(times, () => {
      this.#state = { ...this.#state, restarts: this.#state.restarts + 1 };
      this.start();
    });
    this.#state = { name: order.name, pid: null, processStart: null, startedAt: null, restarts: 0 };
  }

  get state(): ServiceState {
    return this.#state;
  }

  start(): void {
    const { args, env, logFile } = this.#order;
    const logFrom = logSize(logFile);
    const startedMs = performance.now();
    const log = openLogOrNothing(logFile);
    const child = spawn(process.execPath, ["--import", supervisedModule.href, ...args], {
      env: { ...process.env, ...env, PLIMSOLL_SUPERVISED: "1" },
      stdio: ["ignore", log, log, "ipc"],
    });
    if (log !== "ignore") closeSync(log);
    this.#child = child;
    child.on("message", (message: { type?: unknown }) => {
      if (message.type !== "worker-died" || this.#child !== child) return;
      this.#state = { ...this.#state, restarts: this.#state.restarts + 1 };
      this.#listener.onWorkerDied(this.#state);
    });
    child.once("error", (error) => this.#ended(child, `could not be started: ${error.message}`, startedMs, logFrom));
    child.once("exit", (code, signal) => {
      this.#ended(child, signal === null ? `exited with code ${code}` : `was ended by ${signal}`, startedMs, logFrom);
    });
    if (child.pid === undefined) return;
    const processStart = identify(child.pid)?.start ?? null;
    this.#state = { ...this.#state, pid: child.pid, processStart, startedAt: new Date().toISOString() };
    this.#listener.onStart(this.#state);
  }

  #ended(child: ChildProcess, cause: string, startedMs: number, logFrom: number): void {
    if (this.#child !== child) return;
    this.#child = null;
    this.#state = { ...this.#state, pid: null, processStart: null, startedAt: null };
    if (this.#stopping) return;
    this.#restart.livedFor(performance.now() - startedMs);
    this.#listener.onExit({ service: this.#order.name, cause, logFrom, restartInMs: this.#restart.later() });
  }

  /** SIGTERM, and SIGKILL after the grace time. Resolves when the process is gone. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#restart.cancel();
    const child = this.#child;
    if (!child || child.pid === undefined) return;
    const gone = new Promise<void>((resolve) => child.once("exit", () => resolve()));
    const kill = setTimeout(() => child.kill("SIGKILL"), this.#order.stopGraceMs);
    child.kill("SIGTERM");
    await gone;
    clearTimeout(kill);
  }
}

/** A service without a log is better than none. */
function openLogOrNothing(file: string): number | "ignore" {
  try {
    return openLog(file);
  } catch {
    return "ignore";
  }
}
