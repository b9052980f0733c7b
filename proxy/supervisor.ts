import { rotateLog } from "./deploy/log-file.ts";
import { identify } from "./deploy/process-table.ts";
import { forgetDeployment, logFile, readDeployment, type StateDir, stateDirAt, writeDeployment } from "./deploy/state-dir.ts";
import { type ServiceExit, type ServiceOrder, SupervisedService } from "./deploy/supervised-service.ts";
import type { Deployment } from "./deployment.ts";
import type { RestartTimes } from "./restart.ts";

/** Environment variable that marks the supervisor and all that it starts with their state directory. */
export const homeVariable = "PLIMSOLL_SUPERVISED_HOME";

/** Sent by `deploy.sh` as the first message; the supervisor has no other configuration. */
export interface SupervisorOrder {
  home: string;
  /** Started in this order, stopped in the reverse. */
  services: ServiceOrder[];
  timing: RestartTimes;
  deployment: Omit<Deployment, "supervisorPid" | "services" | "embedded"> & {
    embedded: Omit<NonNullable<Deployment["embedded"]>, "supervisorStart">;
  };
}

/**
 * From `deploy.sh`: `start` once, then `keep` when the deployment is healthy. Until `keep` the supervisor belongs to
 * the `deploy.sh` that started it: when that one ends, by whatever signal, everything is stopped again.
 */
export type ToSupervisor = { type: "start"; order: SupervisorOrder } | { type: "keep" };
export type FromSupervisor = { type: "started" } | { type: "kept" } | { type: "exited"; exit: ServiceExit };

const rotateEveryMs = 5_000;

/** Keeps services running and `deployment.json` true to them. */
export class Supervisor {
  readonly #order: SupervisorOrder;
  readonly #dir: StateDir;
  readonly #services: SupervisedService[];
  readonly #onExit: (exit: ServiceExit) => void;
  readonly #start: string;
  #rotation: NodeJS.Timeout | undefined;

  constructor(order: SupervisorOrder, onExit: (exit: ServiceExit) => void) {
    this.#order = order;
    this.#onExit = onExit;
    this.#dir = stateDirAt(order.home);
    this.#start = identify(process.pid)?.start ?? "";
    this.#services = order.services.map(
      (service) =>
        new SupervisedService(service, order.timing, {
          onStart: ({ name, pid, restarts }) => this.#record("started", { service: name, pid, restarts }),
          onWorkerDied: ({ name, restarts }) => this.#record("worker-died", { service: name, restarts }),
          onExit: (exit) => {
            this.#record("exited", { ...exit });
            this.#onExit(exit);
          },
        }),
    );
  }

  start(): void {
    this.#record("supervising", { pid: process.pid });
    for (const service of this.#services) service.start();
    const logs = [...this.#order.services.map((service) => service.logFile), logFile(this.#dir, "supervisor")];
    this.#rotation = setInterval(() => {
      try {
        for (const log of logs) rotateLog(log);
      } catch (error) {
        this.#log("rotation-failed", { error: String(error) });
      }
    }, rotateEveryMs);
  }

  /** The services run another build from now on: `deploy.sh` has reloaded them, and put it into the record. */
  adoptBuild(): void {
    const build = readDeployment(this.#dir)?.embedded?.build;
    if (build !== undefined) this.#order.deployment.embedded.build = build;
    this.#record("build-adopted", { build });
  }

  /** Lets each service drain, the edge first, so that no request in flight loses its backend. */
  async stop(reason: string): Promise<void> {
    this.#log("stopping", { reason });
    clearInterval(this.#rotation);
    for (const service of this.#services.toReversed()) await service.stop();
    forgetDeployment(this.#dir);
    this.#log("stopped", {});
  }

  #record(event: string, details: Record<string, unknown>): void {
    this.#log(event, details);
    const { deployment } = this.#order;
    try {
      writeDeployment(this.#dir, {
        ...deployment,
        embedded: { ...deployment.embedded, supervisorStart: this.#start },
        supervisorPid: process.pid,
        services: this.#services.map(({ state }) => ({
          ...state,
          container: null,
          metricsUrl: this.#order.services.find(({ name }) => name === state.name)?.metricsUrl ?? null,
          limits: { cpus: null, memoryBytes: null, enforced: false },
        })),
      });
    } catch (error) {
      // a full disk must not end what serves; the processes can still be found by their environment
      this.#log("record-failed", { error: String(error) });
    }
  }

  #log(event: string, details: Record<string, unknown>): void {
    console.log(JSON.stringify({ time: new Date().toISOString(), event, ...details }));
  }
}

function main(): void {
  let supervisor: Supervisor | null = null;
  let kept = false;
  let stopping = false;
  const stop = async (reason: string): Promise<void> => {
    if (stopping) return;
    stopping = true;
    await supervisor?.stop(reason);
    process.exit(0);
  };
  // a log that cannot be written (full disk) is no reason to stop
  process.stdout.on("error", () => {});
  const tell = (message: FromSupervisor): void => {
    // who started it may be killed at any moment; without the callback a failed send would end the supervisor
    if (process.connected) process.send?.(message, undefined, undefined, () => {});
  };
  process.on("message", (message: ToSupervisor) => {
    if (message.type === "start") {
      supervisor = new Supervisor(message.order, (exit) => tell({ type: "exited", exit }));
      supervisor.start();
      tell({ type: "started" });
    } else {
      kept = true;
      tell({ type: "kept" });
    }
  });
  process.on("disconnect", () => {
    if (!kept) void stop("deploy.sh ended before the deployment was healthy");
  });
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => void stop(signal));
  process.on("SIGHUP", () => supervisor?.adoptBuild());
}

if (import.meta.main) main();
