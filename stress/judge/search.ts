import type { Outcome } from "./probe.ts";

/** What a search is asked for. Rates are arrivals a second. */
export interface SearchPlan {
  start: number;
  max: number;
  /** How far the answer may be from the truth, as a share of it. */
  precision: number;
}

export type SearchPhase = "climb" | "bisect" | "recheck" | "confirm";

/** The next probe to make, and what is known so far. */
export interface ProbeOrder {
  phase: SearchPhase;
  rate: number;
  /** 1, and up where a probe is repeated. */
  attempt: number;
  bracket: Bracket;
}

/** The highest load that held, and the lowest above it that did not; `by` says whose limit that was. */
export interface Bracket {
  holds: number | null;
  breaks: { rate: number; by: "target" | "generator" } | null;
}

export type AnswerKind = "found" | "first-load-fails" | "generator-first" | "holds-at-max" | "not-converged" | "interrupted";

export interface SearchAnswer {
  kind: AnswerKind;
  /** The highest rate that was confirmed; null where none was. */
  rate: number | null;
  bracket: Bracket;
  /** Why there is no better answer; empty for `found`. */
  reason: string;
}

/** What a probe showed. */
export interface Observation {
  outcome: Outcome;
  /** Responses a second of its steady part: of an overload that only queues, the capacity. */
  answeredRps: number;
}

export type SearchStep = { order: ProbeOrder } | { answer: SearchAnswer };

const climbFactor = 2;
/** A search that needs more probes than this chases a target that does not hold still. */
const mostProbes = 60;
const mostConfirmations = 12;
/**
 * From the second failed confirmation on, the search steps down to what was answered, but by this many times the usual step at
 * most: a server that collapses answers less than its capacity.
 */
const farthestStep = 4;
/** Factor of the climb that follows where an upper end proved to be none. */
const recoveryFactor = 1.25;

/**
 * Finds the highest load that holds, one probe at a time: climb by doubling, bisect, confirm by a longer run, step down
 * where that fails and confirm again. After Nighthawk's adaptive load, with three additions for targets that are noisy or
 * move: a level that fails is decided by the best of three; once the bracket is narrow, the load just above it is tried once
 * more, since everything rests on the failure there; steps down widen, to what was answered where that is far below, and what
 * they leave open is bisected by confirming runs. Pure: no clock, no I/O, and the same outcomes give the same search.
 */
export class Search {
  readonly #steps: Generator<ProbeOrder, SearchAnswer, Observation>;
  #probes = 0;
  #step: SearchStep;

  constructor(plan: SearchPlan) {
    this.#steps = steps(plan);
    this.#step = this.#stepFrom(this.#steps.next());
  }

  get step(): SearchStep {
    return this.#step;
  }

