import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

export const mainFile = fileURLToPath(new URL("../dist/main.js", import.meta.url));

export interface TestProcess {
  readonly child: ChildProcess;
  readonly pid: number;
  stdout: string;
  stderr: string;
  /** Resolves with the parsed `listening` line; rejects with stderr when the process ends before. */
  readonly listening: Promise<{ event: string; service: string; port: number; adminPort?: number }>;
  readonly exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
}

/** Starts the built `main.js` with exactly this environment. Whoever starts it ends it. */
export function startMain(args: readonly string[], env: Record<string, string>): TestProcess {
  const child = spawn(process.execPath, [mainFile, ...args], {
    // One worker unless the test is about several: they take their time to start.
    env: { EDGE_WORKERS: "1", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const exited = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
    child.once("close", (code, signal) => resolve({ code, signal }));
  });
  const listening = Promise.withResolvers<Awaited<TestProcess["listening"]>>();
  // Not every test waits for it.
  listening.promise.catch(() => {});
  const started: TestProcess = { child, pid: child.pid ?? 0, stdout: "", stderr: "", listening: listening.promise, exited };
  child.stdout.on("data", (chunk: Buffer) => {
    started.stdout += chunk.toString();
    const line = started.stdout.split("\n").find((text) => text.includes('"event":"listening"') && text.endsWith("}"));
    if (line !== undefined) listening.resolve(JSON.parse(line));
  });
  child.stderr.on("data", (chunk: Buffer) => {
    started.stderr += chunk.toString();
  });
  void exited.then(() => listening.reject(new Error(`ended before it listened: ${started.stderr}`)));
  return started;
}
