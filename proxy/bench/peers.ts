import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { type AddressInfo, connect, createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { flatHeapFlags } from "../heap-flags.ts";
import { backendConfig, haproxyConfig, nginxConfig, type PeerAddress } from "./server-configs.ts";

/** One proxy under measurement; its process is the root of its tree. */
export interface Peer {
  readonly name: string;
  readonly port: number;
  readonly pid: number;
}

interface PeerCommand {
  readonly command: readonly string[];
  readonly env?: Record<string, string>;
}

const file = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** How each peer is started. `null`: a program is missing. */
const commands: Readonly<Record<string, (address: PeerAddress) => PeerCommand | null>> = {
  nginx(address) {
    if (!hasProgram("nginx")) return null;
    return { command: ["nginx", "-p", address.dir, "-c", written(address.dir, "nginx.conf", nginxConfig(address))] };
  },
  haproxy(address) {
    if (!hasProgram("haproxy")) return null;
    const { dir, certFile, keyFile } = address;
    const pem = written(dir, "haproxy.pem", readFileSync(certFile, "utf8") + readFileSync(keyFile, "utf8"));
    return { command: ["haproxy", "-db", "-q", "-f", written(dir, "haproxy.cfg", haproxyConfig(address, pem))] };
  },
  floor: (address) => ({ command: [process.execPath, file("./floor.ts")], env: nodeEnv(address) }),
  edge: (address) => ({
    // As it is deployed.
    command: [process.execPath, ...flatHeapFlags, file("../dist/main.js"), "edge"],
    env: {
      EDGE_HOST: "127.0.0.1",
      EDGE_WORKERS: "1",
      EDGE_PORT: String(address.port),
      EDGE_ADMIN_PORT: "0",
      EDGE_CERT_FILE: address.certFile,
      EDGE_KEY_FILE: address.keyFile,
      EDGE_MAX_QUEUED: "10000",
      EDGE_SOCKET_TIMEOUT_MS: "300000",
      EDGE_KEEP_ALIVE_TIMEOUT_MS: "300000",
      UPSTREAM_URL: `http://127.0.0.1:${address.upstreamPort}`,
      LOG_LEVEL: "warn",
    },
  }),
  stock: (address) => ({ command: [process.execPath, file("./stock.ts")], env: nodeEnv(address) }),
};

export const peerNames: readonly string[] = Object.keys(commands);

/** Processes started for the benchmark; all end with `close`. */
export class Bench {
  readonly peers: Peer[] = [];
  readonly missing: string[] = [];
  readonly #children: { readonly child: ChildProcess; readonly closed: Promise<unknown> }[] = [];
  readonly #pin: boolean;

  /** `pin`: backend and load on core 0, the peers on core 1. */
  constructor(pin: boolean) {
    this.#pin = pin;
  }

  /** Starts the backend and the named peers. Throws when one of them does not come up. */
  async start(names: readonly string[], pair: Pick<PeerAddress, "certFile" | "keyFile">, dir: string): Promise<void> {
    if (!hasProgram("nginx")) throw new Error("nginx is not on PATH: it is the backend of every peer; install it");
    const upstreamPort = await freePort();
    const config = written(dir, "backend.conf", backendConfig(upstreamPort, dir));
    await this.#spawn("backend", { command: ["nginx", "-p", dir, "-c", config] }, 0, upstreamPort);
    for (const name of names) {
      const port = await freePort();
      const command = commands[name]?.({ ...pair, port, upstreamPort, dir });
      if (command) this.peers.push({ name, port, pid: await this.#spawn(name, command, 1, port) });
      else this.missing.push(name);
    }
  }

  async close(): Promise<void> {
    for (const { child } of this.#children) child.kill("SIGTERM");
    const timer = setTimeout(() => this.#children.map(({ child }) => child.kill("SIGKILL")), 5_000);
    await Promise.all(this.#children.map(({ closed }) => closed));
    clearTimeout(timer);
  }

  async #spawn(name: string, { command, env }: PeerCommand, core: number, port: number): Promise<number> {
    const [program = "", ...args] = this.#pin ? ["taskset", "-c", String(core), ...command] : command;
    const child = spawn(program, args, { env: { ...process.env, ...env }, stdio: ["ignore", "ignore", "inherit"] });
    this.#children.push({ child, closed: new Promise((resolve) => child.once("close", resolve)) });
    for (let attempt = 0; attempt < 300 && child.exitCode === null; attempt++) {
      if (await isOpen(port)) return child.pid ?? 0;
      await sleep(100);
    }
    throw new Error(`${name} does not listen${child.exitCode === null ? " after 30 s" : `: it ended with ${child.exitCode}`}`);
  }
}

export function hasProgram(name: string): boolean {
  try {
    execFileSync("sh", ["-c", 'command -v "$1"', "sh", name], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

function nodeEnv({ port, upstreamPort, certFile, keyFile }: PeerAddress): Record<string, string> {
  return { PORT: String(port), UPSTREAM: `http://127.0.0.1:${upstreamPort}`, CERT_FILE: certFile, KEY_FILE: keyFile };
}

function written(dir: string, name: string, text: string): string {
  const path = join(dir, name);
  writeFileSync(path, text, { mode: 0o600 });
  return path;
}

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
