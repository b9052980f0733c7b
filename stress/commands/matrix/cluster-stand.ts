import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { makeCertificates } from "@plimsoll/proxy/certificate";
import type { Deployment } from "@plimsoll/proxy/deployment";
import { identify } from "@plimsoll/proxy/process-table";
import { UsageError } from "../../profile/usage-error.ts";
import { version } from "../../version.ts";
import { type MeasuredTarget, targetFrom } from "../target-flags.ts";
import type { Stand } from "./topology.ts";

const main = join(dirname(fileURLToPath(import.meta.resolve("@plimsoll/proxy/package.json"))), "dist/main.js");
const readyWithinMs = 30_000;
const endWithinMs = 12_000;

/** The edge before so many backends, each a service of its own: 1 against N differ in nothing but the number. */
export class ClusterStand implements Stand {
  readonly key: string;
  readonly #backends: number;
  #directory: string | null = null;
  #processes: ChildProcess[] = [];

  constructor(backends: number) {
    this.key = `cluster ${backends}`;
    this.#backends = backends;
  }

  async up(): Promise<void> {
    const directory = mkdtempSync(join(tmpdir(), "plimsoll-cluster-"));
    this.#directory = directory;
    const { caFile, certFile, keyFile } = await makeCertificates(join(directory, "certs"));
    const ports = await freePorts(this.#backends + 2);
    const [edgePort = 0, adminPort = 0, ...backendPorts] = ports;
    const services = new Map<string, ChildProcess>();
    for (const [i, port] of backendPorts.entries()) {
      services.set(`backend-${i + 1}`, this.#start(`backend-${i + 1}`, "backend", { BACKEND_PORT: String(port) }));
    }
    services.set(
      "proxy",
      this.#start("proxy", "edge", {
        EDGE_HOST: "127.0.0.1",
        EDGE_PORT: String(edgePort),
        EDGE_ADMIN_PORT: String(adminPort),
        EDGE_CERT_FILE: certFile,
        EDGE_KEY_FILE: keyFile,
        UPSTREAM_URL: backendPorts.map((port) => `http://127.0.0.1:${port}`).join(","),
      }),
    );
    for (const port of backendPorts) await this.#untilReady(`http://127.0.0.1:${port}/readyz`);
    await this.#untilReady(`http://127.0.0.1:${adminPort}/readyz`);
    writeFileSync(join(directory, "deployment.json"), JSON.stringify(descriptionOf(edgePort, caFile, services)));
  }

  async down(): Promise<void> {
    for (const child of this.#processes) if (isRunning(child)) child.kill("SIGTERM");
    for (let waitedMs = 0; waitedMs < endWithinMs && this.#processes.some(isRunning); waitedMs += 100) await sleep(100);
    for (const child of this.#processes) if (isRunning(child)) child.kill("SIGKILL");
    this.#processes = [];
    if (this.#directory !== null) rmSync(this.#directory, { recursive: true, force: true });
    this.#directory = null;
  }

  target(): Promise<MeasuredTarget> {
    return targetFrom({ deployment: join(this.#directory ?? "", "deployment.json") });
  }

  /** In a process group of its own: a Ctrl-C at the terminal ends the run, and only then these. */
  #start(name: string, service: "edge" | "backend", settings: Record<string, string>): ChildProcess {
    const log = openSync(join(this.#directory ?? "", `${name}.log`), "a");
    const child = spawn(process.execPath, [main, service], {
      env: { ...process.env, ...settings },
      stdio: ["ignore", log, log],
      detached: true,
    });
    this.#processes.push(child);
    return child;
  }

  async #untilReady(url: string): Promise<void> {
    for (let waitedMs = 0; waitedMs < readyWithinMs; waitedMs += 100) {
      if (
        await fetch(url).then(
          ({ ok }) => ok,
          () => false,
        )
      )
        return;
      if (!this.#processes.every(isRunning)) break;
      await sleep(100);
    }
    throw new UsageError(`a service of ${this.key.replace(" ", "-")} did not become ready (${url}): see that its port is free`);
  }
}

function isRunning({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode === null && signalCode === null;
}

function descriptionOf(port: number, caFile: string, services: ReadonlyMap<string, ChildProcess>): Deployment {
  return {
    schemaVersion: 1,
    baseUrl: `https://localhost:${port}`,
    caFile,
    topology: "node",
    mode: "embedded",
    version,
    startedAt: new Date().toISOString(),
    supervisorPid: null,
    services: [...services].map(([name, { pid = null }]) => ({
      name,
      pid,
      container: null,
      restarts: 0,
      processStart: pid === null ? null : (identify(pid)?.start ?? null),
      limits: { cpus: null, memoryBytes: null, enforced: false },
    })),
  };
}

/** Held all at once, so that none is given twice. */
async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, () => {
      const server = createServer();
      return new Promise<typeof server>((settle, reject) => {
        server.once("error", reject);
        server.listen(0, "127.0.0.1", () => settle(server));
      });
    }),
  );
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((closed) => server.close(closed))));
  return ports;
}