  /** Takes what the probe that `step` ordered has shown. @returns the next step. */
  observe(observation: Observation): SearchStep {
    if ("answer" in this.#step) return this.#step;
    this.#probes++;
    this.#step = this.#stepFrom(this.#steps.next(observation));
    if (this.#probes >= mostProbes) this.#step = { answer: this.end("not-converged", `${mostProbes} probes gave no answer`) };
    return this.#step;
  }

  /** The answer of a search that is ended now, for `reason`: what was confirmed stays so. */
  end(kind: "interrupted" | "not-converged", reason: string): SearchAnswer {
    if ("answer" in this.#step) return this.#step.answer;
    const { phase, bracket } = this.#step.order;
    // While it confirms, nothing but a confirming run moves the lower end.
    return { kind, rate: phase === "confirm" ? bracket.holds : null, bracket, reason };
  }

  #stepFrom(result: IteratorResult<ProbeOrder, SearchAnswer>): SearchStep {
    return result.done === true ? { answer: result.value } : { order: result.value };
  }
}

type Steps<T> = Generator<ProbeOrder, T, Observation>;

/** What a level came to; `answeredRps` is the most that one of its probes answered. */
type Decision = Observation;

function* steps(plan: SearchPlan): Steps<SearchAnswer> {
  let bracket: Bracket = yield* climb({ holds: null, breaks: null }, plan.start, climbFactor, plan);
  if (bracket.holds === null) return unbrokenStart(bracket);
  for (;;) {
    bracket = yield* narrow(bracket, plan.precision / 2);
    if (bracket.breaks === null) break;
    // What broke may have been a neighbour's doing, twice, or the target was still warming up. A little above the upper end
    // a true one breaks for certain, and a false one holds as well as below.
    const above = Math.min(plan.max, bracket.breaks.rate * (1 + plan.precision));
    const { outcome }: Decision = yield* decide("recheck", above, bracket, 2);
    if (outcome !== "pass") break;
    bracket = yield* climb({ holds: above, breaks: null }, above * recoveryFactor, recoveryFactor, plan);
  }
  return yield* confirm(bracket, plan);
}

function unbrokenStart(bracket: Bracket): SearchAnswer {
  const isTarget = bracket.breaks?.by === "target";
  return {
    kind: isTarget ? "first-load-fails" : "generator-first",
    rate: null,
    bracket,
    reason: isTarget ? "the first load already fails" : "the generator was at its limit at the first load already",
  };
}

/** Raises the load from `rate` until it breaks or the highest allowed holds. */
function* climb(from: Bracket, rate: number, factor: number, { max }: SearchPlan): Steps<Bracket> {
  let bracket = from;
  for (let next = Math.min(max, rate); bracket.holds === null || bracket.holds < max; next = Math.min(max, next * factor)) {
    bracket = moved(bracket, next, yield* decide("climb", next, bracket));
    if (bracket.breaks !== null) break;
  }
  return bracket;
}

/** Bisects on the logarithm of the rate until the ends are within `resolution` of each other. */
function* narrow(from: Bracket, resolution: number): Steps<Bracket> {
  let bracket = from;
  while (bracket.holds !== null && bracket.breaks !== null && !isWithin(bracket, resolution)) {
    const rate = Math.sqrt(bracket.holds * bracket.breaks.rate);
    bracket = moved(bracket, rate, yield* decide("bisect", rate, bracket));
  }
  return bracket;
}

/** Confirms the bracket's lower end by longer runs. */
function* confirm({ holds, breaks }: Bracket, plan: SearchPlan): Steps<SearchAnswer> {
  let bracket: Bracket = { holds: null, breaks };
  let candidate = holds ?? plan.start;
  const half = plan.precision / 2;
  // The second step is as small as the first: the overload that a longer run shows and a probe hides is small.
  const stepsDown = [half, half];
  for (let made = 0; made < mostConfirmations; made++) {
    const decision: Decision = yield* decide("confirm", candidate, bracket);
    bracket = moved(bracket, candidate, decision);
    if (bracket.holds === null) {
      const step = Math.min(0.5, stepsDown.shift() ?? half * 2 ** (made - 1));
      const farthest = candidate * Math.max(0.5, 1 - (made === 0 ? 1 : farthestStep) * step);
      candidate = Math.max(farthest, Math.min(candidate * (1 - step), decision.answeredRps));
    } else if (bracket.breaks === null) {
      return { kind: "holds-at-max", rate: bracket.holds, bracket, reason: "the highest load allowed holds" };
    } else if (isWithin(bracket, plan.precision)) {
      const isTarget = bracket.breaks.by === "target";
      const reason = isTarget
        ? ""
        : `the generator was at its limit at ${Math.round(bracket.breaks.rate)}/s, before the target broke`;
      return { kind: isTarget ? "found" : "generator-first", rate: bracket.holds, bracket, reason };
    } else candidate = Math.sqrt(bracket.holds * bracket.breaks.rate);
  }
  return {
    kind: "not-converged",
    rate: bracket.holds,
    bracket,
    reason: `${mostConfirmations} confirming runs gave no answer: the target changes faster than the search`,
  };
}

/**
 * One level. What holds at the first try holds; a failure must repeat before it counts, so that a neighbour's burst does
 * not decide, and three tries decide at most. The generator's limit is found when most tries hit it.
 */
function* decide(phase: SearchPhase, rate: number, bracket: Bracket, passesWanted = 1): Steps<Decision> {
  const seen: Record<Outcome, number> = { pass: 0, fail: 0, generator: 0 };
  let answeredRps = 0;
  for (let attempt = 1; ; attempt++) {
    const observation = yield { phase, rate, attempt, bracket };
    answeredRps = Math.max(answeredRps, observation.answeredRps);
    seen[observation.outcome]++;
    if (seen.fail >= 2) return { outcome: "fail", answeredRps };
    if (seen.generator >= 3) return { outcome: "generator", answeredRps };
    if (seen.pass >= 2 || (seen.pass >= passesWanted && seen.fail === 0)) return { outcome: "pass", answeredRps };
  }
}

function moved(bracket: Bracket, rate: number, { outcome }: Decision): Bracket {
  if (outcome === "pass") return { ...bracket, holds: rate };
  return { ...bracket, breaks: { rate, by: outcome === "fail" ? "target" : "generator" } };
}

function isWithin({ holds, breaks }: Bracket, share: number): boolean {
  // Rounding of the roots must not cost another probe.
  return holds === null || breaks === null || breaks.rate / holds - 1 <= share * 1.001;
}
