import cluster, { type Worker } from "node:cluster";
import type { Logger } from "./log.ts";
import { WorkerHandle } from "./worker-handle.ts";
import type { Answers, MetricValues, Question, ToWorker } from "./worker-message.ts";

/** What a worker is started with; taken anew at each reload. */
export interface WorkersOrder {
  readonly count: number;
  /** Over the primary's own environment. */
  readonly env: Readonly<Record<string, string>>;
  /** The longest a drain may take; who takes longer is killed. */
  readonly drainMs: number;
  /** As `drainMs`, for a worker that was replaced. */
  readonly retireMs: number;
}

export interface WorkersOptions {
  readonly log: Logger;
  readonly ticketKey: () => string;
  /** A worker ended that was not told to. */
  readonly onDied: () => void;
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
 * The processes that serve, behind one listening socket of this one (node:cluster): the primary accepts a connection
 * and hands it to a worker, so that workers come and go without a connection lost. SO_REUSEPORT would lose those in
 * the queue of a worker that ends, and let a second deployment share the port unnoticed.
 */
export class Workers {
  readonly #options: WorkersOptions;
  readonly #serving = new Set<WorkerHandle>();
  readonly #leaving = new Set<WorkerHandle>();
  #order: WorkersOrder | null = null;
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

  /** Resolves to the port once all listen. Rejects with WorkerStartError; then nothing is left of them. */
  async start(order: WorkersOrder): Promise<number> {
    const started = await this.#startAll(order);
    this.#order = order;
    for (const worker of started) this.#adopt(worker);
    return started[0]?.port ?? 0;
  }

  /**
   * Starts as many workers as `order` says, with the code as it is on disk now; once all listen, those that served
   * until then retire. Rejects with WorkerStartError when one cannot start; then all is as it was.
   */
  async reload(order: WorkersOrder): Promise<void> {
    const started = await this.#startAll(order);
    if (this.#ending) {
      for (const worker of started) worker.kill();
      return;
    }
    clearTimeout(this.#restartTimer);
    const replaced = [...this.#serving];
    this.#order = order;
    for (const worker of started) this.#adopt(worker);
    // Two generations at most: those that were leaving already make haste.
    for (const worker of this.#leaving) worker.send({ type: "drain" });
    for (const worker of replaced) this.#dismiss(worker, "retire", order.retireMs);
  }

  /** Resolves once every worker has ended, to the number of connections that were cut. */
  async drain(): Promise<number> {
    this.#ending = true;
    clearTimeout(this.#restartTimer);
    for (const worker of [...this.#serving, ...this.#leaving]) this.#dismiss(worker, "drain", this.#order?.drainMs ?? 0);
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

  /** The answers of those that serve and those that leave, but for who does not answer in time. */
  async ask<Q extends Question>(question: Q): Promise<{ worker: WorkerHandle; serving: boolean; answer: Answers[Q] | null }[]> {
    const all = [...this.#serving, ...this.#leaving];
    return Promise.all(
      all.map(async (worker) => {
        const answer = await worker.ask(question);
        return { worker, serving: this.#serving.has(worker), answer };
      }),
    );
  }

  async #startAll(order: WorkersOrder): Promise<WorkerHandle[]> {
    const workers = Array.from({ length: order.count }, () => this.#fork(order));
    try {
      await Promise.all(workers.map((worker) => worker.listening));
      return workers;
    } catch (error) {
      for (const worker of workers) worker.kill();
      await Promise.all(workers.map((worker) => worker.exited));
      throw error;
    }
  }

  #fork({ env }: WorkersOrder): WorkerHandle {
    const worker: Worker = cluster.fork(env);
    return new WorkerHandle(worker, { ticketKey: this.#options.ticketKey, startTimeoutMs });
  }

  #adopt(worker: WorkerHandle): void {
    this.#serving.add(worker);
    const adoptedMs = performance.now();
    void worker.exited.then(({ cause, metrics }) => {
      if (metrics !== null) this.#options.onDeparted(metrics);
      this.#leaving.delete(worker);
      if (!this.#serving.delete(worker) || this.#ending) return;
      const { restart, log, onDied } = this.#options;
      if (performance.now() - adoptedMs >= restart.stableMs) this.#restartMs = restart.firstMs;
      log.error({ event: "worker-died", worker: worker.pid, cause, restartInMs: this.#restartMs });
      onDied();
      this.#replaceLater();
    });
  }

  #replaceLater(): void {
    clearTimeout(this.#restartTimer);
    this.#restartTimer = setTimeout(() => void this.#replace(), this.#restartMs);
    this.#restartMs = Math.min(this.#restartMs * 2, this.#options.restart.maxMs);
  }

  async #replace(): Promise<void> {
    const order = this.#order;
    if (order === null || this.#replacing) return;
    this.#replacing = true;
    try {
      const started = await this.#startAll({ ...order, count: order.count - this.#serving.size });
      // A reload may have come between; it has started all that are wanted.
      if (this.#ending || this.#order !== order) for (const worker of started) worker.kill();
      else for (const worker of started) this.#adopt(worker);
    } catch (error) {
      this.#options.log.error({ event: "worker-start-failed", cause: String(error), restartInMs: this.#restartMs });
    }
    this.#replacing = false;
    // Another may have died meanwhile.
    if (!this.#ending && this.#order !== null && this.#serving.size < this.#order.count) this.#replaceLater();
  }

  #dismiss(worker: WorkerHandle, how: "drain" | "retire", deadlineMs: number): void {
    this.#serving.delete(worker);
    this.#leaving.add(worker);
    worker.send({ type: how });
    const kill = setTimeout(() => worker.kill(), deadlineMs + killAfterMs);
    void worker.exited.then(() => clearTimeout(kill));
  }
}
