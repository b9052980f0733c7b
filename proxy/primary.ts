import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Admin } from "./admin.ts";
import { errorMessage } from "./errors.ts";
import { exitFailed, exitUsage } from "./exit-code.ts";
import { workerFlags } from "./heap-flags.ts";
import { createLog, type Logger } from "./log.ts";
import { defaultRestart } from "./restart.ts";
import { BindError, type Service } from "./service.ts";
import { TicketKeys } from "./ticket-keys.ts";
import { WorkerStartError } from "./worker-handle.ts";
import { WorkerMetrics } from "./worker-metrics.ts";
import { mergeReadiness } from "./worker-readiness.ts";
import { Workers } from "./workers.ts";

const entry = fileURLToPath(new URL(import.meta.url.endsWith(".ts") ? "./main.ts" : "./main.js", import.meta.url));

/** The process that a service is known by: it serves nothing itself, but sees that its workers do. */
export async function runPrimary(args: readonly string[]): Promise<void> {
  const [name, ...rest] = args;
  if ((name !== "edge" && name !== "backend") || rest.length > 0) {
    fail(exitUsage, [`got ${JSON.stringify(args.join(" "))}: expected "edge" or "backend", and nothing else`]);
  }
  process.on("uncaughtException", (error) => fail(exitFailed, [`${name} crashed: ${errorMessage(error)}`]));
  try {
    await new Primary(name).run();
  } catch (error) {
    if (error instanceof WorkerStartError) fail(error.exitCode, error.lines);
    fail(exitFailed, [error instanceof BindError ? error.message : `${name} cannot start: ${errorMessage(error)}`]);
  }
}

class Primary {
  readonly #name: Service["name"];
  readonly #workers: Workers;
  readonly #metrics: WorkerMetrics;
  readonly #keys = new TicketKeys();
  #log: Logger | null = null;
  #admin: Admin | null = null;
  #draining: Promise<void> | null = null;
  #reloading: Promise<void> | null = null;

  constructor(name: Service["name"]) {
    this.#name = name;
    this.#workers = new Workers({
      restart: defaultRestart,
      // Those that start from now on: the limits may have changed since.
      fork: (fds) =>
        fork(entry, [name, "worker"], {
          execArgv: workerFlags(name),
          stdio: ["inherit", "inherit", "inherit", "ipc", ...fds],
        }),
      ticketKey: () => this.#keys.current,
      onDied: (death) => {
        this.#log?.error({ event: "worker-died", ...death });
        if (death.worker === null) return;
        this.#metrics.died();
        // The supervisor counts it with the restarts of the service, which a measurement looks at.
        if (process.connected) process.send?.({ type: "worker-died" }, undefined, undefined, () => {});
      },
      onDeparted: (values) => void this.#metrics.depart(values),
    });
    this.#metrics = new WorkerMetrics(this.#workers);
  }

  /** Resolves when all listen, and has said so. Rejects with what is for the user. */
  async run(): Promise<void> {
    const { port, plan } = await this.#workers.start();
    this.#log = createLog(this.#name, plan.logLevel);
    this.#keys.rotateEvery(plan.ticketKeyLifeMs, (ticketKey) => this.#workers.broadcast({ type: "ticket-key", ticketKey }));
    const adminPort = plan.admin && (await this.#openAdmin(plan.admin));
    // Before it is said: who has heard it may send one at once.
    this.#obeySignals();
    say({ event: "listening", service: this.#name, port, ...(adminPort !== null && { adminPort }) });
  }

  // Loaded where it is wanted: the backend's primary has none.
  async #openAdmin({ host, port }: { host: string; port: number }): Promise<number> {
    const { createAdmin } = await import("./admin.ts");
    const readiness = async () => mergeReadiness(await this.#workers.ask("readiness"), this.#draining !== null);
    this.#admin = createAdmin({ readiness, metrics: this.#metrics });
    return this.#admin.listen(host, port);
  }

  #obeySignals(): void {
    for (const signal of ["SIGTERM", "SIGINT"] as const) {
      process.on(signal, () => {
        // Asked twice: whoever waits has no patience left.
        if (this.#draining !== null) return this.#workers.cut();
        this.#log?.info({ event: "draining", signal });
        this.#draining = this.#drain();
      });
    }
    process.on("SIGHUP", () => void this.#reload());
  }

  async #drain(): Promise<void> {
    const connectionsCut = await this.#workers.drain();
    await this.#admin?.close();
    this.#log?.info({ event: "stopped", connectionsCut });
    process.exit(0);
  }

  /** With configuration, certificate and code as they are now. What comes of it is told on stdout, whatever the level. */
  async #reload(): Promise<void> {
    // Whoever asks during a reload has changed something that it may have read already.
    while (this.#reloading !== null) await this.#reloading;
    if (this.#draining !== null) return;
    this.#reloading = this.#replaceAll();
    await this.#reloading;
    this.#reloading = null;
  }

  async #replaceAll(): Promise<void> {
    const service = this.#name;
    try {
      await this.#workers.reload();
      say({ event: "reloaded", service, workers: this.#workers.serving.map(({ pid }) => pid) });
    } catch (error) {
      const problems = error instanceof WorkerStartError ? error.lines : [errorMessage(error)];
      say({ event: "reload-failed", service, problems, remedy: "the old workers go on" });
    }
  }
}

/** For whoever started the process, as a line of its log. */
function say(line: { event: string } & Record<string, unknown>): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

function fail(exitCode: number, lines: readonly string[]): never {
  process.stderr.write(lines.map((line) => `${line}\n`).join(""));
  process.exit(exitCode);
}
