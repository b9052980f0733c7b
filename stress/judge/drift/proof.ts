import { parseArgs } from "node:util";
import type { DriftVerdict } from "../../measure/drift-summary.ts";
import { driftOf } from "../drift.ts";
import { Designs } from "./design.ts";
import { falseAlarmShare } from "./gate.ts";
import { adversaries, leaks, nulls, readingsOf, type Shape } from "./test-traces.ts";

/**
 * `npm run proof:drift -- [seeds] [minutes…] [--seed-from N]`: how often each kind of memory is called what. Seeds follow each
 * other, so the table is the same on every machine. Those below 100,000 are for tuning, the ones above for tables.
 */

export type Tally = Record<DriftVerdict, number>;

export interface ProofSetting {
  minutes: number;
  intervalMs: number;
  /** Of the noise, in MiB. */
  sigma: number;
  seeds: number;
  /** The first one, 1 by default. */
  seedFrom?: number;
}

const mebibyte = 2 ** 20;
/** A bundle of edge, backend and one more. */
const services = 3;

/** Verdicts on `seeds` traces of one kind: 100 MiB of memory under a limit of 2 GiB. */
export function tallyOf(shape: Shape, { minutes, intervalMs, sigma, seeds, seedFrom = 1 }: ProofSetting): Tally {
  const tally: Tally = { leaking: 0, stable: 0, undecided: 0, invalid: 0 };
  const designs = new Designs(64);
  for (let seed = seedFrom; seed < seedFrom + seeds; seed++) {
    const readings = readingsOf(shape, { minutes, intervalMs, sigma }, seed);
    const asked = Math.ceil((minutes * 60_000) / intervalMs);
    const load = { fromMs: 0, toMs: minutes * 60_000 };
    const series = { figure: "rss" as const, readings, load, taken: readings.length, lost: asked - readings.length };
    const options = { limitBytes: 2048 * mebibyte, baselineBytes: 100 * mebibyte, falseAlarm: falseAlarmShare(services) };
    tally[driftOf(series, options, designs).verdict]++;
  }
  return tally;
}

/** The number of events of probability `rate` in `trials` that is exceeded with probability 0.001 only. */
export function binomialLimit(trials: number, rate: number): number {
  let [term, sum, k] = [(1 - rate) ** trials, (1 - rate) ** trials, 0];
  while (sum < 0.999) {
    term *= ((trials - k) / (k + 1)) * (rate / (1 - rate));
    k++;
    sum += term;
  }
  return k;
}

/** One table, a column a duration: leaking / stable / undecided in percent, and what was invalid where anything was. */
function print(title: string, shapes: Record<string, Shape>, settings: readonly ProofSetting[]): Tally[] {
  console.log(`| **${title}** |${" |".repeat(settings.length)}`);
  const totals = settings.map((): Tally => ({ leaking: 0, stable: 0, undecided: 0, invalid: 0 }));
  for (const [name, shape] of Object.entries(shapes)) {
    const cells = settings.map((setting, i) => {
      const tally = tallyOf(shape, setting);
      const total = totals[i] as Tally;
      for (const verdict of Object.keys(total) as DriftVerdict[]) total[verdict] += tally[verdict];
      const percent = (count: number) => ((100 * count) / setting.seeds).toFixed(1);
      const invalid = tally.invalid === 0 ? "" : ` (${percent(tally.invalid)} invalid)`;
      return `${percent(tally.leaking)} / ${percent(tally.stable)} / ${percent(tally.undecided)}${invalid}`;
    });
    console.log(`| ${name} | ${cells.join(" | ")} |`);
  }
  return totals;
}

if (import.meta.main) {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: { "seed-from": { type: "string" } } });
  const [seeds = 300, ...durations] = positionals.map(Number);
  const seedFrom = Number(values["seed-from"] ?? 1);
  const settings = (durations.length > 0 ? durations : [15, 60]).map((minutes) => {
    return { minutes, intervalMs: minutes > 15 ? 2000 : 1000, sigma: 2, seeds, seedFrom };
  });
  console.log(`Leaking / stable / undecided, in percent of ${seeds} seeds a kind, from seed ${seedFrom}\n`);
  console.log(
    `| memory | ${settings.map(({ minutes, intervalMs }) => `${minutes} min, every ${intervalMs / 1000} s`).join(" | ")} |`,
  );
  console.log(`|---|${"---|".repeat(settings.length)}`);
  const wrong = print("no leak", nulls, settings);
  print("leak of 1 MiB/min", leaks(1), settings);
  print("adversaries", adversaries, settings);
  const trials = seeds * Object.keys(nulls).length;
  const limit = binomialLimit(trials, falseAlarmShare(services));
  console.log("");
  for (const [i, { leaking }] of wrong.entries()) {
    const said = `${leaking} false alarms in ${trials} traces; ${limit} are within the rate promised`;
    console.log(`${settings[i]?.minutes} min: ${said}`);
    if (leaking > limit) process.exitCode = 1;
  }
}
