import type { ChildProcess } from "node:child_process";
import { exitFailed } from "./exit-code.ts";
import type { Plan } from "./plan.ts";
import { Port } from "./port.ts";
import { Restart, type RestartTimes } from "./restart.ts";
import { BindError, type ListenAddress } from "./service.ts";
import { WorkerHandle, WorkerStartError } from "./worker-handle.ts";
import type { Answers, MetricValues, Question, ToWorker } from "./worker-message.ts";

export interface WorkersOptions {
  /** Starts a process with an IPC channel that inherits `fds`, as its descriptors from 4 on. */
  readonly fork: (fds: readonly number[]) => ChildProcess;
  readonly ticketKey: () => string;
  /** A worker ended that was not told to, or its replacement could not start. */
  readonly onDied: (death: { worker: number | null; cause: string; restartInMs: number }) => void;
  /** What a worker that has drained had counted. */
  readonly onDeparted: (metrics: MetricValues) => void;
  readonly restart: RestartTimes;
}

/** A start takes a third of a second, and many times that where the CPU is overloaded. */
const startTimeoutMs = 30_000;
const killAfterMs = 1_000;
/**
 * What a worker inherits the port as, after the standard streams and the IPC channel; see Intake. Beside 50 busy connections
 * two descriptors let in twice as many new ones a second as one did, and cost the busy ones nothing; four and eight did.
 */
const listenFds = [4, 5] as const;

/**
 * The processes that serve, on one listening socket that is inherited from this one: workers come, go and die, and
 * connections wait in its queue meanwhile. SO_REUSEPORT would lose those in the queue of a worker that ends, and let a
 * second deployment share the port unnoticed.
 */
export class Workers {
  readonly #options: WorkersOptions;
  readonly #serving = new Set<WorkerHandle>();
  readonly #leaving = new Set<WorkerHandle>();
  #plan: Plan | null = null;
  #port: Port | null = null;
  #ending = false;
  #replacing = false;
  readonly #restart: Restart;

  constructor(options: WorkersOptions) {
    this.#options = options;
    this.#restart = new Restart(options.restart, () => void this.#replace());
  }

