import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, cpus, release, tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import { Command, CommanderError } from "commander";
import { makeCertificates } from "../certificate.ts";
import { kibPerIdleConnection, measure } from "./measure.ts";
import { Bench, hasProgram, peerNames } from "./peers.ts";
import { markdown } from "./table.ts";

/** `npm run bench:edge`: what a request costs the edge and its peers, as a Markdown table on stdout. */
interface Options {
  readonly rounds: number;
  readonly seconds: number;
  readonly idle: number;
  readonly peers: readonly string[];
}

const exitUsage = 104;
const connections = 50;

const whole = (min: number, max: number) => (text: string) => {
  const value = Number(text);
  if (/^\d{1,9}$/.test(text) && value >= min && value <= max) return value;
  throw new CommanderError(exitUsage, "bench", `got ${JSON.stringify(text)}: expected a whole number from ${min} to ${max}`);
};
const names = (text: string) => {
  const unknown = text.split(",").find((name) => !peerNames.includes(name));
  if (unknown === undefined) return text.split(",");
  throw new CommanderError(exitUsage, "bench", `got ${JSON.stringify(unknown)}: expected of ${peerNames.join(", ")}`);
};

const command = new Command("npm run bench:edge --")
  .description("CPU per request, throughput and memory of the edge beside nginx, HAProxy and what Node can do at best")
  .option("--rounds <n>", "interleaved rounds that count", whole(1, 100), 5)
  .option("--seconds <n>", "length of one run", whole(1, 600), 5)
  .option("--idle <n>", "idle connections to hold, 0: none", whole(0, 7_000), 5_000)
  .option("--peers <names>", "which to measure", names, peerNames)
  .exitOverride()
  .allowExcessArguments(false);

try {
  await run(command.parse().opts<Options>());
} catch (error) {
  if (error instanceof CommanderError) {
    // commander has printed its own errors, and the help.
    if (error.code === "bench") process.stderr.write(`${error.message}\n`);
    process.exitCode = error.exitCode === 0 ? 0 : exitUsage;
  } else {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}

async function run({ rounds, seconds, idle, peers }: Options): Promise<void> {
  if (!hasProgram("wrk")) throw new Error("wrk is not on PATH: it makes the load; install it");
  const pin = availableParallelism() > 1 && hasProgram("taskset");
  const dir = mkdtempSync(join(tmpdir(), "plimsoll-bench-"));
  const bench = new Bench(pin);
  const progress = (line: string) => process.stderr.write(`${line}\n`);
  try {
    // nginx gives up root's rights, where it has them, and must still read the files below.
    chmodSync(dir, 0o755);
    const pair = await makeCertificates(join(dir, "tls"));
    mkdirSync(join(dir, "www"));
    writeFileSync(join(dir, "www/64k"), randomBytes(64 * 1024));
    writeFileSync(join(dir, "www/1m"), randomBytes(1024 * 1024));
    await bench.start(peers, pair, dir);
    // First: memory that a load has left behind would be taken for these connections' own.
    const idleKib = new Map<string, number>();
    const ca = readFileSync(pair.caFile, "utf8");
    for (const peer of idle > 0 ? bench.peers : []) {
      idleKib.set(peer.name, await kibPerIdleConnection(peer, idle, ca));
      progress(`${idle} idle connections: ${peer.name}`);
    }
    const load = { connections, rounds, seconds, pin };
    const small = await measure(bench.peers, { ...load, path: "/health" }, progress);
    const medium = await measure(bench.peers, { ...load, path: "/64k" }, progress);
    const large = await measure(bench.peers, { ...load, path: "/1m" }, progress);
    process.stdout.write(markdown({ small, medium, large, idleKib, idle, missing: bench.missing, machine: machine(pin), load }));
  } finally {
    await bench.close();
    rmSync(dir, { recursive: true, force: true });
  }
}

function machine(pin: boolean): string {
  const versions = [
    `Node ${process.versions.node}`,
    version("nginx", "-v", /nginx\/([\d.]+)/, "nginx"),
    version("haproxy", "-v", /version ([\d.]+)/, "HAProxy"),
  ].filter(Boolean);
  const memory = Math.round(totalmem() / 2 ** 30);
  const where = pin ? "peers on core 1, load and backend on core 0" : "nothing pinned to a core";
  return `${cpus()[0]?.model ?? "unknown CPU"}, ${cpus().length} cores, ${memory} GiB, Linux ${release()}; ${versions.join(", ")}; ${where}`;
}

function version(program: string, flag: string, pattern: RegExp, name: string): string {
  if (!hasProgram(program)) return "";
  const text = execFileSync("sh", ["-c", '"$1" "$2" 2>&1', "sh", program, flag], { encoding: "utf8" });
  return `${name} ${pattern.exec(text)?.[1] ?? "?"}`;
}
