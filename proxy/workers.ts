import cluster from "node:cluster";
import { Acceptor } from "./acceptor.ts";
import { errorMessage } from "./errors.ts";
import { exitFailed } from "./exit-code.ts";
import type { Plan } from "./plan.ts";
import { BindError } from "./service.ts";
import { WorkerHandle, WorkerStartError } from "./worker-handle.ts";
import type { Answers, MetricValues, Question, ToWorker } from "./worker-message.ts";

export interface WorkersOptions {
  readonly ticketKey: () => string;
  /** A worker ended that was not told to, or its replacement could not start. */
  readonly onDied: (death: { worker: number | null; cause: string; restartInMs: number }) => void;
  /** What a worker that has drained had counted. */
  readonly onDeparted: (metrics: MetricValues) => void;
  readonly restart: { readonly firstMs: number; readonly maxMs: number; readonly stableMs: number };
}

/** From a quarter of a second, so that a crash costs little, to ten, so that a crash loop costs nothing. */
export const defaultRestart = { firstMs: 250, maxMs: 10_000, stableMs: 60_000 } as const;

/** A start takes a third of a second, and many times that where the CPU is overloaded. */
const startTimeoutMs = 30_000;
const killAfterMs = 1_000;

/**
 * The processes that serve, behind one listening socket of this one: the primary accepts a connection and hands it to a
 * worker, so that workers come, go and die without a connection refused. SO_REUSEPORT would lose those in the queue of a
 * worker that ends, and let a second deployment share the port unnoticed.
 */
export class Workers {
  readonly #options: WorkersOptions;
  readonly #serving = new Set<WorkerHandle>();
  readonly #leaving = new Set<WorkerHandle>();
  readonly #acceptor = new Acceptor();
  #plan: Plan | null = null;
  #ending = false;
  #replacing = false;
  #restartTimer: NodeJS.Timeout | undefined;
  #restartMs: number;

  constructor(options: WorkersOptions) {
    this.#options = options;
    this.#restartMs = options.restart.firstMs;
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
    const { started, plan, port } = await this.#startGeneration();
    this.#plan = plan;
    for (const worker of started) this.#adopt(worker);
    return { port, plan };
  }

  /**
   * Starts workers anew, with code, configuration and certificate as they are on disk now; once all are ready, those
   * that served until then retire. Rejects with WorkerStartError when one cannot start; then all is as it was.
   */
  async reload(): Promise<void> {
    const { started, plan } = await this.#startGeneration();
    if (this.#ending) {
      for (const worker of started) worker.kill();
      return;
    }
    clearTimeout(this.#restartTimer);
    const replaced = [...this.#serving];
    this.#plan = plan;
    for (const worker of started) this.#adopt(worker);
    // Two generations at most: those that were leaving already make haste.
    for (const worker of this.#leaving) this.#dismiss(worker, "drain", plan.drainMs);
    for (const worker of replaced) {
      this.#acceptor.remove(worker);
      this.#dismiss(worker, "retire", plan.retireMs);
    }
  }

  /** Resolves once every worker has ended, to the number of connections that were cut. */
  async drain(): Promise<number> {
    this.#ending = true;
    clearTimeout(this.#restartTimer);
    for (const worker of [...this.#serving, ...this.#leaving]) this.#dismiss(worker, "drain", this.#plan?.drainMs ?? 0);
    setTimeout(() => this.#acceptor.close(), this.#plan?.drainDelayMs ?? 0);
    const ended = await Promise.all([...this.#leaving].map((worker) => worker.exited));
    return ended.reduce((sum, { connectionsCut }) => sum + connectionsCut, 0);
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

  /** As many as its own plan asks for, and the port open that it names. Rejects with WorkerStartError; then all is as it was. */
  async #startGeneration(): Promise<{ started: WorkerHandle[]; plan: Plan; port: number }> {
    const { started, plan } = await this.#startAll(null);
    try {
      return { started, plan, port: await this.#acceptor.listen(plan.listen) };
    } catch (error) {
      for (const worker of started) worker.kill();
      throw error instanceof BindError ? new WorkerStartError(exitFailed, [errorMessage(error)]) : error;
    }
  }

  /** `count` null: as many as the first one's plan says. The plan is a worker's: it has the code that will serve. */
  async #startAll(count: number | null): Promise<{ started: WorkerHandle[]; plan: Plan }> {
    const fork = () => new WorkerHandle(cluster.fork(), startTimeoutMs);
    const first = fork();
    const started = [first];
    try {
      const plan = await first.planned;
      for (let i = 1; i < (count ?? plan.count); i++) started.push(fork());
      await Promise.all(started.map((worker) => this.#startOne(worker)));
      return { started, plan };
    } catch (error) {
      for (const worker of started) worker.kill();
      await Promise.all(started.map((worker) => worker.exited));
      throw error;
    }
  }

  async #startOne(worker: WorkerHandle): Promise<void> {
    await worker.planned;
    worker.send({ type: "start", ticketKey: this.#options.ticketKey(), connections: "handed" });
    await worker.listening;
  }

  #adopt(worker: WorkerHandle): void {
    this.#serving.add(worker);
    this.#acceptor.add(worker);
    const adoptedMs = performance.now();
    void worker.exited.then(({ cause, metrics }) => {
      if (metrics !== null) this.#options.onDeparted(metrics);
      this.#acceptor.remove(worker);
      this.#leaving.delete(worker);
      if (!this.#serving.delete(worker) || this.#ending) return;
      const { restart, onDied } = this.#options;
      if (performance.now() - adoptedMs >= restart.stableMs) this.#restartMs = restart.firstMs;
      onDied({ worker: worker.pid, cause, restartInMs: this.#replaceLater() });
    });
  }

  #replaceLater(): number {
    const restartInMs = this.#restartMs;
    clearTimeout(this.#restartTimer);
    this.#restartTimer = setTimeout(() => void this.#replace(), restartInMs);
    this.#restartMs = Math.min(restartInMs * 2, this.#options.restart.maxMs);
    return restartInMs;
  }

  async #replace(): Promise<void> {
    const plan = this.#plan;
    const missing = (plan?.count ?? 0) - this.#serving.size;
    if (this.#replacing || missing <= 0) return;
    this.#replacing = true;
    let failure: string | null = null;
    try {
      const { started } = await this.#startAll(missing);
      // A reload may have come between; it has started all that are wanted.
      if (this.#ending || this.#plan !== plan) for (const worker of started) worker.kill();
      else for (const worker of started) this.#adopt(worker);
    } catch (error) {
      failure = String(error);
    }
    this.#replacing = false;
    // Another may have died meanwhile.
    if (this.#ending || this.#serving.size >= (this.#plan?.count ?? 0)) return;
    const restartInMs = this.#replaceLater();
    if (failure !== null) this.#options.onDied({ worker: null, cause: failure, restartInMs });
  }

  #dismiss(worker: WorkerHandle, how: "drain" | "retire", deadlineMs: number): void {
    this.#serving.delete(worker);
    this.#leaving.add(worker);
    worker.send({ type: how });
    const kill = setTimeout(() => worker.kill(), deadlineMs + killAfterMs);
    void worker.exited.then(() => clearTimeout(kill));
  }
}
