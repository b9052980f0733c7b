import type { StabilityCheck } from "../../measure/drift-summary.ts";
import { driftOf } from "../drift.ts";
import { quantile, type Reading, type Span } from "./blocks.ts";
import type { Designs } from "./design.ts";

/** How many descriptors one service held. */
export interface CountSeries {
  check: "fds-growth" | "sockets-growth";
  service: string;
  readings: readonly Reading[];
  /** With a constant load. */
  load: Span | null;
  /** As of memory. */
  taken: number;
  lost: number;
}

/** Of the load; the first, in which a pool fills, is not compared. */
const parts = 18;
const steps = parts - 2;
/** Of the steps: a leak by chance may pause once. */
const pauses = 1;
const leastReadings = 5;

/** A line is judged against a slope: what a log file, or a connection kept on purpose, may add in an hour. */
const harmfulPerHour = 8;

/** Probability that what wanders up and down alike pauses so seldom. What returns to a level, or has new peaks ever more seldom, far less. */
export const signsFalseAlarm = (1 + steps) * 2 ** -steps;

/**
 * Do descriptors grow while the load is constant? What is left after the load cannot tell a slow leak from connections that
 * a pool keeps. Two looks can. A least count that is higher in nearly every part of the load than in the one before: signs
 * alone are counted, so the steps may be of any size. Those of what wanders are coins; a pool that grows by bursts has a new
 * peak in its k-th part with probability 1/k. And a line, judged as memory's is, with `falseAlarm`, for leaks under a pool
 * that comes and goes.
 *
 * It raises alarms and nothing else: a load too short for it is no reason to leave a run undecided, since what remains
 * after the load is judged besides.
 */
export function countGrowthOf(series: CountSeries, falseAlarm: number, designs: Designs): StabilityCheck {
  const { check, service, load, readings, taken, lost } = series;
  const noun = check === "fds-growth" ? "descriptors" : "sockets";
  const nothing = { check, service, unit: "count" as const, before: null, after: null, allowed: null, ratio: null };
  const floors = floorsOf(series);
  const [first = null, last = null] = [floors[0], floors.at(-1)];
  if (first === null || last === null) {
    return { ...nothing, verdict: "stable", reasons: [`${service}: too few readings to see ${noun} grow`] };
  }
  const found = { ...nothing, before: first, after: last };
  const paused = floors.filter((floor, i) => i > 0 && floor <= (floors[i - 1] ?? 0)).length;
  const options = { limitBytes: null, baselineBytes: null, falseAlarm, harmfulBytesPerHour: harmfulPerHour };
  const line = driftOf({ figure: "rss", readings, load, taken, lost }, options, designs);
  if (paused > pauses && line.verdict !== "leaking") {
    return { ...found, verdict: "stable", reasons: [`${service}: ${noun} ${first} early in the load, ${last} late`] };
  }
  const reason = `${service}: ${noun} grow all through the load, from ${first} to ${last}`;
  return { ...found, verdict: "drifting", allowed: first, reasons: [reason] };
}

/** The least count of every part but the first; none where a part was hardly read. */
function floorsOf({ readings, load }: CountSeries): number[] {
  if (load === null) return [];
  const partMs = (load.toMs - load.fromMs) / parts;
  const floors = Array.from({ length: parts - 1 }, (_, i) => {
    const fromMs = load.fromMs + (i + 1) * partMs;
    const counts = readings.filter(({ atMs }) => atMs >= fromMs && atMs < fromMs + partMs).map(({ value }) => value);
    return counts.length < leastReadings ? null : quantile(counts, 0);
  });
  return floors.includes(null) ? [] : floors.flatMap((floor) => floor ?? []);
}
