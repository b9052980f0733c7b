import { seededRandom } from "../load/random.ts";
import { LatencyHistogram } from "../measure/histogram.ts";
import { LatencyRecorder } from "../measure/recorder.ts";
import type { Summary } from "../measure/summary.ts";
import { backend, exampleSummary, proxy } from "../report/example-summary.ts";

/** A target that exists only as random numbers, so that it is known what a comparison should find. */
export interface SimulatedTarget {
  /** Service time, and CPU a request, times this. */
  slowdown: number;
  /** Standard deviation of the logarithm from run to run: what a whole run has in common. */
  strayBetweenRuns: number;
  /** The same from second to second, an AR(1) process with `memory` of the second before. */
  strayWithinRun: number;
  memory: number;
  /** Share of requests that fail; times a lognormal factor of the run. */
  failing: number;
}

export const steadyTarget: SimulatedTarget = {
  slowdown: 1,
  strayBetweenRuns: 0.02,
  strayWithinRun: 0.05,
  memory: 0.8,
  failing: 0,
};

const users = 50;
/** Of the logarithm of service time within one second. */
const sigma = 0.4;
/** Requests of a second whose service time is drawn; the others are as they. */
const drawn = 200;
const medianMs = 8;

export interface SimulatedOptions {
  seconds?: number;
  series?: "none" | "rows" | "batches";
}

/**
 * The summary of one run of `seconds` at a constant 50 users. Throughput follows from service time, as in the closed model;
 * tails stray more from run to run than the middle, memory and CPU of each service on their own. `series` makes the rows of
 * a time series, or batches too and percentiles from them; without batches percentiles stray as they would.
 */
export function simulatedRun(
  target: SimulatedTarget,
  seed: number,
  { seconds = 60, series = "none" }: SimulatedOptions = {},
): Summary {
  const random = seededRandom(seed, 1);
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const { slowdown, strayBetweenRuns: stray } = target;
  const run = Math.exp(stray * normal());
  const tail = Math.exp(stray * normal());
  const failing = Math.min(1, target.failing * Math.exp(normal() / 2));
  const scaleMs = medianMs * slowdown * run;
  const quantile = (z: number) => scaleMs * Math.exp(z * sigma * tail) * Math.exp((stray / 2) * normal());
  let rps = users / ((scaleMs * Math.exp(sigma ** 2 / 2)) / 1000);
  let percentiles = { "p(50)": quantile(0), "p(95)": quantile(1.645), "p(99)": quantile(2.326) };
  const services = [proxy(), backend()];
  const cores = services.map(({ cpu }) => rps * 5e-5 * slowdown * (cpu.steadyCores ?? 1) * Math.exp(stray * normal()));
  const rss = services.map(({ rss }) => (rss?.steadyBytes ?? 0) * Math.exp(stray * normal()));
  let [requests, failed] = [Math.round(rps * seconds), 0];
  let timeseries: Summary["timeseries"] = { intervalMs: 1000, columns: [], rows: [], batches: [] };
  if (series !== "none") {
    const whole = new LatencyHistogram();
    const names = services.flatMap(({ name }) => [`rss:${name}`, `cpu:${name}`]);
    timeseries = { ...timeseries, columns: ["t_ms", "users", "requests", "failed", ...names] };
    const recorder = new LatencyRecorder();
    let level = target.strayWithinRun * normal();
    requests = 0;
    for (let second = 0; second < seconds; second++) {
      const innovation = Math.sqrt(1 - target.memory ** 2) * target.strayWithinRun * normal();
      level = target.memory * level + innovation;
      for (let i = 0; i < drawn && series === "batches"; i++)
        recorder.record(scaleMs * Math.exp(level + sigma * tail * normal()));
      const inSecond = Math.round(rps * Math.exp(-level));
      let failedInSecond = 0;
      for (let i = 0; i < inSecond && failing > 0; i++) failedInSecond += random() < failing ? 1 : 0;
      requests += inSecond;
      failed += failedInSecond;
      const gauges = services.flatMap((_, i) => [rss[i] ?? 0, (cores[i] ?? 0) * Math.exp(-level)]);
      timeseries.rows.push([(second + 1) * 1000, users, inSecond, failedInSecond, ...gauges]);
      const raw = recorder.take();
      if (raw === null) continue;
      const piece = new LatencyHistogram();
      piece.addRaw(raw);
      whole.add(piece);
      timeseries.batches.push({ fromMs: second * 1000, toMs: (second + 1) * 1000, data: piece.encode() });
    }
    const ms = (p: number) => whole.percentile(p).us / 1000;
    if (series === "batches") percentiles = { "p(50)": ms(50), "p(95)": ms(95), "p(99)": ms(99) };
    rps = requests / seconds;
  } else if (failing > 0) failed = Math.round(requests * failing);
  return summaryOf({ seed, seconds, rps, percentiles, requests, failed, cores, rss, timeseries });
}

interface Simulated {
  seed: number;
  seconds: number;
  rps: number;
  percentiles: Record<"p(50)" | "p(95)" | "p(99)", number>;
  requests: number;
  failed: number;
  cores: number[];
  rss: number[];
  timeseries: Summary["timeseries"];
}

function summaryOf({ seed, seconds, rps, percentiles, requests, failed, cores, rss, timeseries }: Simulated): Summary {
  const example = exampleSummary({ services: [] });
  const { http_req_duration: duration, checks: _, ...metrics } = example.metrics;
  if (duration?.type !== "trend") throw new Error("the example has no latency");
  const durationMs = seconds * 1000;
  const answeredRps = rps * (1 - failed / requests);
  const phase = { name: "hold 50 users", kind: "hold", durationMs, from: users, to: users, unit: "users", beyond: [] } as const;
  const services = [proxy(), backend()].map((service, i) => ({
    ...service,
    cpu: { ...service.cpu, steadyCores: cores[i] ?? 0 },
    rss: service.rss && { ...service.rss, steadyBytes: rss[i] ?? 0 },
  }));
  return {
    ...example,
    metadata: { ...example.metadata, id: `simulated-${seed}`, startedAt: new Date(seed * 1000).toISOString() },
    profile: { ...example.profile, load: { model: "closed", thinkTime: null, stages: [{ durationMs, from: users, to: users }] } },
    metrics: {
      ...metrics,
      http_reqs: { type: "counter", contains: "default", values: { count: requests, rate: rps } },
      http_req_failed: {
        type: "rate",
        contains: "default",
        values: { rate: failed / requests, passes: failed, fails: requests - failed },
      },
      http_req_duration: { ...duration, values: { ...duration.values, ...percentiles, count: requests, censored: 0 } },
    },
    phases: [{ ...phase, requests, failed, rps: answeredRps, ...percentiles, beyond: [] }],
    timeseries,
    resources: services,
    capacity: { ...example.capacity, averageRps: answeredRps, sustainedRps: answeredRps, sustainedAt: "hold 50 users" },
    results: { verdict: "pass", exitCode: 0, reasons: [] },
  };
}
