import { writeFileSync } from "node:fs";
import { cpus, release } from "node:os";
import { Command, InvalidArgumentError, Option } from "commander";
import { findEngine } from "../deploy/docker/engine.ts";
import { type Topology, topologies } from "../deploy/docker/project.ts";
import { ScratchDeployment } from "../deploy/scratch-deployment.ts";
import { comparePool, type PoolCost } from "./keepalive-comparison.ts";
import { spread } from "./statistic.ts";

/** `npm run bench:keepalive`: what the upstream pool is worth, as a Markdown table on stdout. */
interface Options {
  readonly edge: Topology;
  readonly vus: number;
  readonly seconds: number;
  readonly rounds: number;
  readonly out?: string;
}

const whole = (min: number, max: number) => (text: string) => {
  const value = Number(text);
  if (/^\d{1,6}$/.test(text) && value >= min && value <= max) return value;
  throw new InvalidArgumentError(`expected a whole number from ${min} to ${max}`);
};

const { edge, vus, seconds, rounds, out } = new Command("npm run bench:keepalive --")
  .description("The same load with the edge's upstream pool on and off, in containers of its own")
  .addOption(new Option("--edge <topology>", "whose pool").choices(topologies).default("nginx"))
  .option("--vus <n>", "users that wait for each response", whole(1, 10_000), 50)
  .option("--seconds <n>", "length of one run", whole(1, 600), 30)
  .option("--rounds <n>", "on and off by turns, so often", whole(1, 100), 3)
  .option("--out <file>", "the figures of every run as JSON, too: evidence for `stress sizing --keepalive`")
  .allowExcessArguments(false)
  .parse()
  .opts<Options>();

await using own = await ScratchDeployment.create();
const engine = await findEngine();
const all: PoolCost[] = [];
for (let round = 0; round < rounds; round += 1) {
  process.stderr.write(`round ${round + 1} of ${rounds}\n`);
  all.push(...(await comparePool(own, engine, edge, ["--vus", String(vus), "--duration", `${seconds}s`])));
}

if (out !== undefined) {
  const host = { cpuModel: cpus()[0]?.model ?? "unknown CPU", cores: cpus().length, kernel: `Linux ${release()}` };
  const evidence = { kind: "keepalive", endedAt: new Date().toISOString(), edge, vus, seconds, rounds, host, costs: all };
  writeFileSync(out, `${JSON.stringify(evidence, null, 2)}\n`);
}

const of = (pool: "on" | "off", figure: (cost: PoolCost) => number, digits: number): string => {
  return spread(all.filter((cost) => cost.pool === pool).map(figure), digits);
};
const rows: [string, (cost: PoolCost) => number, number][] = [
  ["requests a second", (cost) => cost.requestsPerSecond, 0],
  ["requests", (cost) => cost.requests, 0],
  ["failed", (cost) => cost.errors, 0],
  ["upstream connections opened", (cost) => cost.connectionsOpened, 0],
  ["sockets in TIME_WAIT at the end, edge", (cost) => cost.timeWait.edge, 0],
  ["sockets in TIME_WAIT at the end, upstream", (cost) => cost.timeWait.upstream, 0],
  ["CPU a request of the edge, µs", (cost) => cost.cpuUsPerRequest.edge, 0],
  ["CPU a request of the upstream, µs", (cost) => cost.cpuUsPerRequest.upstream, 0],
];
console.log(`| edge ${edge} | pool on | pool off |\n|---|---:|---:|`);
for (const [name, figure, digits] of rows)
  console.log(`| ${name} | ${of("on", figure, digits)} | ${of("off", figure, digits)} |`);
console.log(
  `\n${vus} users, ${seconds} s a run, ${rounds} rounds by turns: median (least–greatest). ` +
    `${cpus()[0]?.model ?? "unknown CPU"}, ${cpus().length} cores, Linux ${release()}.`,
);
