import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { type Comparison, comparisonSchema } from "../judge/compare/comparison.ts";

const bin = new URL("../bin.js", import.meta.url).pathname;

export interface LiveTrial {
  comparisons: number;
  rounds: number;
  seconds: number;
  /** Work of a request on the second port, times that on the first. */
  slowdown: number;
}

/** Time that a request keeps the server busy. */
const workUs = 1000;

/**
 * `stress compare --interleave` as users run it, on a real server with two ports, one of which works `slowdown` times as
 * long on each request. Tells each comparison as it comes.
 */
export async function liveTally({ comparisons, rounds, seconds, slowdown }: LiveTrial, tell: (text: string) => void) {
  const counts = { better: 0, same: 0, worse: 0, "cannot-tell": 0 };
  const server = new Worker(new URL(import.meta.url), { workerData: { works: [workUs, workUs * slowdown] } });
  const [a, b] = await new Promise<number[]>((resolve) => server.once("message", resolve));
  const directory = mkdtempSync(join(tmpdir(), "plimsoll-compare-"));
  try {
    for (let i = 1; i <= comparisons; i++) {
      const targets = ["--a-base-url", `http://127.0.0.1:${a}`, "--b-base-url", `http://127.0.0.1:${b}`];
      const load = ["--vus", "1", "--duration", `${seconds}s`, "--rounds", `${rounds}`, "--cool-down", "200ms"];
      const out = ["--format", "json", "--out-dir", join(directory, `${i}`)];
      const comparison = await json(["compare", "--interleave", ...targets, ...load, ...out]);
      counts[comparison.verdict]++;
      const leftOut = comparison.groups.flatMap((group) => group.leftOut).length;
      const runs = leftOut > 0 ? `  ${leftOut} of ${2 * rounds} runs left out` : "";
      tell(`${i}: ${comparison.verdict}  ${comparison.figures.map(inShort).join("  ")}${runs}`);
    }
  } finally {
    await server.terminate();
    rmSync(directory, { recursive: true });
  }
  return counts;
}

function inShort({ key, change, verdict, groups }: Comparison["figures"][number]): string {
  const percent = (value: number | null) => (value === null ? "…" : (100 * value).toFixed(1));
  const runs = groups.map(({ values }) => values.length).join("/");
  return change === null
    ? `${key} –`
    : `${key} ${percent(change.estimate)} [${percent(change.low)}, ${percent(change.high)}] ${verdict} (${runs})`;
}

function json(args: readonly string[]): Promise<Comparison> {
  const child = spawn(bin, args, { stdio: ["ignore", "pipe", "ignore"] });
  let text = "";
  child.stdout.setEncoding("utf8").on("data", (chunk) => {
    text += chunk;
  });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => {
      try {
        resolve(comparisonSchema.parse(JSON.parse(text)));
      } catch (error) {
        reject(new Error(`stress ${args.join(" ")} ended with ${code} and no comparison`, { cause: error }));
      }
    });
  });
}

/** The server, in a thread of its own so that it waits for nobody. */
async function serve(works: readonly number[]): Promise<void> {
  const ports: number[] = [];
  for (const us of works) {
    const server: Server = createServer((_request, response) => {
      const until = performance.now() + us / 1000;
      while (performance.now() < until);
      response.end('{"status":"ok"}');
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    ports.push((server.address() as AddressInfo).port);
  }
  parentPort?.postMessage(ports);
}

if (!isMainThread) await serve((workerData as { works: number[] }).works);
