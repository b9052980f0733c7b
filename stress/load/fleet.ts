import { MessageChannel, Worker } from "node:worker_threads";
import type { Interval } from "../measure/tally.ts";
import type { Profile } from "../profile/profile.ts";
import { sharedNow } from "./clock.ts";
import type { Address } from "./endpoint.ts";
import type { FromWorker, ToWorker, WorkerOrder } from "./protocol.ts";

/** Time for the start order to reach every worker before the load begins. */
const startDelayMs = 50;

/**
 * The worker threads of one run, and the metronome where arrivals are paced. `onInterval` gets each worker's figures
 * as they come; `finished` resolves when every worker is done, and rejects when one died of a defect.
 */
export class Fleet {
  readonly finished: Promise<void>;
  readonly #workers: Worker[] = [];
  readonly #metronome: Worker | null;
  readonly #ready: Promise<unknown>;
  #running: number;

  constructor(profile: Profile, address: Address, onInterval: (interval: Interval) => void) {
    const of = profile.workers;
    this.#running = of;
    const nextDue = new Float64Array(new SharedArrayBuffer(of * 8)).fill(Number.POSITIVE_INFINITY);
    const ready: Promise<void>[] = [];
    const done: Promise<void>[] = [];
    for (let index = 0; index < of; index++) {
      const order: WorkerOrder = { profile, index, of, address, nextDue };
      const worker = new Worker(moduleUrl("worker"), { workerData: { order } });
      this.#workers.push(worker);
      const heard = listen(worker, onInterval);
      ready.push(heard.ready);
      done.push(heard.done.then(() => void this.#running--));
    }
    this.#ready = Promise.all(ready);
    this.#metronome = profile.load.model === "open" ? startMetronome(this.#workers, nextDue) : null;
    const failed = new Promise<never>((_, reject) => this.#metronome?.once("error", reject));
    this.finished = Promise.race([Promise.all(done), failed]).then(() => this.#endMetronome());
    // A worker that dies early is told where `finished` is awaited.
    this.finished.catch(() => {});
  }

  /** Workers that are not done. */
  get running(): number {
    return this.#running;
  }

  /** Waits until the connections wanted beforehand are open, or `signal` is aborted. */
  async ready(signal: AbortSignal): Promise<void> {
    const aborted = Promise.withResolvers<void>();
    signal.addEventListener("abort", () => aborted.resolve(), { once: true });
    if (signal.aborted) return;
    await Promise.race([this.#ready, this.finished, aborted.promise]);
  }

  /** Starts the load. @returns when, on the shared clock. */
  start(): number {
    const atMs = sharedNow() + startDelayMs;
    this.#tell({ type: "start", atMs });
    return atMs;
  }

  /** Nothing new is sent; what is in flight may take `drainMs` longer. */
  stop(drainMs: number): void {
    this.#tell({ type: "stop", deadlineMs: sharedNow() + drainMs });
  }

  /** Ends all threads at once. */
  async kill(): Promise<void> {
    await Promise.all([...this.#workers, this.#metronome].map((worker) => worker?.terminate()));
  }

  #tell(message: ToWorker): void {
    for (const worker of this.#workers) worker.postMessage(message);
  }

  #endMetronome(): void {
    this.#metronome?.postMessage("end");
  }
}

/** Sources run as .ts in tests and as .js when built. */
function moduleUrl(name: string): URL {
  return new URL(`./${name}${import.meta.url.endsWith(".ts") ? ".ts" : ".js"}`, import.meta.url);
}

function listen(worker: Worker, onInterval: (interval: Interval) => void): { ready: Promise<void>; done: Promise<void> } {
  const ready = Promise.withResolvers<void>();
  const done = Promise.withResolvers<void>();
  worker.on("message", (message: FromWorker) => {
    if (message.type === "interval") onInterval(message.interval);
    else if (message.type === "ready") ready.resolve();
    else done.resolve();
  });
  worker.on("error", (error) => done.reject(error));
  worker.on("exit", (code) => done.reject(new Error(`a worker thread ended early with code ${code}`)));
  return { ready: ready.promise, done: done.promise };
}

/** The metronome has a channel of its own to each worker: it cannot post to a `Worker` it did not start. */
function startMetronome(workers: readonly Worker[], nextDue: Float64Array<SharedArrayBuffer>): Worker {
  const ports = workers.map((worker) => {
    const { port1, port2 } = new MessageChannel();
    worker.postMessage({ type: "metronome", port: port2 } satisfies ToWorker, [port2]);
    return port1;
  });
  return new Worker(moduleUrl("metronome"), { workerData: { nextDue, ports }, transferList: ports });
}
