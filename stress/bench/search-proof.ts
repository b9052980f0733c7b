import { availableParallelism } from "node:os";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { scenarios, searchSimulated } from "../testing/simulated-search.ts";

/**
 * `npm run proof:search [seeds]`: how often the search is right, on servers whose capacity is known. One thread a server;
 * fails where fewer than 95 % of the answers are within the precision.
 */
const precision = 0.03;

interface Row {
  cells: string[];
  within: number;
}

function prove(index: number, seeds: number): Row {
  const [scenario] = scenarios()
    .slice(index, index + 1)
    .map((make) => make());
  if (scenario === undefined) throw new Error(`no scenario ${index}`);
  const all = Array.from({ length: seeds }, (_, seed) => searchSimulated(scenario, seed + 1, precision));
  const errors = all.flatMap(({ error }) => error ?? []);
  const within = errors.filter((error) => Math.abs(error) <= precision).length / seeds;
  const covered = all.filter((found) => found.covered).length / seeds;
  const widths = all.flatMap(({ fit }) => (fit === null ? [] : fit.interval.high / fit.interval.low - 1));
  const probes = all.map(({ observations }) => observations.length);
  const cells = [
    scenario.name,
    scenario.capacity.toFixed(1),
    percent(within),
    ...[0.025, 0.5, 0.975].map((share) => signed(quantile(errors, share))),
    percent(covered),
    percent(quantile(widths, 0.5)),
    String(quantile(probes, 0.5)),
  ];
  return { cells, within };
}

function quantile(values: readonly number[], share: number): number {
  return values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(share * values.length))] ?? Number.NaN;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

function signed(share: number): string {
  return `${share < 0 ? "−" : "+"}${Math.abs(100 * share).toFixed(2)} %`;
}

async function main(seeds: number): Promise<void> {
  const rows: Row[] = [];
  let next = 0;
  const count = scenarios().length;
  const work = async () => {
    while (next < count) {
      const index = next++;
      const worker = new Worker(new URL(import.meta.url), { workerData: { index, seeds } });
      const row = await new Promise<Row>((resolve, reject) => worker.once("message", resolve).once("error", reject));
      rows[index] = row;
      // A row takes minutes: each is told when it is there, and all once more in their order.
      console.error(row.cells.join(" | "));
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, work));
  console.log(`${seeds} seeds each, precision ${percent(precision)}\n`);
  console.log("| server | truth, /s | within | error p2.5 | p50 | p97.5 | interval holds truth | width | probes |");
  console.log("|---|---|---|---|---|---|---|---|---|");
  for (const { cells } of rows) console.log(`| ${cells.join(" | ")} |`);
  process.exitCode = rows.every(({ within }) => within >= 0.95) ? 0 : 1;
}

if (isMainThread) await main(Number(process.argv[2] ?? 300));
else parentPort?.postMessage(prove(workerData.index, workerData.seeds));
