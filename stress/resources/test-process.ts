import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

/** Takes orders on stdin, one a line, and answers each when it is done. Ends when stdin does, so that none outlives a test. */
const script = String.raw`
const { spawn } = require("node:child_process");
const readline = require("node:readline");
const kept = [];
let child;
const orders = {
  burn: (cpuMs) => { while (process.cpuUsage().user + process.cpuUsage().system < burnt + cpuMs * 1000); },
  eat: (mib) => kept.push(Buffer.alloc(mib * 2 ** 20, 1)),
  open: (count) => { for (let i = 0; i < count; i++) kept.push(require("node:fs").openSync("/dev/null")); },
  fork: () => new Promise((resolve) => {
    child = spawn(process.execPath, ["-e", process.argv[1], process.argv[1]], { stdio: ["pipe", "pipe", "inherit"] });
    readline.createInterface(child.stdout).once("line", () => resolve(child.pid));
  }),
  child: (...order) => new Promise((resolve) => {
    readline.createInterface(child.stdout).once("line", resolve);
    child.stdin.write(order.join(" ") + "\n");
  }),
  killChild: () => new Promise((resolve) => { child.once("exit", resolve); child.kill("SIGKILL"); }),
};
let burnt = 0;
const input = readline.createInterface(process.stdin);
input.on("line", async (line) => {
  const [name, ...args] = line.split(" ");
  const { user, system } = process.cpuUsage();
  burnt = user + system;
  console.log(String(await orders[name](...args.map((arg) => (Number.isNaN(Number(arg)) ? arg : Number(arg)))) ?? "done"));
});
input.on("close", () => process.exit());
console.log("ready");
`;

/** A real process that a test orders about: `burn CPU_MS`, `eat MIB`, `open COUNT`, `fork`, `child ORDER…`, `killChild`. */
export class TestProcess {
  readonly #process: ChildProcess;
  readonly #answers: AsyncIterator<string>;

  private constructor(child: ChildProcess, answers: AsyncIterator<string>) {
    this.#process = child;
    this.#answers = answers;
  }

  static async start(): Promise<TestProcess> {
    const child = spawn(process.execPath, ["-e", script, script], { stdio: ["pipe", "pipe", "inherit"] });
    const answers = createInterface(child.stdout)[Symbol.asyncIterator]();
    await answers.next();
    return new TestProcess(child, answers);
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  /** @returns the answer: `done`, or the new child's pid. */
  async order(line: string): Promise<string> {
    this.#process.stdin?.write(`${line}\n`);
    return (await this.#answers.next()).value;
  }

  /** Settles when the process is gone, and reaped. */
  async kill(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const gone = once(this.#process, "exit");
    this.#process.kill("SIGKILL");
    await gone;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.kill();
  }
}
