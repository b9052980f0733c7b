import type { ChildProcess } from "node:child_process";
import type { Plan } from "./plan.ts";
import type { Answers, FromWorker, MetricValues, Question, ToWorker } from "./worker-message.ts";

export interface WorkerExit {
  /** Exit code or signal, for a log. */
  readonly cause: string;
  readonly connectionsCut: number;
  /** What it had counted; null when it was killed before anybody asked. */
  readonly metrics: MetricValues | null;
}

/** A worker cannot start; `lines` are for the user. */
export class WorkerStartError extends Error {
  readonly exitCode: number;
  readonly lines: readonly string[];

  constructor(exitCode: number, lines: readonly string[]) {
    super(lines.join("; "));
    this.name = "WorkerStartError";
    this.exitCode = exitCode;
    this.lines = lines;
  }
}

/** A scrape or a probe waits no longer for a worker that is stuck. */
const answerTimeoutMs = 3_000;

/** One worker as its primary sees it. */
export class WorkerHandle {
  /** Resolves when it has read its configuration, and waits for `start`; rejects with WorkerStartError. */
  readonly planned: Promise<Plan>;
  /** Resolves when it accepts connections; rejects with WorkerStartError. */
  readonly listening: Promise<void>;
  readonly exited: Promise<WorkerExit>;
  readonly #worker: ChildProcess;
  readonly #asked = new Map<number, (answer: unknown) => void>();
  #plan: Plan | null = null;
  #isListening = false;
  #asks = 0;
  #connectionsCut = 0;
  #metrics: MetricValues | null = null;

  constructor(worker: ChildProcess, startTimeoutMs: number) {
    this.#worker = worker;
    const [planned, listening] = [Promise.withResolvers<Plan>(), Promise.withResolvers<void>()];
    this.planned = planned.promise;
    this.listening = listening.promise;
    const fail = (exitCode: number, lines: readonly string[]) => {
      const error = new WorkerStartError(exitCode, lines);
      for (const { promise, reject } of [planned, listening]) {
        // Nobody waits for a worker that is killed while it starts.
        promise.catch(() => {});
        reject(error);
      }
    };
    const late = setTimeout(
      () => fail(1, [`worker ${this.pid} did not listen within ${startTimeoutMs / 1_000} s`]),
      startTimeoutMs,
    );
    worker.on("message", (message: FromWorker) => {
      if (message.type === "plan") {
        this.#plan = message.plan;
        planned.resolve(message.plan);
      } else if (message.type === "listening") {
        clearTimeout(late);
        this.#isListening = true;
        listening.resolve();
      } else if (message.type === "failed") fail(message.exitCode, message.lines);
      else if (message.type === "answer") this.#asked.get(message.id)?.(message.answer);
      else if (message.type === "drained") {
        this.#connectionsCut = message.connectionsCut;
        this.#metrics = message.metrics;
      }
    });
    this.exited = new Promise((resolve) => {
      const end = (cause: string) => {
        clearTimeout(late);
        fail(1, [`worker ${this.pid} ${cause} while it started`]);
        for (const answer of this.#asked.values()) answer(null);
        resolve({ cause, connectionsCut: this.#connectionsCut, metrics: this.#metrics });
      };
      worker.once("exit", (code, signal) => {
        const cause = signal ? `was ended by ${signal}` : `exited with code ${code}`;
        // What it had said before it ended may still have to be read; its channel ends after that.
        if (worker.connected) worker.once("disconnect", () => end(cause));
        else end(cause);
      });
      // Without a process there will be no "exit"; otherwise it is about a message, which matters to nobody.
      worker.on("error", (error: Error) => {
        if (worker.pid === undefined) end(`could not be started: ${error.message}`);
      });
    });
  }

  get pid(): number {
    return this.#worker.pid ?? 0;
  }

  /** Null until `planned` resolves. */
  get plan(): Plan | null {
    return this.#plan;
  }

  /** True once `listening` has resolved. */
  get isListening(): boolean {
    return this.#isListening;
  }

  /** The latest that is known; null before anybody asked. */
  get metrics(): MetricValues | null {
    return this.#metrics;
  }

  send(message: ToWorker): void {
    // One that ends at this moment hears nothing, and needs not.
    if (this.#worker.connected) this.#worker.send(message, () => {});
  }

  /** Null when it does not answer in time, or ends. */
  async ask<Q extends Question>(question: Q): Promise<Answers[Q] | null> {
    const id = this.#asks++;
    const answer = await new Promise<Answers[Q] | null>((resolve) => {
      const timer = setTimeout(() => resolve(null), answerTimeoutMs);
      this.#asked.set(id, (value) => {
        clearTimeout(timer);
        resolve(value as Answers[Q] | null);
      });
      if (!this.#worker.connected) resolve(null);
      this.send({ type: "ask", id, question });
    });
    this.#asked.delete(id);
    if (question === "metrics" && answer !== null) this.#metrics = answer as MetricValues;
    return answer;
  }

  kill(): void {
    this.#worker.kill("SIGKILL");
  }
}
