import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";

/** One load of the comparison. */
export interface BenchLoad {
  url: string;
  seconds: number;
  connections: number;
  /** CA that signed the server's certificate; tools that cannot take one are told to trust any. */
  caFile: string;
  /** Where a tool may leave files. */
  directory: string;
}

export interface Peer {
  name: string;
  /** Executable on PATH, or in the cache. */
  binary: string;
  /** How to get it where it is missing, as a command. */
  install: string[];
  /** Command line without the binary. Keep-alive, HTTP/1.1, one thread or worker where the tool lets us choose. */
  args(load: BenchLoad): string[];
}

const cache = new URL("../../.bench/", import.meta.url).pathname;

/** The tools we are compared with, each with the options its own documentation gives for this load. */
export const peers: readonly Peer[] = [
  {
    name: "wrk",
    binary: "wrk",
    install: ["apt-get", "install", "-y", "-qq", "wrk"],
    args: ({ url, seconds, connections }) => ["-t1", `-c${connections}`, `-d${seconds}s`, "--latency", url],
  },
  {
    name: "h2load --h1",
    binary: "h2load",
    install: ["apt-get", "install", "-y", "-qq", "nghttp2-client"],
    args: ({ url, seconds, connections }) => ["--h1", "-t1", `-c${connections}`, "-D", String(seconds), url],
  },
  {
    name: "oha",
    binary: "oha",
    install: ["cargo", "install", "oha", "--locked", "--root", cache],
    args: ({ url, seconds, connections }) => ["--no-tui", "--insecure", "-c", String(connections), "-z", `${seconds}s`, url],
  },
  {
    name: "hey",
    binary: "hey",
    install: ["apt-get", "install", "-y", "-qq", "hey"],
    args: ({ url, seconds, connections }) => ["-cpus", "1", "-c", String(connections), "-z", `${seconds}s`, url],
  },
  {
    name: "autocannon",
    binary: "autocannon",
    install: ["npm", "install", "--silent", "--prefix", cache, "autocannon@8"],
    args: ({ url, seconds, connections }) => ["-c", String(connections), "-d", String(seconds), "--no-progress", url],
  },
  {
    name: "k6",
    binary: "k6",
    install: ["env", `GOBIN=${join(cache, "bin")}`, "go", "install", "go.k6.io/k6@latest"],
    args: ({ seconds, connections, directory }) => [
      "run",
      "--quiet",
      "--insecure-skip-tls-verify",
      "--vus",
      String(connections),
      "--duration",
      `${seconds}s`,
      join(directory, "k6.js"),
    ],
  },
];

/** The script k6 runs: the same request and the same checks as ours. */
export function k6Script(url: string): string {
  return `import http from "k6/http"; import { check } from "k6";
export default function () {
  check(http.get(${JSON.stringify(url)}), { status: (r) => r.status === 200, body: (r) => r.body.includes('"status"') });
}`;
}

/** Path of a peer's executable; null where it is missing. */
export function find(peer: Peer): string | null {
  for (const local of [join(cache, "bin", peer.binary), join(cache, "node_modules/.bin", peer.binary)]) {
    if (existsSync(local)) return local;
  }
  try {
    return execFileSync("sh", ["-c", `command -v ${peer.binary}`], { encoding: "utf8" }).trim();
  } catch {
    return null;
  }
}

/** Installs what is missing. @returns the names of those that could not be had. */
export function installMissing(): string[] {
  mkdirSync(cache, { recursive: true });
  return peers.flatMap((peer) => {
    if (find(peer) !== null) return [];
    const [command = "", ...args] = peer.install;
    process.stderr.write(`installing ${peer.name}: ${peer.install.join(" ")}\n`);
    try {
      execFileSync(command, args, { stdio: ["ignore", "ignore", "inherit"] });
      return [];
    } catch {
      return [peer.name];
    }
  });
}
