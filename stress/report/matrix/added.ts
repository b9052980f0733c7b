import { compareGroups, defaultMargins, type RunGroup } from "../../judge/compare.ts";
import type { Added } from "./matrix-report.ts";

const percentiles = [
  ["p50", "response_time p(50)"],
  ["p95", "response_time p(95)"],
  ["p99", "response_time p(99)"],
] as const;

/**
 * What a topology adds to another at one rate, by percentile, with the interval that the comparison of their runs gives.
 * `inTurn`: the n-th runs of both were made one after the other. Pure.
 */
export function addedBy(topology: RunGroup, against: RunGroup, targetRate: number, inTurn: boolean): Added {
  const comparison = compareGroups([against, topology], {
    margins: defaultMargins,
    keys: percentiles.map(([, key]) => key),
    paired: inTurn && topology.runs.length > 1 && topology.runs.length === against.runs.length,
  });
  const figures = percentiles.flatMap(([percentile, key]) => {
    const found = comparison.figures.find((each) => each.key === key);
    const [from, to] = found?.groups ?? [];
    if (found === undefined || from === undefined || to === undefined) return [];
    const isKnown = !from.beyond && !to.beyond;
    // a ratio, as the difference that it makes to what it is compared with
    const inMs = (change: number | null | undefined) =>
      change === null || change === undefined || !isKnown ? null : change * from.centre;
    const { change } = found;
    // runs too few or too short for an interval still differ by what they differ
    const difference = isKnown ? to.centre - from.centre : null;
    return {
      percentile,
      againstMs: from.centre,
      topologyMs: to.centre,
      addedMs: inMs(change?.estimate) ?? difference,
      lowMs: inMs(change?.low),
      highMs: inMs(change?.high),
      verdict: found.verdict,
    };
  });
  return { targetRate, topology: topology.label, against: against.label, comparison, figures };
}
