import { parseArgs } from "node:util";
import { seededRandom } from "../../load/random.ts";
import type { Stability } from "../../measure/drift-summary.ts";
import { driftOf } from "../drift.ts";
import type { Reading } from "./blocks.ts";
import { countsOf, cpuAfterOf, residualOf } from "./comparison.ts";
import { Designs } from "./design.ts";
import { countsShare, falseAlarmShare, gateFalseAlarm, gateOf } from "./gate.ts";
import { countGrowthOf } from "./growth.ts";
import { latencyDriftOf, throughputDriftOf } from "./performance.ts";
import { binomialLimit } from "./proof.ts";
import { countsHeld } from "./test-counts.ts";
import { normal, ornstein } from "./test-traces.ts";

/**
 * `npm run proof:gate -- [gates] [--seed-from N]`: whole gates of runs in which nothing grows, every check of three services
 * and of latency and throughput at once, disturbed together as services of one host are. And how often the gate sees
 * latency that doubles.
 */

const mebibyte = 2 ** 20;
const beforeMs = 30_000;
const afterMs = 60_000;
const batches = 120;

interface Service {
  name: string;
  baseMiB: number;
  /** Of the noise that its own allocations make. */
  sigma: number;
  tauS: number;
  /** A collector's cycle, of this height and period. */
  tooth: { mib: number; periodS: number } | null;
  idleMs: number;
}

const bundle: readonly Service[] = [
  { name: "edge", baseMiB: 110, sigma: 1.5, tauS: 20, tooth: { mib: 12, periodS: 17 }, idleMs: 60_000 },
  { name: "backend", baseMiB: 70, sigma: 0.8, tauS: 10, tooth: { mib: 6, periodS: 41 }, idleMs: 60_000 },
  { name: "nginx", baseMiB: 20, sigma: 0.1, tauS: 60, tooth: null, idleMs: Number.POSITIVE_INFINITY },
];

/** A run in which nothing drifts, but `latency` by that factor along a line. */
export interface GateTrial {
  minutes: number;
  seed: number;
  latency?: { factor: number; sigma: number; tauS: number };
}

/** One gate over simulated readings. */
export function gateOn(
  { minutes, seed, latency = { factor: 1, sigma: 0.06, tauS: 30 } }: GateTrial,
  designs: Designs,
): Stability {
  const uniform = seededRandom(seed, 0);
  const gauss = normal(uniform);
  const stepMs = minutes > 15 ? 2000 : 1000;
  const load = { fromMs: beforeMs, toMs: beforeMs + minutes * 60_000 };
  const endMs = load.toMs + afterMs;
  // Neighbours on the host: all services of a run, and their clients, feel the same.
  const host = ornstein(gauss, 1, 30, stepMs / 1000);
  const times = Array.from({ length: Math.floor(endMs / stepMs) }, (_, i) => ({ atMs: i * stepMs, host: host() }));
  const share = falseAlarmShare(bundle.length);
  const judged = bundle.map((service, s) => {
    const readings = memoryOf(service, times, load, gauss, uniform());
    const within = (fromMs: number, toMs: number) =>
      readings.filter(({ atMs }) => atMs >= fromMs && atMs < toMs).map(({ value }) => value);
    const options = { limitBytes: 2048 * mebibyte, baselineBytes: service.baseMiB * mebibyte, falseAlarm: share };
    const { name, idleMs } = service;
    const busy = { mean: 12, sigma: 3 };
    const counts = countsHeld({ minutes, intervalMs: stepMs, idleMs, busy, leakPerHour: 0 }, 3 * seed + s).map(
      ({ atMs, value }) => {
        return { atMs: atMs + load.fromMs, value };
      },
    );
    // After the load the clients' are gone, and the pool of the edge is closed or kept.
    const left = idleMs < afterMs / 2 ? 25 : (counts.at(-1)?.value ?? 0) - 50;
    const cpu = (count: number) => Array.from({ length: count }, () => 0.01 - 0.01 * Math.log(1 - uniform()));
    return {
      service: name,
      drift: driftOf({ figure: "rss", readings, load, taken: readings.length, lost: 0 }, options, designs),
      checks: [
        residualOf({ service: name, before: within(0, load.fromMs), after: within(endMs - afterMs / 2, endMs) }),
        countsOf("fds", { service: name, before: [25], after: [left] }, 64),
        cpuAfterOf({ service: name, before: cpu(15), after: cpu(15) }),
        countGrowthOf(
          { check: "fds-growth", service: name, readings: counts, load, taken: counts.length, lost: 0 },
          countsShare(bundle.length),
          designs,
        ),
      ],
    };
  });
  const own = ornstein(gauss, latency.sigma, latency.tauS, (minutes * 60) / batches);
  const felt = Array.from({ length: batches }, (_, i) => {
    const atMs = load.fromMs + ((i + 0.5) * (load.toMs - load.fromMs)) / batches;
    const near = times[Math.round(atMs / stepMs)]?.host ?? 0;
    const grown = latency.factor ** ((i + 0.5) / batches);
    // Now and then a pause that the p99 of a batch shows.
    const pause = uniform() < 0.01 ? 3 : 1;
    return { atMs, p99: 20 * grown * pause * Math.exp(own() + 0.03 * near), rps: 1000 * Math.exp(0.02 * gauss() - 0.02 * near) };
  });
  const checks = [
    ...judged.flatMap((one) => one.checks),
    latencyDriftOf(
      felt.map(({ atMs, p99 }) => ({ atMs, value: p99 })),
      load,
      share,
      designs,
    ),
    throughputDriftOf(
      felt.map(({ atMs, rps }) => ({ atMs, value: rps })),
      load,
      share,
      designs,
    ),
  ];
  return gateOf({ memory: judged, checks });
}

