import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, type TLSSocket } from "node:tls";
import { afterAll, afterEach, beforeAll, beforeEach, expect, onTestFinished } from "vitest";
import { makeTestCertificate, type TestCertificate } from "./edge.ts";
import { startMain, type TestProcess } from "./process.ts";
import { RawClient } from "./raw-client.ts";
import { ok, type RawUpstream, startUpstream } from "./raw-upstream.ts";

export const patience = { timeout: 30_000, interval: 50 };

/** Requests for /slow that are answered when the test says so. */
export interface SlowRequests {
  asked(): number;
  answer(): void;
}

export const askSlow = (client: RawClient) => client.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n");

export const signal = (pids: readonly number[], name: NodeJS.Signals) => {
  for (const pid of pids) process.kill(pid, name);
};

/** An edge's primary with its workers, as processes, before a raw upstream; new for each test of the file that calls `useWorkers`. */
export class WorkersCase {
  certificate!: TestCertificate;
  upstream!: RawUpstream;
  edge!: TestProcess;
  ports!: { port: number; adminPort: number };
  readonly #stopped: number[] = [];

  readonly start = async (env: Record<string, string>): Promise<void> => {
    this.edge = startMain(["edge"], {
      EDGE_HOST: "127.0.0.1",
      EDGE_PORT: "0",
      EDGE_ADMIN_PORT: "0",
      EDGE_CERT_FILE: this.certificate.certFile,
      EDGE_KEY_FILE: this.certificate.keyFile,
      UPSTREAM_URL: this.upstream.origin,
      ...env,
    });
    const { port, adminPort = 0 } = await this.edge.listening;
    this.ports = { port, adminPort };
  };

  readonly tls = () => ({ ca: this.certificate.ca, host: "127.0.0.1", servername: "localhost" });
  readonly open = () => RawClient.open(this.ports.port, this.tls());
  readonly admin = async (path: string) => (await fetch(`http://127.0.0.1:${this.ports.adminPort}${path}`)).text();
  readonly metric = async (line: string) =>
    Number(new RegExp(`^${line.replace(/[{}]/g, "\\$&")} (.*)$`, "m").exec(await this.admin("/metrics"))?.[1]);
  readonly workerPids = () =>
    readFileSync(`/proc/${this.edge.pid}/task/${this.edge.pid}/children`, "utf8").trim().split(" ").filter(Boolean).map(Number);
  readonly eventsNamed = (name: string) =>
    this.edge.stdout
      .split("\n")
      .filter((line) => line.endsWith("}"))
      .map((line) => JSON.parse(line) as Record<string, unknown>)
      .filter(({ event }) => event === name);

  readonly reload = async (outcome = "reloaded"): Promise<Record<string, unknown>> => {
    const before = this.eventsNamed(outcome).length;
    this.edge.child.kill("SIGHUP");
    await expect.poll(() => this.eventsNamed(outcome).length, patience).toBe(before + 1);
    return this.eventsNamed(outcome).at(-1) ?? {};
  };

  readonly holdSlow = (): SlowRequests => {
    const held: (() => void)[] = [];
    this.upstream.respond = ({ head, socket }) => {
      if (!head.startsWith("GET /slow")) return ok("x");
      held.push(() => socket.write(ok("late")));
      return null;
    };
    return {
      asked: () => held.length,
      answer() {
        for (const write of held.splice(0)) write();
      },
    };
  };

  /** Path of an empty file of settings, removed with the test. */
  readonly settingsFile = (): string => {
    const dir = mkdtempSync(join(tmpdir(), "plimsoll-settings-"));
    onTestFinished(() => rmSync(dir, { recursive: true }));
    const file = join(dir, "settings.env");
    writeFileSync(file, "");
    return file;
  };

  /** Stops workers; they are killed with the test, for they would never hear that their primary is gone. */
  readonly stop = (pids: readonly number[]): void => {
    signal(pids, "SIGSTOP");
    this.#stopped.push(...pids);
  };

  /** Two of the workers that start from now on: one that has a request in flight, and one that is stopped before it listens. */
  readonly startTwo = async (before: readonly number[], slow: SlowRequests) => {
    // To stop one before it has become a worker is to stop the primary, which waits for that.
    const isWorker = (pid: number) => readFileSync(`/proc/${pid}/cmdline`, "latin1").includes("worker");
    const started = () => this.workerPids().filter((pid) => !before.includes(pid) && isWorker(pid));
    await expect.poll(() => started().length, { ...patience, interval: 5 }).toBe(2);
    const [, second = 0] = started();
    this.stop([second]);
    const client = await this.open();
    const asked = slow.asked();
    askSlow(client);
    await expect.poll(slow.asked, patience).toBe(asked + 1);
    return { client, second };
  };

  /** Connects with `session`, asks once, and hands back whether it was resumed and the newest ticket. */
  readonly resume = async (session?: Buffer): Promise<{ reused: boolean; ticket: Buffer | undefined }> => {
    const socket: TLSSocket = connect({ ...this.tls(), port: this.ports.port, ...(session && { session }) });
    let ticket: Buffer | undefined;
    socket.on("session", (latest) => {
      ticket = latest;
    });
    socket.on("error", () => {});
    const closed = new Promise((resolve) => socket.once("close", resolve));
    await once(socket, "secureConnect");
    const reused = socket.isSessionReused();
    socket.write("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    socket.resume();
    await closed;
    return { reused, ticket };
  };

  async end(): Promise<void> {
    this.edge.child.kill("SIGKILL");
    for (const pid of this.#stopped.splice(0)) {
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        // It has ended.
      }
    }
    await this.edge.exited;
    await this.upstream.close();
  }
}

/** Registers the hooks that start and end everything, and returns what the tests talk to. */
export function useWorkers(): WorkersCase {
  const running = new WorkersCase();
  beforeAll(async () => {
    running.certificate = await makeTestCertificate();
  });
  beforeEach(async () => {
    running.upstream = await startUpstream();
  });
  afterEach(() => running.end());
  afterAll(() => running.certificate.remove());
  return running;
}
