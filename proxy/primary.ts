import cluster from "node:cluster";
import { fileURLToPath } from "node:url";
import { type Admin, createAdmin } from "./admin.ts";
import { errorCode, errorMessage } from "./errors.ts";
import { exitFailed, exitUsage } from "./exit-code.ts";
import { createLog, type Logger } from "./log.ts";
import { type Plan, planService } from "./plan.ts";
import { BindError, type Service } from "./service.ts";
import { ConfigError } from "./setting.ts";
import { TicketKeys } from "./ticket-keys.ts";
import { WorkerStartError } from "./worker-handle.ts";
import { WorkerMetrics } from "./worker-metrics.ts";
import { mergeReadiness } from "./worker-readiness.ts";
import { defaultRestart, Workers } from "./workers.ts";

const entry = fileURLToPath(new URL(import.meta.url.endsWith(".ts") ? "./main.ts" : "./main.js", import.meta.url));

/** The process that a service is known by: it serves nothing itself, but sees that its workers do. */
export async function runPrimary(args: readonly string[]): Promise<void> {
  const [name, ...rest] = args;
  if ((name !== "edge" && name !== "backend") || rest.length > 0) {
    fail(exitUsage, [`got ${JSON.stringify(args.join(" "))}: expected "edge" or "backend", and nothing else`]);
  }
  process.on("uncaughtException", (error) => fail(exitFailed, [`${name} crashed: ${errorMessage(error)}`]));
  try {
    const plan = planService(name, process.env);
    const primary = new Primary(name, plan);
    const listening = await primary.start(plan);
    say({ event: "listening", service: name, ...listening });
    primary.obeySignals();
  } catch (error) {
    if (error instanceof ConfigError) fail(exitUsage, error.problems);
    if (error instanceof WorkerStartError) fail(error.exitCode, error.lines);
    if (error instanceof BindError) fail(exitFailed, [error.message]);
    fail(exitFailed, [`${name} cannot start: ${errorCode(error)} ${errorMessage(error)}`]);
  }
}

class Primary {
  readonly #name: Service["name"];
  readonly #log: Logger;
  readonly #workers: Workers;
  readonly #ticketKeys: TicketKeys;
  readonly #admin: Admin;
  #draining: Promise<void> | null = null;
  #reloading: Promise<void> | null = null;
  /** A port that the system chose stays the same for every later worker. */
  #ports: Readonly<Record<string, string>> = {};

  constructor(name: Service["name"], { logLevel, ticketKeyLifeMs }: Plan) {
    this.#name = name;
    this.#log = createLog(name, logLevel);
    this.#workers = new Workers({
      log: this.#log,
      restart: defaultRestart,
      ticketKey: () => this.#ticketKeys.current,
      onDied: () => {
        metrics.died();
        // The supervisor counts it with the restarts of the service, which a measurement looks at.
        if (process.connected) process.send?.({ type: "worker-died" }, undefined, undefined, () => {});
      },
      onDeparted: (values) => void metrics.depart(values),
    });
    const metrics = new WorkerMetrics(this.#workers);
    this.#ticketKeys = new TicketKeys(ticketKeyLifeMs, (ticketKey) => this.#workers.broadcast({ type: "ticket-key", ticketKey }));
    this.#admin = createAdmin({
      readiness: async () => mergeReadiness(await this.#workers.ask("readiness"), this.#draining !== null),
      metrics,
    });
  }

  async start({ workers, admin, portSetting }: Plan): Promise<{ port: number; adminPort?: number }> {
    cluster.schedulingPolicy = cluster.SCHED_RR;
    cluster.setupPrimary({ exec: entry, args: [this.#name] });
    const adminPort = admin && (await this.#admin.listen(admin.host, admin.port));
    const port = await this.#workers.start(workers);
    this.#ports = { [portSetting]: String(port) };
    return { port, ...(adminPort !== null && { adminPort }) };
  }

  obeySignals(): void {
    for (const signal of ["SIGTERM", "SIGINT"] as const) {
      process.on(signal, () => {
        // Asked twice: whoever waits has no patience left.
        if (this.#draining !== null) return this.#workers.cut();
        this.#log.info({ event: "draining", signal });
        this.#draining = this.#drain();
      });
    }
    process.on("SIGHUP", () => void this.#reload());
  }

  async #drain(): Promise<void> {
    const connectionsCut = await this.#workers.drain();
    await this.#admin.close();
    this.#log.info({ event: "stopped", connectionsCut });
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
      const { workers } = planService(service, process.env, this.#ports);
      await this.#workers.reload(workers);
      say({ event: "reloaded", service, workers: this.#workers.serving.map(({ pid }) => pid) });
    } catch (error) {
      const known = error instanceof ConfigError ? error.problems : error instanceof WorkerStartError ? error.lines : null;
      say({ event: "reload-failed", service, problems: known ?? [errorMessage(error)], remedy: "the old workers go on" });
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