function memoryOf(
  { baseMiB, sigma, tauS, tooth }: Service,
  times: readonly { atMs: number; host: number }[],
  load: { fromMs: number; toMs: number },
  gauss: () => number,
  phase: number,
): Reading[] {
  const noise = ornstein(gauss, sigma, tauS, ((times[1]?.atMs ?? 0) - (times[0]?.atMs ?? 0)) / 1000);
  return times.map(({ atMs, host }) => {
    const isLoaded = atMs >= load.fromMs && atMs < load.toMs;
    const saw = isLoaded && tooth ? tooth.mib * ((atMs / 1000 / tooth.periodS + phase) % 1) : 0;
    const more = isLoaded ? 0.1 * baseMiB : atMs < load.fromMs ? 0 : 0.02 * baseMiB;
    // In whole pages, as a kernel tells them.
    return { atMs, value: Math.round((baseMiB + more + saw + noise() + sigma * 0.5 * host) * 256) * 4096 };
  });
}

if (import.meta.main) {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: { "seed-from": { type: "string" } } });
  const gates = Number(positionals[0] ?? 1000);
  const from = Number(values["seed-from"] ?? 1);
  const percent = (count: number) => `${((100 * count) / gates).toFixed(1)} %`;
  console.log(
    `${gates} gates a row, from seed ${from}\n\n| run | alarms | latency called drifting | latency called stable | gate stable |`,
  );
  console.log("|---|---|---|---|---|");
  const slow = { sigma: 0.1, tauS: 120 };
  const rows: [string, Omit<GateTrial, "seed">][] = [
    ["nothing drifts, 15 min", { minutes: 15 }],
    ["nothing drifts, 60 min", { minutes: 60 }],
    ["nothing drifts, latency of σ 0.1, τ 120 s, 60 min", { minutes: 60, latency: { factor: 1, ...slow } }],
    ["p99 doubles along a line, σ 0.06, τ 30 s, 60 min", { minutes: 60, latency: { factor: 2, sigma: 0.06, tauS: 30 } }],
    ["p99 doubles along a line, σ 0.1, τ 120 s, 60 min", { minutes: 60, latency: { factor: 2, ...slow } }],
  ];
  for (const [name, trial] of rows) {
    const designs = new Designs(64);
    const seen = { alarms: 0, drifting: 0, stable: 0, gate: 0 };
    for (let seed = from; seed < from + gates; seed++) {
      const { verdict, checks } = gateOn({ ...trial, seed }, designs);
      const latency = checks.find(({ check }) => check === "latency")?.verdict;
      if (verdict === "drifting") seen.alarms++;
      if (verdict === "stable") seen.gate++;
      if (latency === "drifting") seen.drifting++;
      if (latency === "stable") seen.stable++;
    }
    console.log(
      `| ${name} | ${percent(seen.alarms)} | ${percent(seen.drifting)} | ${percent(seen.stable)} | ${percent(seen.gate)} |`,
    );
    const isNull = (trial.latency?.factor ?? 1) === 1;
    if (isNull && seen.alarms > binomialLimit(gates, gateFalseAlarm)) process.exitCode = 1;
  }
}
