import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Summary, summarySchema } from "../measure/summary.ts";

const bin = new URL("../bin.js", import.meta.url).pathname;

/** What a command that has ended left behind. */
export interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Options of a run of the command. */
export interface CommandOptions {
  env?: NodeJS.ProcessEnv;
  /** Put before the command: `["nice", "-n", "5"]`. */
  prefix?: readonly string[];
  /** By name, in the directory before the command starts. */
  files?: Readonly<Record<string, string>>;
}

/** A real `stress` process in a directory of its own, which is removed at the end of its block; the process ends with it. */
export class TestCommand {
  readonly directory = mkdtempSync(join(tmpdir(), "plimsoll-cli-"));
  readonly process: ChildProcess;
  readonly #ended: Promise<Ended>;
  stdout = "";
  stderr = "";

  constructor(args: readonly string[], { env, prefix = [], files = {} }: CommandOptions = {}) {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(this.directory, name), text);
    const [program = bin, ...rest] = [...prefix, bin, ...args];
    this.process = spawn(program, rest, {
      cwd: this.directory,
      env: { ...process.env, NO_COLOR: "1", ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.process.stdout?.setEncoding("utf8").on("data", (text: string) => {
      this.stdout += text;
    });
    this.process.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.stderr += text;
    });
    this.#ended = once(this.process, "close").then(([code]) => ({ code, stdout: this.stdout, stderr: this.stderr }));
  }

  /** Settles when the process has ended and its output is read. */
  ended(): Promise<Ended> {
    return this.#ended;
  }

  /** The process that measures: the launcher's child, or itself where it runs under the pinned Node already. */
  get measuringPid(): number {
    const pid = this.process.pid;
    if (pid === undefined) throw new Error("the command was not started");
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8")
      .split(" ")
      .filter((child) => child !== "");
    // other children are what a command has put up
    const measuring = children.find((child) => readFileSync(`/proc/${child}/cmdline`, "utf8").includes("dist/cli.js"));
    return measuring === undefined ? pid : Number.parseInt(measuring, 10);
  }

  /** The summary as it is now, valid against its schema. */
  summary(file = "summary.json"): Summary {
    return summarySchema.parse(JSON.parse(this.text(file)));
  }

  text(file = "summary.json"): string {
    return readFileSync(join(this.directory, file), "utf8");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.process.exitCode === null && this.process.signalCode === null) {
      process.kill(this.measuringPid, "SIGKILL");
      this.process.kill("SIGKILL");
      await this.#ended;
    }
    rmSync(this.directory, { recursive: true, force: true });
  }
}
