import { readFileSync } from "node:fs";
import { errorCode, errorMessage } from "./errors.ts";
import { exitFailed, exitUsage } from "./exit-code.ts";
import { collectAtRest } from "./idle-collection.ts";
import { createLog, type Logger } from "./log.ts";
import { type Plan, planBackend, planEdge } from "./plan.ts";
import { runChecks } from "./readiness.ts";
import { BindError, type Service } from "./service.ts";
import { ConfigError } from "./setting.ts";
import type { FromWorker, MetricValues, Question, ToWorker } from "./worker-message.ts";

/** Below this, a few thousand clients and their upstream connections end in EMFILE. */
const fewOpenFiles = 4_096;

/** One process that serves, at the primary's command; it drains when the primary is gone, too. */
export async function runWorker(name: Service["name"]): Promise<void> {
  // A terminal sends its signals to every process of the group; the primary says what they mean.
  process.on("SIGHUP", () => {});
  try {
    const { plan, build } = name === "edge" ? prepareEdge() : prepareBackend();
    let running: Running | null = null;
    process.on("message", (message: ToWorker) => {
      if (message.type !== "start") running?.on(message);
      else {
        start(message, plan, build).then(
          (started) => {
            running = started;
          },
          (error: unknown) => refuse(name, error),
        );
      }
    });
    const drain = () => (running === null ? process.exit(0) : running.end("drain"));
    process.on("disconnect", drain);
    for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, drain);
    await tell({ type: "plan", plan });
  } catch (error) {
    await refuse(name, error);
  }
}

/** Loads the code only here: a process that merely tells its plan does without. */
type Build = () => Promise<{ service: Service; log: Logger }>;

async function start({ ticketKey, listenFds }: Extract<ToWorker, { type: "start" }>, plan: Plan, build: Build): Promise<Running> {
  if (listenFds === undefined) throw new Error("the primary is of an older build: stop the service and start it anew");
  const { service, log } = await build();
  process.on("uncaughtException", (error) => {
    log.fatal({ event: "crashed", err: error });
    process.stderr.write(`${service.name} crashed: ${errorMessage(error)}\n`);
    process.exit(exitFailed);
  });
  service.setTicketKey(Buffer.from(ticketKey, "base64"));
  await service.listen(plan.listen, listenFds);
  collectAtRest();
  await tell({ type: "listening" });
  return new Running(service, log);
}

async function refuse(name: Service["name"], error: unknown): Promise<never> {
  const usage = error instanceof ConfigError;
  const cause =
    error instanceof BindError ? error.message : `${name} cannot start: ${`${errorCode(error)} ${errorMessage(error)}`.trim()}`;
  await tell({ type: "failed", exitCode: usage ? exitUsage : exitFailed, lines: usage ? error.problems : [cause] });
  process.exit(exitFailed);
}

class Running {
  readonly #service: Service;
  readonly #log: Logger;
  #ending = false;

  constructor(service: Service, log: Logger) {
    this.#service = service;
    this.#log = log;
  }

  on(message: ToWorker): void {
    if (message.type === "drain" || message.type === "retire") this.end(message.type);
    else if (message.type === "cut") this.#service.cut();
    else if (message.type === "ticket-key") this.#service.setTicketKey(Buffer.from(message.ticketKey, "base64"));
    else if (message.type === "ask") void this.#answer(message.id, message.question);
  }

  /** Called again it only hastens; the first call sees to the end of the process. */
  end(how: "drain" | "retire"): void {
    const ended = this.#service[how]();
    if (this.#ending) return void ended.catch(() => {});
    this.#ending = true;
    this.#log.debug({ event: how === "drain" ? "draining" : "retiring" });
    ended.then(
      async (connectionsCut) => {
        await tell({ type: "drained", connectionsCut, metrics: await this.#metrics() });
        process.exit(0);
      },
      (error: unknown) => {
        this.#log.fatal({ event: "drain-failed", err: error });
        process.exit(exitFailed);
      },
    );
  }

  async #answer(id: number, question: Question): Promise<void> {
    const answer = question === "metrics" ? await this.#metrics() : await runChecks(this.#service.checks);
    await tell({ type: "answer", id, answer });
  }

  async #metrics(): Promise<MetricValues> {
    return ((await this.#service.metrics?.getMetricsAsJSON()) ?? []) as unknown as MetricValues;
  }
}

function prepareEdge(): { plan: Plan; build: Build } {
  const { config, plan } = planEdge(process.env);
  const build: Build = async () => {
    const { createEdge } = await import("./edge.ts");
    const log = createLog("edge", config.logLevel);
    return { service: createEdge(config, log), log };
  };
  return { plan, build };
}

function prepareBackend(): { plan: Plan; build: Build } {
  const { config, plan } = planBackend(process.env);
  const build: Build = async () => {
    const { createBackend } = await import("./backend.ts");
    const log = createLog("backend", config.logLevel);
    return { service: createBackend(config, log, hostWarnings()), log };
  };
  return { plan, build };
}

/** What the operator should know although the service runs. */
function hostWarnings(): string[] {
  const limit = /^Max open files\s+(\d+)/m.exec(readText("/proc/self/limits"))?.[1];
  if (limit === undefined || Number(limit) >= fewOpenFiles) return [];
  return [`only ${limit} open files allowed: raise the limit (ulimit -n) to ${fewOpenFiles} or more`];
}

function readText(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

/** Resolves when it is on its way, or nobody is there to tell. */
function tell(message: FromWorker): Promise<void> {
  return new Promise((resolve) => {
    if (process.connected && process.send) process.send(message, undefined, undefined, () => resolve());
    else resolve();
  });
}
