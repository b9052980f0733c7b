import type { SearchLevel, SearchSummary } from "../measure/search-summary.ts";
import type { Summary, Verdict } from "../measure/summary.ts";
import { fitCapacity } from "./capacity-fit.ts";
import { ExitCode } from "./exit-code.ts";
import type { Bracket, SearchAnswer } from "./search.ts";

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
  const broken = tryThatBroke(levels, bracket);
  return {
    startedAt: times.startedAt.toISOString(),
    endedAt: times.endedAt.toISOString(),
    plan,
    answer: { kind, rate, interval, holds: bracket.holds, breaks: bracket.breaks, reason },
    brokeFirst: broken === null ? null : brokeFirst(broken),
    bottleneck: broken === null ? null : { ...broken.bottleneck, rate: broken.rate },
    method,
    levels: [...levels],
  };
}

/** Of equal tries the one that names a limit of the target says most: where another was disturbed, the limit is there all the same. */
const byHowTelling = ["target", "memory", "connections", "generator", "host", "none", "unknown"] as const;

/**
 * The try that says most of the load where the search ended: of those that decided it, the longest. A failure that was outvoted,
 * or that nothing has decided yet, may be a neighbour's doing.
 */
function tryThatBroke(levels: readonly SearchLevel[], { breaks }: Bracket): SearchLevel | null {
  if (breaks === null) return null;
  const wanted = breaks.by === "target" ? "fail" : "generator";
  const broken = levels.filter(({ outcome, rate }) => outcome === wanted && rate === breaks.rate);
  const rank = ({ bottleneck }: SearchLevel) => byHowTelling.indexOf(bottleneck.kind);
  return broken.toSorted((a, b) => b.durationMs - a.durationMs || rank(a) - rank(b))[0] ?? null;
}

/** What missed its limit by most. */
function brokeFirst({ outcome, broken, rate }: SearchLevel): SearchSummary["brokeFirst"] {
  if (outcome !== "fail") return null;
  const [first] = broken.toSorted((a, b) => (b.excess ?? 0) - (a.excess ?? 0));
  return first === undefined ? null : { objective: first.objective, text: first.text, rate };
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
