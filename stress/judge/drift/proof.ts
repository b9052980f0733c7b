import type { DriftVerdict } from "../../measure/drift-summary.ts";
import { driftOf } from "../drift.ts";
import { falseAlarmShare } from "./gate.ts";
import { adversaries, leaks, nulls, readingsOf, type Shape } from "./test-traces.ts";

/**
 * `npm run proof:drift [seeds] [minutes…]`: how often each kind of memory is called what. Seeds are 1, 2, 3, …, so the table
 * is the same on every machine.
 */

export type Tally = Record<DriftVerdict, number>;

export interface ProofSetting {
  minutes: number;
  intervalMs: number;
  /** Of the noise, in MiB. */
  sigma: number;
  seeds: number;
}

const mebibyte = 2 ** 20;
/** A bundle of edge, backend and one more. */
const services = 3;

/** Verdicts on `seeds` traces of one kind: 100 MiB of memory under a limit of 2 GiB. */
export function tallyOf(shape: Shape, { minutes, intervalMs, sigma, seeds }: ProofSetting): Tally {
  const tally: Tally = { leaking: 0, stable: 0, undecided: 0, invalid: 0 };
  for (let seed = 1; seed <= seeds; seed++) {
    const readings = readingsOf(shape, { minutes, intervalMs, sigma }, seed);
    const asked = Math.ceil((minutes * 60_000) / intervalMs);
    const load = { fromMs: 0, toMs: minutes * 60_000 };
    const series = { figure: "rss" as const, readings, load, lost: asked - readings.length };
    const options = { limitBytes: 2048 * mebibyte, baselineBytes: 100 * mebibyte, falseAlarm: falseAlarmShare(services) };
    tally[driftOf(series, options).verdict]++;
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

function print(title: string, shapes: Record<string, Shape>, setting: ProofSetting): Tally {
  const total: Tally = { leaking: 0, stable: 0, undecided: 0, invalid: 0 };
  console.log(
    `\n${title}, ${setting.minutes} min, σ ${setting.sigma} MiB, every ${setting.intervalMs / 1000} s, ${setting.seeds} seeds\n`,
  );
  console.log("| memory | leaking | stable | undecided | invalid |\n|---|---|---|---|---|");
  for (const [name, shape] of Object.entries(shapes)) {
    const tally = tallyOf(shape, setting);
    const cells = (Object.keys(total) as DriftVerdict[]).map((verdict) => {
      total[verdict] += tally[verdict];
      return `${((100 * tally[verdict]) / setting.seeds).toFixed(1)} %`;
    });
    console.log(`| ${name} | ${cells.join(" | ")} |`);
  }
  return total;
}

if (import.meta.main) {
  const [seeds = 300, ...durations] = process.argv.slice(2).map(Number);
  for (const minutes of durations.length > 0 ? durations : [15, 60]) {
    const setting = { minutes, intervalMs: minutes > 15 ? 2000 : 1000, sigma: 2, seeds };
    const wrong = print("No leak", nulls, setting);
    print("Leak of 1 MiB/min", leaks(1), setting);
    print("Adversaries", adversaries, setting);
    const trials = seeds * Object.keys(nulls).length;
    const limit = binomialLimit(trials, falseAlarmShare(services));
    console.log(`\n${wrong.leaking} false alarms in ${trials} traces; ${limit} are within the rate promised`);
    if (wrong.leaking > limit) process.exitCode = 1;
  }
}
