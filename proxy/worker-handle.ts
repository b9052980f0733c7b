import type { Worker } from "node:cluster";
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
  /** Resolves when it takes connections; rejects with WorkerStartError. */
  readonly listening: Promise<void>;
  readonly exited: Promise<WorkerExit>;
  readonly #worker: Worker;
  readonly #asked = new Map<number, (answer: unknown) => void>();
  #port = 0;
  #asks = 0;
  #connectionsCut = 0;
  #metrics: MetricValues | null = null;

  constructor(worker: Worker, { ticketKey, startTimeoutMs }: { ticketKey: () => string; startTimeoutMs: number }) {
    this.#worker = worker;
    const listening = Promise.withResolvers<void>();
    this.listening = listening.promise;
    // Nobody waits for a worker that is killed while it starts.
    this.listening.catch(() => {});
    const fail = (exitCode: number, lines: readonly string[]) => listening.reject(new WorkerStartError(exitCode, lines));
    const late = setTimeout(
      () => fail(1, [`worker ${this.pid} did not listen within ${startTimeoutMs / 1_000} s`]),
      startTimeoutMs,
    );
    worker.on("message", (message: FromWorker) => {
      if (message.type === "hello") this.send({ type: "start", ticketKey: ticketKey() });
      else if (message.type === "listening") {
        this.#port = message.port;
        clearTimeout(late);
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
      worker.once("exit", (code: number | null, signal: string | null) => {
        end(signal ? `was ended by ${signal}` : `exited with code ${code}`);
      });
      // Without a process there will be no "exit"; otherwise it is about a message, which matters to nobody.
      worker.on("error", (error: Error) => {
        if (worker.process.pid === undefined) end(`could not be started: ${error.message}`);
      });
    });
  }

  get pid(): number {
    return this.#worker.process.pid ?? 0;
  }

  /** As bound; 0 before it listens. */
  get port(): number {
    return this.#port;
  }

  /** The latest that is known; null before anybody asked. */
  get metrics(): MetricValues | null {
    return this.#metrics;
  }

  send(message: ToWorker): void {
    // One that ends at this moment hears nothing, and needs not.
    if (this.#worker.isConnected()) this.#worker.send(message, undefined, () => {});
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
      if (!this.#worker.isConnected()) resolve(null);
      this.send({ type: "ask", id, question });
    });
    this.#asked.delete(id);
    if (question === "metrics" && answer !== null) this.#metrics = answer as MetricValues;
    return answer;
  }

  kill(): void {
    this.#worker.process.kill("SIGKILL");
  }
}
