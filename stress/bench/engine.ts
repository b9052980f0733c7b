import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type BenchLoad, find, installMissing, k6Script, peers } from "./peers.ts";
import { runMeasured } from "./sample.ts";
import { startServer } from "./server.ts";

/**
 * `npm run bench:engine`: what a request costs the client, ours against the field, in one interleaved run.
 *
 * Client and server are pinned to different cores. Requests are the server's own count. Start-up is taken out by the
 * slope between a short and a long run: (CPU of long − CPU of short) / (requests of long − requests of short). Absolute
 * values move by a factor of two with a machine's neighbours; the ratios to wrk within one round are the result.
 */
const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "3" },
    /** The two runs of a slope; with thousands of connections the short one must outlast their handshakes. */
    short: { type: "string", default: "2" },
    seconds: { type: "string", default: "6" },
    connections: { type: "string", default: "50,500" },
    only: { type: "string" },
    install: { type: "boolean", default: false },
  },
});
const rounds = Number(values.rounds);
const longSeconds = Number(values.seconds);
const shortSeconds = Number(values.short);
const connectionCounts = values.connections.split(",").map(Number);
const clientCore = 0;
const serverCore = 1;

interface Tool {
  name: string;
  command(load: BenchLoad): string[];
}

interface Result {
  cpuUs: number;
  rps: number;
  rssMiB: number;
}

const directory = mkdtempSync(join(tmpdir(), "plimsoll-bench-"));
const missing = values.install ? installMissing() : peers.filter((peer) => find(peer) === null).map(({ name }) => name);
const chosen = values.only?.split(",");
const tools: Tool[] = [ours(), ...peers.filter((peer) => find(peer) !== null).map(toTool)].filter(
  ({ name }) => chosen === undefined || chosen.includes(name),
);
const server = await startServer(directory, serverCore);

function toTool(peer: (typeof peers)[number]): Tool {
  return { name: peer.name, command: (load) => [find(peer) ?? peer.binary, ...peer.args(load)] };
}

/** All accounting on: default checks, thresholds, summary; no screen, as for every other tool. */
function ours(): Tool {
  const cli = new URL("../dist/cli.js", import.meta.url).pathname;
  return {
    name: "plimsoll",
    command({ url, seconds, connections, caFile, directory }) {
      const { origin } = new URL(url);
      const trust = url.startsWith("https") ? ["--ca", caFile] : [];
      const load = ["--vus", String(connections), "--duration", `${seconds}s`, "--workers", "1"];
      return [
        process.execPath,
        cli,
        "throughput",
        "--base-url",
        origin,
        ...trust,
        ...load,
        "--no-tui",
        "--out",
        join(directory, "s.json"),
      ];
    },
  };
}

async function measure(tool: Tool, url: string, connections: number): Promise<Result> {
  const runs = [];
  for (const seconds of [shortSeconds, longSeconds]) {
    const before = await server.requests();
    const cost = await runMeasured(tool.command({ url, seconds, connections, caFile: server.caFile, directory }), clientCore);
    runs.push({ ...cost, requests: (await server.requests()) - before });
  }
  const [short, long] = runs;
  if (short === undefined || long === undefined) throw new Error("two runs make a slope");
  const requests = long.requests - short.requests;
  return {
    cpuUs: ((long.cpuMs - short.cpuMs) * 1000) / requests,
    rps: requests / (longSeconds - shortSeconds),
    rssMiB: long.peakRssBytes / 2 ** 20,
  };
}

function median(figures: readonly number[]): number {
  const sorted = figures.toSorted((a, b) => a - b);
  const [low = 0, high = low] = [sorted[Math.ceil(sorted.length / 2) - 1], sorted[Math.floor(sorted.length / 2)]];
  return (low + high) / 2;
}

function spread(figures: readonly number[], digits: number): string {
  if (figures.length === 0) return "–";
  const show = (figure: number) => figure.toFixed(digits);
  return `${show(median(figures))} (${show(Math.min(...figures))}–${show(Math.max(...figures))})`;
}

try {
  console.log(
    `${cpus().length} × ${cpus()[0]?.model.trim()}, Node.js ${process.version}, ${rounds} rounds of ${longSeconds} s less ${shortSeconds} s`,
  );
  console.log(`client on core ${clientCore}, nginx on core ${serverCore}; median (lowest–highest) over rounds\n`);
  for (const connections of connectionCounts) {
    for (const [kind, url] of [
      ["TLS 1.3", server.tls],
      ["plain", server.plain],
    ] as const) {
      writeFileSync(join(directory, "k6.js"), k6Script(url));
      const results = new Map<string, Result[]>(tools.map(({ name }) => [name, []]));
      for (let round = 0; round < rounds; round++) {
        for (const tool of tools) results.get(tool.name)?.push(await measure(tool, url, connections));
      }
      console.log(`### ${kind}, ${connections} connections, keep-alive\n`);
      console.log("| tool | CPU a request, µs | × wrk | requests/s | peak RSS, MiB |\n|---|---|---|---|---|");
      const base = results.get("wrk") ?? [];
      for (const [name, rows] of results) {
        const ratios = rows.flatMap(({ cpuUs }, i) => (base[i] ? [cpuUs / base[i].cpuUs] : []));
        const rps = Math.round(median(rows.map((row) => row.rps))).toLocaleString("en");
        console.log(
          `| ${name} | ${spread(
            rows.map((row) => row.cpuUs),
            1,
          )} | ${spread(ratios, 2)} | ${rps} | ${median(rows.map((row) => row.rssMiB)).toFixed(0)} |`,
        );
      }
      console.log("");
    }
  }
  if (missing.length > 0) console.log(`not found: ${missing.join(", ")} (--install gets what can be had)`);
} finally {
  server.stop();
  rmSync(directory, { recursive: true, force: true });
}
