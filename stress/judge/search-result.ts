import type { SearchLevel, SearchSummary } from "../measure/search-summary.ts";
import type { Summary, Verdict } from "../measure/summary.ts";
import { fitCapacity } from "./capacity-fit.ts";
import { ExitCode } from "./exit-code.ts";
import type { SearchAnswer } from "./search.ts";

const method =
  "open model; climb by doubling, bisect, recheck above, confirm by longer runs (after Nighthawk); a probe holds when its " +
  "objectives do and neither backlog nor response time grows (Theil-Sen, Mann-Kendall after Hamed and Rao); interval from " +
  "the posterior of a psychometric function (Wichmann and Hill; Kontsevich and Tyler)";

/** The `search` part of the summary, from the answer and all probes. Pure. */
export function searchSummaryOf(
  answer: SearchAnswer,
  plan: SearchSummary["plan"],
  levels: readonly SearchLevel[],
  times: { startedAt: Date; endedAt: Date },
): SearchSummary {
  const { kind, rate, reason, bracket } = answer;
  // Where no load was decided to break, failures are accidents, and the upper end would be how far the fit looks, not a finding.
  const isBounded = bracket.breaks?.by === "target" && kind !== "first-load-fails";
  const fit = isBounded ? fitCapacity(levels) : null;
  // Known to hold is known: an interval that lies above the confirmed rate reaches down to it.
  const interval =
    fit === null
      ? null
      : {
          ...fit.interval,
          low: Math.min(fit.interval.low, rate ?? fit.interval.low),
          high: Math.max(fit.interval.high, rate ?? 0),
        };
  const lowest = lowestBroken(levels, rate ?? 0, bracket.breaks?.by ?? "target");
  return {
    startedAt: times.startedAt.toISOString(),
    endedAt: times.endedAt.toISOString(),
    plan,
    answer: { kind, rate, interval, holds: bracket.holds, breaks: bracket.breaks, reason },
    brokeFirst: brokeFirst(levels, lowest),
    bottleneck: lowest === null ? null : { ...lowest.bottleneck, rate: lowest.rate },
    method,
    levels: [...levels],
  };
}

/** The lowest load above what was confirmed that broke, by whose limit the search ended; the longest run of several. */
function lowestBroken(levels: readonly SearchLevel[], above: number, by: "target" | "generator"): SearchLevel | null {
  const wanted = by === "target" ? "fail" : "generator";
  const broken = levels.filter(({ outcome, rate }) => outcome === wanted && rate > above);
  return broken.toSorted((a, b) => a.rate - b.rate || b.durationMs - a.durationMs)[0] ?? null;
}

/** Of what broke at the lowest load, what broke at the lowest load of all; then what misses its limit by most. */
function brokeFirst(levels: readonly SearchLevel[], lowest: SearchLevel | null): SearchSummary["brokeFirst"] {
  if (lowest === null || lowest.outcome !== "fail") return null;
  const since = (objective: string) =>
    Math.min(
      ...levels.flatMap(({ rate, broken }) =>
        rate >= lowest.rate && broken.some((each) => each.objective === objective) ? rate : [],
      ),
    );
  const [first] = lowest.broken.toSorted((a, b) => since(a.objective) - since(b.objective) || (b.excess ?? 0) - (a.excess ?? 0));
  return first === undefined ? null : { objective: first.objective, text: first.text, rate: lowest.rate };
}

/** Loads that were decided to fail although a higher one was confirmed: the target is not monotone, or was disturbed. */
export function contradictions({ answer, levels }: SearchSummary): string[] {
  const { rate: confirmed } = answer;
  if (confirmed === null) return [];
  const failed = new Map<number, number>();
  for (const { rate, outcome } of levels) {
    if (outcome === "fail" && rate < confirmed) failed.set(rate, (failed.get(rate) ?? 0) + 1);
  }
  return [...failed].flatMap(([rate, times]) =>
    times < 2
      ? []
      : [
          `${Math.round(rate)}/s failed ${times} times although ${Math.round(confirmed)}/s held: the target is not steady, or was disturbed`,
        ],
  );
}

const verdicts: Record<SearchAnswer["kind"], { verdict: Verdict; exitCode: ExitCode }> = {
  found: { verdict: "pass", exitCode: ExitCode.pass },
  "holds-at-max": { verdict: "pass", exitCode: ExitCode.pass },
  "first-load-fails": { verdict: "fail", exitCode: ExitCode.failed },
  // A floor is not an answer to how much the target carries.
  "generator-first": { verdict: "undecided", exitCode: ExitCode.invalid },
  "not-converged": { verdict: "undecided", exitCode: ExitCode.notConverged },
  interrupted: { verdict: "interrupted", exitCode: ExitCode.interrupted },
};

/** The summary of the run that says most, made the summary of the search. */
export function withSearch(summary: Summary, search: SearchSummary): Summary {
  const { kind, reason, rate, breaks } = search.answer;
  const { verdict, exitCode } = verdicts[kind];
  const bottleneck = search.bottleneck?.kind ?? "unknown";
  const isTarget = bottleneck === "memory" || bottleneck === "connections";
  return {
    ...summary,
    search,
    capacity: {
      ...summary.capacity,
      // Only what was confirmed is sustained.
      ...(rate === null && { sustainedRps: null, sustainedAt: null }),
      kind: kind === "found" || breaks?.by === "target" ? "measured" : "floor",
      bottleneck: isTarget ? "target" : bottleneck,
      evidence: search.bottleneck?.evidence ?? [],
    },
    warnings: [...summary.warnings, ...contradictions(search)],
    results: { verdict, exitCode, reasons: reason === "" ? [] : [reason] },
  };
}
