import { type CapacityFit, type FitObservation, fitCapacity } from "./judge/capacity-fit.ts";
import { judgeProbe } from "./judge/probe.ts";
import { Search, type SearchAnswer, type SearchPlan } from "./judge/search.ts";
import { seededRandom } from "./load/random.ts";
import {
  type Burst,
  longRunCapacity,
  queue,
  type SimulatedLoad,
  type SimulatedServer,
  simulateProbe,
  tokenBucket,
} from "./test-simulated-server.ts";

/** A kind of server to prove the search on. */
export interface Scenario {
  name: string;
  /** The truth, in requests a second. */
  capacity: number;
  arrivals: SimulatedLoad["arrivals"];
  /** Share of the runs that a neighbour's burst hits. */
  burstShare: number;
  server(burst: Burst | null): SimulatedServer;
}

export interface Found {
  answer: SearchAnswer;
  fit: CapacityFit | null;
  observations: FitObservation[];
  /** Answer over truth, less one; null without an answer. */
  error: number | null;
  covered: boolean;
}

const probeMs = 10_000;
const confirmMs = 60_000;
const warmUpMs = 2000;

/** Whole search in virtual time; everything random comes from the seed, the first load included. */
export function searchSimulated(scenario: Scenario, seed: number, precision = 0.03): Found {
  const random = seededRandom(seed, 99);
  const plan: SearchPlan = { start: scenario.capacity / (4 + 28 * random()), max: 100_000, precision };
  const search = new Search(plan);
  const observations: FitObservation[] = [];
  for (let step = search.step; "order" in step; ) {
    const { rate, phase } = step.order;
    const steadyMs = phase === "confirm" ? confirmMs : probeMs;
    const burst = random() < scenario.burstShare ? burstIn(warmUpMs + steadyMs, random()) : null;
    const load = { rate, warmUpMs, steadyMs, arrivals: scenario.arrivals, seed: seed * 1000 + observations.length };
    const { outcome } = judgeProbe(simulateProbe(scenario.server(burst), load), precision / 3);
    observations.push({ rate, outcome, durationMs: steadyMs });
    step = search.observe(outcome);
  }
  const { answer } = search.step as { answer: SearchAnswer };
  const fit = fitCapacity(observations);
  const { capacity } = scenario;
  const low = Math.min(fit?.interval.low ?? 0, answer.rate ?? Number.POSITIVE_INFINITY);
  return {
    answer,
    fit,
    observations,
    error: answer.kind === "found" && answer.rate !== null ? answer.rate / capacity - 1 : null,
    covered: fit !== null && low <= capacity && capacity <= Math.max(fit.interval.high, answer.rate ?? 0),
  };
}

/** Two seconds in which everything takes three times as long, somewhere in the run. */
function burstIn(durationMs: number, at: number): Burst {
  const fromMs = at * (durationMs - 2000);
  return { fromMs, toMs: fromMs + 2000, factor: 3 };
}

/** The servers of the proof. Capacities that no formula gives are measured over 20 simulated minutes. */
export function scenarios(): Scenario[] {
  // One in a hundred may be refused under the objectives: so much more than it admits does it carry.
  const bucket = (perSecond: number, size: number): Omit<Scenario, "name" | "burstShare"> => ({
    capacity: perSecond / 0.99,
    arrivals: "constant",
    server: (burst) => tokenBucket(perSecond, size, burst),
  });
  const places = (count: number, serviceMs: number, arrivals: SimulatedLoad["arrivals"], jitter: number) => {
    const server = (burst: Burst | null) => queue({ places: count, serviceMs, jitter, burst });
    const nominal = (count * 1000) / serviceMs;
    return { arrivals, server, capacity: longRunCapacity(() => server(null), nominal, arrivals) };
  };
  const four = places(4, 4, "poisson", 0.5);
  const cliff = (count: number, serviceMs: number): Omit<Scenario, "name" | "burstShare"> => {
    const capacity = (count * 1000) / serviceMs;
    const parts = { places: count, serviceMs, jitter: 0.2, collapseAt: 0.1 * capacity, collapseFactor: 4 };
    return { capacity, arrivals: "constant", server: (burst) => queue({ ...parts, burst }) };
  };
  return [
    { name: "token bucket, small", burstShare: 0, ...bucket(400, 20) },
    { name: "token bucket, a second saved up", burstShare: 0, ...bucket(700, 700) },
    { name: "4 places, evenly spaced arrivals, jitter", burstShare: 0, ...places(4, 9, "constant", 0.3) },
    { name: "4 places, poisson arrivals, jitter", burstShare: 0, ...four },
    { name: "16 places, poisson arrivals, jitter", burstShare: 0, ...places(16, 8, "poisson", 0.5) },
    { name: "collapses above its limit", burstShare: 0, ...cliff(8, 11) },
    { name: "4 places, poisson, one run in ten hit by a neighbour", burstShare: 0.1, ...four },
    { name: "collapses, one run in ten hit by a neighbour", burstShare: 0.1, ...cliff(8, 11) },
  ];
}
