import { upwardTrend } from "./stationary.ts";

/** A second of a probe's steady part. */
export interface ProbeSecond {
  /** End of the second, milliseconds since the load started. */
  atMs: number;
  /** Arrivals that came due in it, that got a complete response (whatever it said), and that were given up unsent. */
  due: number;
  answered: number;
  dropped: number;
  /** Due and neither answered nor given up at its end: in flight, or waiting for a connection. */
  outstanding: number;
  /** Median and greatest response time of what was answered in it; null where nothing was. */
  responseP50Ms: number | null;
  responseMaxMs: number | null;
}

export interface ProbeObjective {
  /** As people read it: `response_time: p(95)<250 (312 ms)`. */
  text: string;
  ok: boolean;
  /** By what factor the figure misses its limit; null where that cannot be said. */
  excess: number | null;
  /** By how much a latency misses its limit; null where it holds, or where it is none. */
  missedByMs: number | null;
}

/** What a probe measured, from the end of its warm-up. */
export interface ProbeFacts {
  rate: number;
  seconds: readonly ProbeSecond[];
  objectives: readonly ProbeObjective[];
  /** From the last arrival until everything was answered or given up. */
  drainMs: number;
  generatorReasons: readonly string[];
  /** How late 99 of 100 arrivals were sent at most, though a connection was free. */
  pacerLagP99Ms: number | null;
  /** Some failed for want of local ports, descriptors or memory. */
  hasLocalFailures: boolean;
  /** Services that died, as people read it. */
  deaths: readonly string[];
}

/** `generator`: the load was not put on the target as planned, so whatever was measured says nothing about the target. */
export type Outcome = "pass" | "fail" | "generator";

export interface Broken {
  objective: string;
  text: string;
  excess: number | null;
}

export interface ProbeJudgement {
  outcome: Outcome;
  /** What broke, empty for a pass; for the generator's limit its reasons. */
  broken: Broken[];
  /** Growth of the backlog as a share of the rate, and of the response time in seconds a second: the overload. */
  backlogGrowth: number;
  responseGrowth: number;
}

/** Chance of calling a stationary series growing. A single failed probe is repeated, so this may be the usual one. */
const significance = 0.05;
/** A drain shorter than this proves nothing: threads stop, timers are late. */
const shortestDrainMs = 500;
/** Twice the lateness is what a generator can add; five times that is beyond doubt. */
const farBeyond = 10;

/**
 * Judges one probe: objectives, and whether it was stationary. `tolerance` is the share of the rate by which a backlog may
 * grow unnoticed; at a third of the search's precision, what is missed is smaller than what is promised. Pure.
 */
export function judgeProbe(facts: ProbeFacts, tolerance: number): ProbeJudgement {
  const { seconds, rate } = facts;
  const backlog = upwardTrend(seconds.map(({ atMs, outstanding }) => ({ atMs, value: outstanding })));
  const response = upwardTrend(
    seconds.flatMap(({ atMs, responseP50Ms }) => (responseP50Ms === null ? [] : [{ atMs, value: responseP50Ms / 1000 }])),
  );
  const growth = { backlogGrowth: backlog.slope / rate, responseGrowth: response.slope };
  if (facts.generatorReasons.length > 0 && !isFarBeyond(facts)) {
    const broken = facts.generatorReasons.map((text) => ({ objective: "generator", text, excess: null }));
    return { outcome: "generator", broken, ...growth };
  }
  const broken: Broken[] = facts.objectives.flatMap(({ ok, text, excess }) => {
    return ok ? [] : [{ objective: text.replace(/ \([^)]*\)$/, ""), text, excess }];
  });
  if (backlog.p < significance && growth.backlogGrowth > tolerance) {
    const text = `the backlog grows by ${backlog.slope.toFixed(1)} requests a second`;
    broken.push({ objective: "stationary backlog", text, excess: null });
  }
  if (response.p < significance && growth.responseGrowth > tolerance) {
    const text = `the response time grows by ${(response.slope * 1000).toFixed(1)} ms a second`;
    broken.push({ objective: "stationary response time", text, excess: null });
  }
  broken.push(...shortfall(facts, tolerance), ...slowDrain(facts, tolerance));
  broken.push(...facts.deaths.map((text) => ({ objective: "services alive", text, excess: null })));
  return { outcome: broken.length > 0 ? "fail" : "pass", broken, ...growth };
}

/**
 * A generator that is late adds its lateness to a response time, when it sends and once more when it reads: both are turns of one
 * loop. An objective that is missed by many times as much was missed by the target, however short of time the generator was too;
 * on a shared host both run out of the same CPU.
 */
function isFarBeyond({ objectives, pacerLagP99Ms, hasLocalFailures }: ProbeFacts): boolean {
  if (pacerLagP99Ms === null || hasLocalFailures) return false;
  return objectives.some(({ missedByMs }) => missedByMs !== null && missedByMs > farBeyond * pacerLagP99Ms);
}

/** Fewer answers than arrivals, beyond what chance leaves in flight at the ends (three deviations of a Poisson count). */
function shortfall({ seconds }: ProbeFacts, tolerance: number): Broken[] {
  const sum = (of: (second: ProbeSecond) => number) => seconds.reduce((total, second) => total + of(second), 0);
  const due = sum((second) => second.due);
  const answered = sum((second) => second.answered);
  if (due - answered <= 3 * tolerance * due + 3 * Math.sqrt(due)) return [];
  const dropped = sum((second) => second.dropped);
  const unsent = dropped > 0 ? `, ${dropped} never sent` : "";
  return [
    { objective: "achieved rate", text: `${answered} answered of ${due} due${unsent}`, excess: due / Math.max(1, answered) },
  ];
}

/** The last arrivals took longer than any of the first half: a backlog was there at the end that was not there before. */
function slowDrain({ seconds, drainMs }: ProbeFacts, tolerance: number): Broken[] {
  const half = seconds.slice(0, Math.ceil(seconds.length / 2));
  const slowest = Math.max(0, ...half.map(({ responseMaxMs }) => responseMaxMs ?? 0));
  const lastsMs = (seconds.at(-1)?.atMs ?? 0) - (seconds[0]?.atMs ?? 0);
  if (drainMs <= slowest + Math.max(shortestDrainMs, 3 * tolerance * lastsMs)) return [];
  const text = `took ${(drainMs / 1000).toFixed(1)} s to come to rest; before, no response took ${(slowest / 1000).toFixed(1)} s`;
  return [{ objective: "drain", text, excess: null }];
}
