import type { Worker } from "node:cluster";
import type { Socket } from "node:net";
import type { Taker } from "./acceptor.ts";
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
export class WorkerHandle implements Taker {
  /** Resolves when it has read its configuration, and waits for `start`; rejects with WorkerStartError. */
  readonly planned: Promise<Plan>;
  /** Resolves when it takes connections; rejects with WorkerStartError. */
  readonly listening: Promise<void>;
  readonly exited: Promise<WorkerExit>;
  readonly #worker: Worker;
  readonly #asked = new Map<number, (answer: unknown) => void>();
  readonly #handed = new Map<number, (taken: boolean) => void>();
  #asks = 0;
  #hands = 0;
  #connectionsCut = 0;
  #metrics: MetricValues | null = null;

  constructor(worker: Worker, startTimeoutMs: number) {
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
      if (message.type === "plan") planned.resolve(message.plan);
      else if (message.type === "listening") {
        clearTimeout(late);
        listening.resolve();
      } else if (message.type === "failed") fail(message.exitCode, message.lines);
      else if (message.type === "answer") this.#asked.get(message.id)?.(message.answer);
      else if (message.type === "taken") this.#handed.get(message.id)?.(message.taken);
      else if (message.type === "drained") {
        this.#connectionsCut = message.connectionsCut;
        this.#metrics = message.metrics;
      }
    });
    worker.once("exit", () => afterNextPoll(() => this.#endHanding()));
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

  /** The latest that is known; null before anybody asked. */
  get metrics(): MetricValues | null {
    return this.#metrics;
  }

  send(message: ToWorker): void {
    // One that ends at this moment hears nothing, and needs not.
    if (this.#worker.isConnected()) this.#worker.send(message, undefined, () => {});
  }

  async hand(socket: Socket): Promise<boolean> {
    const id = this.#hands++;
    const taken = await new Promise<boolean>((resolve) => {
      this.#handed.set(id, resolve);
      // One that is never confirmed (a worker without descriptors cannot even be told of it) must not keep the others waiting.
      socket.once("close", () => resolve(true));
      if (!this.#worker.isConnected()) return resolve(false);
      const message: ToWorker = { type: "connection", id };
      this.#worker.send(message, socket, { keepOpen: true }, (error) => error && resolve(false));
    });
    this.#handed.delete(id);
    return taken;
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

  /** What it took before it ended is lost with it, the rest is not. */
  #endHanding(): void {
    for (const taken of this.#handed.values()) taken(false);
  }

  kill(): void {
    this.#worker.process.kill("SIGKILL");
  }
}

/**
 * When the event loop has looked for input once more: what a process had written before it ended has been read by then.
 * "disconnect" would say so, but does not come while a connection is on its way to the process (Node waits for a receipt).
 */
function afterNextPoll(then: () => void): void {
  setImmediate(() => setImmediate(then));
}
