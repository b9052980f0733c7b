import { once } from "node:events";
import { Worker } from "node:worker_threads";

export interface LimitedServer {
  kind: "bucket" | "places" | "collapse";
  /** Its capacity. */
  perSecond: number;
  /** Tokens that can be saved up, or requests served at a time. */
  size?: number;
}

/** Starts a server of known capacity in a thread of its own. */
export async function limitedServer(options: LimitedServer): Promise<{ url: string } & AsyncDisposable> {
  const file = import.meta.url.endsWith(".ts") ? "./limited-server.ts" : "./limited-server.js";
  const worker = new Worker(new URL(file, import.meta.url), { workerData: options });
  const [{ port }] = (await once(worker, "message")) as [{ port: number }];
  return {
    url: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      await worker.terminate();
    },
  };
}
