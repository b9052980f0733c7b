import { type CapacityFit, type FitObservation, fitCapacity } from "../judge/capacity-fit.ts";
import { judgeProbe } from "../judge/probe.ts";
import { Search, type SearchAnswer, type SearchPlan } from "../judge/search.ts";
import { seededRandom } from "../load/random.ts";
import {
  type Burst,
  longRunCapacity,
  queue,
  type SimulatedLoad,
  type SimulatedServer,
  simulateProbe,
  tokenBucket,
} from "./simulated-server.ts";

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
    const facts = simulateProbe(scenario.server(burst), load);
    const { outcome } = judgeProbe(facts, precision / 3);
    const answered = facts.seconds.reduce((sum, second) => sum + second.answered, 0);
    observations.push({ rate, outcome, durationMs: steadyMs });
    step = search.observe({ outcome, answeredRps: answered / (steadyMs / 1000) });
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

/** The servers of the proof, each made when asked for: capacities that no formula gives are measured over ten simulated minutes. */
export function scenarios(): (() => Scenario)[] {
  // One in a hundred may be refused under the objectives: so much more than it admits does it carry.
  const bucket = (name: string, perSecond: number, size: number) => (): Scenario => ({
    name,
    capacity: perSecond / 0.99,
    arrivals: "constant",
    burstShare: 0,
    server: (burst) => tokenBucket(perSecond, size, burst),
  });
  const places =
    (name: string, [count, serviceMs, jitter]: [number, number, number], arrivals: Scenario["arrivals"], burstShare = 0) =>
    (): Scenario => {
      const server = (burst: Burst | null) => queue({ places: count, serviceMs, jitter, burst });
      const capacity = longRunCapacity(() => server(null), (count * 1000) / serviceMs, arrivals);
      return { name, capacity, arrivals, burstShare, server };
    };
  const cliff =
    (name: string, [count, serviceMs]: [number, number], burstShare = 0) =>
    (): Scenario => {
      const capacity = (count * 1000) / serviceMs;
      const parts = { places: count, serviceMs, jitter: 0.2, collapseAt: 0.1 * capacity, collapseFactor: 4 };
      return { name, capacity, arrivals: "constant", burstShare, server: (burst) => queue({ ...parts, burst }) };
    };
  return [
    bucket("token bucket, small", 400, 20),
    bucket("token bucket, a second saved up", 700, 700),
    places("4 places, evenly spaced arrivals", [4, 9, 0.3], "constant"),
    places("4 places, poisson arrivals", [4, 4, 0.5], "poisson"),
    places("16 places, poisson arrivals", [16, 8, 0.5], "poisson"),
    cliff("collapses above its limit", [8, 11]),
    places("4 places, poisson arrivals, a noisy neighbour", [4, 4, 0.5], "poisson", 0.1),
    cliff("collapses above its limit, a noisy neighbour", [8, 11], 0.1),
  ];
}
