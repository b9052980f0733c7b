import { spawn } from "node:child_process";
import { DeployError } from "../deploy-error.ts";

export interface Finished {
  /** Null when a signal ended it. */
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface CommandOptions {
  /** For its standard input; nothing otherwise. */
  input?: string;
  /** Over this process's environment. */
  env?: Readonly<Record<string, string>>;
  signal?: AbortSignal;
}

const shownLines = 12;

/** Runs a program to its end, whatever its exit code. Rejects with the system's error when it cannot be started. */
export function runCommand([program = "", ...args]: readonly string[], options: CommandOptions = {}): Promise<Finished> {
  const { input, env, signal } = options;
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      env: { ...process.env, ...env },
      // A group of its own: a Ctrl-C is for us, who then undo what the program has done so far.
      detached: true,
      stdio: [input === undefined ? "ignore" : "pipe", "pipe", "pipe"],
      ...(signal && { signal }),
    });
    const finished: Finished = { code: null, stdout: "", stderr: "" };
    child.stdout?.on("data", (chunk) => {
      finished.stdout += chunk;
    });
    child.stderr?.on("data", (chunk) => {
      finished.stderr += chunk;
    });
    child.on("error", reject);
    child.on("close", (code) => resolve({ ...finished, code }));
    // it may end without reading
    child.stdin?.on("error", () => {});
    child.stdin?.end(input);
  });
}

/** Standard output of a program that must succeed. DeployError: what was attempted, and the last lines of what it said. */
export async function commandOutput(what: string, command: readonly string[], options: CommandOptions = {}): Promise<string> {
  const { code, stdout, stderr } = await runCommand(command, options);
  if (code === 0) return stdout;
  const said = `${stdout}\n${stderr}`.split("\n").filter((line) => line.trim() !== "");
  throw new DeployError(`${what} failed; see the lines above`, said.slice(-shownLines));
}
