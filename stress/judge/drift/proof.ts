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

/** Traces by name. */
export type Kinds = Readonly<Record<string, Shape>>;

/** What is required of detection: this share of one kind of leak, in noise of `sigma`, called leaking within `minutes`. */
export const required = { leak: "linear leak", share: 0.95, minutes: 15, sigma: 2 };
/** Fewer seeds than these miss the share by chance, and are held to nothing. */
const leastSeeds = 300;

/**
 * Prints the tables and what was promised of them: no more false alarms than the rate promised, no fewer leaks found than
 * required. Whether all of it was kept.
 */
export function prove(
  kinds: { nulls: Kinds; leaks: Kinds; adversaries: Kinds },
  settings: readonly ProofSetting[],
  tally: typeof tallyOf = tallyOf,
): boolean {
  const quiet = print("no leak", kinds.nulls, settings, tally);
  const leaking = print("leak of 1 MiB/min", kinds.leaks, settings, tally);
  print("adversaries", kinds.adversaries, settings, tally);
  console.log("");
  const kept = settings.flatMap(({ minutes, seeds, sigma }, i) => {
    const trials = seeds * Object.keys(kinds.nulls).length;
    const limit = binomialLimit(trials, falseAlarmShare(services));
    const alarms = Object.values(quiet).reduce((sum, tallies) => sum + (tallies[i]?.leaking ?? 0), 0);
    console.log(`${minutes} min: ${alarms} false alarms in ${trials} traces; ${limit} are within the rate promised`);
    const isRequired = minutes === required.minutes && sigma === required.sigma && seeds >= leastSeeds;
    if (!isRequired) return [alarms <= limit];
    const found = leaking[required.leak]?.[i]?.leaking ?? 0;
    const least = Math.ceil(required.share * seeds);
    console.log(`${minutes} min: "${required.leak}" found in ${found} of ${seeds} traces; ${least} are required`);
    return [alarms <= limit, found >= least];
  });
  return !kept.includes(false);
}

/** One table, a column a duration: leaking / stable / undecided in percent, and what was invalid where anything was. */
function print(
  title: string,
  shapes: Kinds,
  settings: readonly ProofSetting[],
  tallyIn: typeof tallyOf,
): Record<string, Tally[]> {
  console.log(`| **${title}** |${" |".repeat(settings.length)}`);
  const rows = Object.entries(shapes).map(([name, shape]): [string, Tally[]] => {
    const tallies = settings.map((setting) => tallyIn(shape, setting));
    const cells = tallies.map((tally, i) => {
      const percent = (count: number) => ((100 * count) / (settings[i]?.seeds ?? 1)).toFixed(1);
      const invalid = tally.invalid === 0 ? "" : ` (${percent(tally.invalid)} invalid)`;
      return `${percent(tally.leaking)} / ${percent(tally.stable)} / ${percent(tally.undecided)}${invalid}`;
    });
    console.log(`| ${name} | ${cells.join(" | ")} |`);
    return [name, tallies];
  });
  return Object.fromEntries(rows);
}

if (import.meta.main) {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: { "seed-from": { type: "string" } } });
  const [seeds = 300, ...durations] = positionals.map(Number);
  const seedFrom = Number(values["seed-from"] ?? 1);
  const settings = (durations.length > 0 ? durations : [15, 60]).map((minutes) => {
    return { minutes, intervalMs: minutes > 15 ? 2000 : 1000, sigma: required.sigma, seeds, seedFrom };
  });
  console.log(`Leaking / stable / undecided, in percent of ${seeds} seeds a kind, from seed ${seedFrom}\n`);
  console.log(
    `| memory | ${settings.map(({ minutes, intervalMs }) => `${minutes} min, every ${intervalMs / 1000} s`).join(" | ")} |`,
  );
  console.log(`|---|${"---|".repeat(settings.length)}`);
  if (!prove({ nulls, leaks: leaks(1), adversaries }, settings)) process.exitCode = 1;
}