  /** Workers that take connections. */
  get serving(): readonly WorkerHandle[] {
    return [...this.#serving];
  }

  /**
   * Resolves once as many serve as the first one's plan asks for, on the port as bound. Rejects with WorkerStartError;
   * then none is left.
   */
  async start(): Promise<{ port: number; plan: Plan }> {
    const { started, plan, port } = await this.#startGeneration().catch(async (error: unknown) => {
      await this.drain();
      throw error;
    });
    this.#keep(plan, port);
    for (const worker of started) this.#adopt(worker);
    return { port: port.number, plan };
  }

  /**
   * Starts workers anew, with code, configuration and certificate as they are on disk now; once all are ready, those
   * that served until then retire. Rejects with WorkerStartError when one cannot start; then all is as it was.
   */
  async reload(): Promise<void> {
    const { started, plan, port } = await this.#startGeneration();
    if (this.#ending) {
      for (const worker of started) this.#discard(worker);
      port.close();
      return;
    }
    this.#restart.cancel();
    const replaced = [...this.#serving];
    this.#keep(plan, port);
    for (const worker of started) this.#adopt(worker);
    // Two generations at most: those that were leaving already make haste.
    for (const worker of this.#leaving) this.#dismiss(worker, "drain");
    for (const worker of replaced) this.#dismiss(worker, "retire");
  }

  /** Resolves once every worker has ended, to the number of connections that were cut. */
  async drain(): Promise<number> {
    this.#ending = true;
    this.#restart.cancel();
    for (const worker of [...this.#serving, ...this.#leaving]) this.#dismiss(worker, "drain");
    // Theirs go on for the delay; afterwards nobody is to wait for what will not come.
    this.#port?.close();
    let cut = 0;
    // A start that was under way adds those that accept already.
    while (this.#leaving.size > 0) {
      const exits = await Promise.all([...this.#leaving].map((worker) => worker.exited));
      for (const { connectionsCut } of exits) cut += connectionsCut;
    }
    return cut;
  }

  /** Ends a drain now. */
  cut(): void {
    this.broadcast({ type: "cut" });
  }

  broadcast(message: ToWorker): void {
    for (const worker of [...this.#serving, ...this.#leaving]) worker.send(message);
  }

  /** The answers of those that serve and those that leave; null from who does not answer in time. */
  async ask<Q extends Question>(question: Q): Promise<{ worker: WorkerHandle; serving: boolean; answer: Answers[Q] | null }[]> {
    const all = [...this.#serving, ...this.#leaving];
    return Promise.all(
      all.map(async (worker) => {
        const serving = this.#serving.has(worker);
        return { worker, serving, answer: await worker.ask(question) };
      }),
    );
  }

  /**
   * As many as the first one's plan asks for. The plan is a worker's: it has the code that will serve. Where it names another
   * port than the one held, that is bound, and workers start that inherit it. Rejects with WorkerStartError; then all is as it was.
   */
  async #startGeneration(): Promise<{ started: WorkerHandle[]; plan: Plan; port: Port }> {
    const held = this.#port;
    const first = this.#fork(held);
    const plan = await first.planned.catch((error: unknown) => {
      first.kill();
      throw error;
    });
    if (held?.isFor(plan.listen)) return { started: await this.#startAll(plan.count, held, [first]), plan, port: held };
    first.kill();
    const port = bind(plan.listen);
    try {
      return { started: await this.#startAll(plan.count, port), plan, port };
    } catch (error) {
      port.close();
      throw error;
    }
  }

  async #startAll(count: number, port: Port, started: WorkerHandle[] = []): Promise<WorkerHandle[]> {
    try {
      while (started.length < count) started.push(this.#fork(port));
      await Promise.all(started.map((worker) => this.#startOne(worker)));
      return started;
    } catch (error) {
      const killed = started.filter((worker) => !this.#discard(worker));
      await Promise.all(killed.map((worker) => worker.exited));
      throw error;
    }
  }

  #fork(port: Port | null): WorkerHandle {
    const fds = port === null ? [] : listenFds.map(() => port.fd);
    return new WorkerHandle(this.#options.fork(fds), startTimeoutMs);
  }

  async #startOne(worker: WorkerHandle): Promise<void> {
    await worker.planned;
    worker.send({ type: "start", ticketKey: this.#options.ticketKey(), listenFds });
    await worker.listening;
  }

  #keep(plan: Plan, port: Port): void {
    if (this.#port !== port) this.#port?.close();
    this.#plan = plan;
    this.#port = port;
  }

  #adopt(worker: WorkerHandle): void {
    this.#serving.add(worker);
    // The key may have changed since it started.
    worker.send({ type: "ticket-key", ticketKey: this.#options.ticketKey() });
    const adoptedMs = performance.now();
    void worker.exited.then(({ cause, metrics }) => {
      if (metrics !== null) this.#options.onDeparted(metrics);
      this.#leaving.delete(worker);
      if (!this.#serving.delete(worker) || this.#ending) return;
      this.#restart.livedFor(performance.now() - adoptedMs);
      this.#options.onDied({ worker: worker.pid, cause, restartInMs: this.#restart.later() });
    });
  }

  async #replace(): Promise<void> {
    const [plan, port] = [this.#plan, this.#port];
    const missing = (plan?.count ?? 0) - this.#serving.size;
    if (this.#replacing || missing <= 0 || port === null) return;
    this.#replacing = true;
    let failure: string | null = null;
    try {
      const started = await this.#startAll(missing, port);
      // A reload may have come between; it has started all that are wanted.
      if (this.#ending || this.#plan !== plan) for (const worker of started) this.#discard(worker);
      else for (const worker of started) this.#adopt(worker);
    } catch (error) {
      failure = String(error);
    }
    this.#replacing = false;
    // Another may have died meanwhile.
    if (this.#ending || this.#serving.size >= (this.#plan?.count ?? 0)) return;
    const restartInMs = this.#restart.later();
    if (failure !== null) this.#options.onDied({ worker: null, cause: failure, restartInMs });
  }

  /** By its own times, which it goes by; those of a later plan may be shorter. */
  #dismiss(worker: WorkerHandle, how: "drain" | "retire"): void {
    this.#serving.delete(worker);
    this.#leaving.add(worker);
    worker.send({ type: how });
    const deadlineMs = (how === "drain" ? worker.plan?.drainMs : worker.plan?.retireMs) ?? 0;
    const kill = setTimeout(() => worker.kill(), deadlineMs + killAfterMs);
    void worker.exited.then(() => clearTimeout(kill));
  }

  /** For one that was started, and is not wanted after all. True: it accepts already, so that it leaves when it has drained. */
  #discard(worker: WorkerHandle): boolean {
    if (worker.isListening) {
      this.#adopt(worker);
      this.#dismiss(worker, "drain");
    } else worker.kill();
    return worker.isListening;
  }
}

function bind(address: ListenAddress): Port {
  try {
    return new Port(address);
  } catch (error) {
    throw error instanceof BindError ? new WorkerStartError(exitFailed, [error.message]) : error;
  }
}
