import type { ProbeFacts, ProbeSecond } from "../judge/probe.ts";
import { type Random, seededRandom } from "../load/random.ts";

/**
 * Servers of known capacity in virtual time, to prove the search on: an hour of load takes milliseconds, and a seed gives
 * the same run on every machine. Times in milliseconds.
 */
export interface SimulatedServer {
  /** Takes the request that arrives at `atMs`, never before the one before it. */
  serve(atMs: number, random: Random): { endMs: number; ok: boolean };
}

/** Slows everything down by `factor` from `fromMs` to `toMs`: a neighbour's burst. */
export interface Burst {
  fromMs: number;
  toMs: number;
  factor: number;
}

const slowdown = (burst: Burst | null, atMs: number) =>
  burst !== null && atMs >= burst.fromMs && atMs < burst.toMs ? burst.factor : 1;

/** Answers `perSecond` requests with at most `size` saved up, and refuses the others at once. */
export function tokenBucket(perSecond: number, size: number, burst: Burst | null = null): SimulatedServer {
  let tokens = size;
  let lastMs = 0;
  return {
    serve(atMs, random) {
      tokens = Math.min(size, tokens + ((atMs - lastMs) * perSecond) / 1000);
      lastMs = atMs;
      const ok = tokens >= 1;
      if (ok) tokens--;
      return { endMs: atMs + (1 + 4 * random()) * slowdown(burst, atMs) ** 8, ok };
    },
  };
}

/**
 * `places` requests at a time, first come, first served, each for `serviceMs` give or take `jitter` of it; above
 * `collapseAt` requests waiting or served it takes `collapseFactor` as long, as with thrashing or a cold cache.
 */
export function queue(options: {
  places: number;
  serviceMs: number;
  jitter: number;
  burst?: Burst | null;
  collapseAt?: number;
  collapseFactor?: number;
}): SimulatedServer {
  const { places, serviceMs, jitter, burst = null, collapseAt = Number.POSITIVE_INFINITY, collapseFactor = 1 } = options;
  const freeAt = new Float64Array(places);
  /** Ends of what is in the system, oldest first; ends hardly overtake, so the front tells how many there are. */
  const ends: number[] = [];
  let front = 0;
  return {
    serve(atMs, random) {
      let place = 0;
      for (let i = 1; i < places; i++) if ((freeAt[i] as number) < (freeAt[place] as number)) place = i;
      let takesMs = serviceMs * (1 + jitter * (2 * random() - 1));
      const startMs = Math.max(atMs, freeAt[place] as number);
      if (collapseAt !== Number.POSITIVE_INFINITY) {
        while (front < ends.length && (ends[front] as number) <= atMs) front++;
        if (ends.length - front > collapseAt) takesMs *= collapseFactor;
      }
      takesMs *= slowdown(burst, startMs);
      freeAt[place] = startMs + takesMs;
      if (collapseAt !== Number.POSITIVE_INFINITY) ends.push(startMs + takesMs);
      return { endMs: startMs + takesMs, ok: true };
    },
  };
}

export interface SimulatedLoad {
  rate: number;
  warmUpMs: number;
  steadyMs: number;
  arrivals: "constant" | "poisson";
  seed: number;
}

const p95LimitMs = 250;
const p99LimitMs = 500;
const failedLimit = 0.01;

/** One probe with the default objectives, as the engine would have measured it. */
export function simulateProbe(server: SimulatedServer, load: SimulatedLoad): ProbeFacts {
  const { rate, warmUpMs, steadyMs, arrivals } = load;
  const random = seededRandom(load.seed, 0);
  const lastMs = warmUpMs + steadyMs;
  const dues: number[] = [];
  const ends: number[] = [];
  const responses: number[] = [];
  let failed = 0;
  // The warm-up ramps from half the rate.
  const rateAt = (atMs: number) => (atMs < warmUpMs ? rate * (0.5 + atMs / warmUpMs / 2) : rate);
  for (let atMs = 0; ; ) {
    atMs += (1000 / rateAt(atMs)) * (arrivals === "poisson" ? -Math.log(1 - random()) : 1);
    if (atMs >= lastMs) break;
    const { endMs, ok } = server.serve(atMs, random);
    dues.push(atMs);
    ends.push(endMs);
    if (endMs < warmUpMs) continue;
    responses.push(endMs - atMs);
    if (!ok) failed++;
  }
  const sorted = Float64Array.from(responses).sort();
  const percentile = (p: number) => sorted[Math.max(0, Math.ceil((p / 100) * sorted.length) - 1)] ?? 0;
  const objective = (name: string, actual: number, limit: number) => {
    return { text: `${name}<${limit} (${actual.toFixed(3)})`, ok: actual < limit, excess: actual / limit, missedByMs: null };
  };
  return {
    rate,
    seconds: secondsOf(dues, ends, warmUpMs, steadyMs),
    objectives: [
      objective("http_req_failed: rate", failed / Math.max(1, responses.length), failedLimit),
      objective("response_time: p(95)", percentile(95), p95LimitMs),
      objective("response_time: p(99)", percentile(99), p99LimitMs),
    ],
    drainMs: Math.max(0, ends.reduce((most, end) => Math.max(most, end), 0) - lastMs),
    pacerLagP99Ms: null,
    hasLocalFailures: false,
    generatorReasons: [],
    deaths: [],
  };
}

function secondsOf(dues: readonly number[], ends: readonly number[], warmUpMs: number, steadyMs: number): ProbeSecond[] {
  const count = Math.round(steadyMs / 1000);
  const due = new Array<number>(count).fill(0);
  const responses = Array.from({ length: count }, (): number[] => []);
  let outstanding = 0;
  for (const [i, dueMs] of dues.entries()) {
    const endMs = ends[i] as number;
    const dueIn = Math.floor((dueMs - warmUpMs) / 1000);
    const endIn = Math.floor((endMs - warmUpMs) / 1000);
    if (dueIn >= 0) due[dueIn] = (due[dueIn] as number) + 1;
    else if (endIn >= 0) outstanding++;
    responses[endIn]?.push(endMs - dueMs);
  }
  return responses.map((ended, second) => {
    ended.sort((a, b) => a - b);
    outstanding += (due[second] as number) - ended.length;
    return {
      atMs: warmUpMs + (second + 1) * 1000,
      due: due[second] as number,
      answered: ended.length,
      dropped: 0,
      outstanding,
      responseP50Ms: ended[Math.floor(ended.length / 2)] ?? null,
      responseMaxMs: ended.at(-1) ?? null,
    };
  });
}

/** The highest load under which the objectives hold over ten minutes without a burst: what a search should find. */
export function longRunCapacity(server: () => SimulatedServer, nominal: number, arrivals: SimulatedLoad["arrivals"]): number {
  let [holds, breaks] = [nominal * 0.8, nominal * 1.05];
  while (breaks / holds > 1.002) {
    const rate = (holds + breaks) / 2;
    const facts = simulateProbe(server(), { rate, warmUpMs: 10_000, steadyMs: 600_000, arrivals, seed: 7 });
    // Over so long any growth beyond chance breaks the latency objectives.
    if (facts.objectives.every(({ ok }) => ok)) holds = rate;
    else breaks = rate;
  }
  return (holds + breaks) / 2;
}
