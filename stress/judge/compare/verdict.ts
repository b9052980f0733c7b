import { studentQuantile, studentTail } from "../student.ts";
import type { Effect } from "./effect.ts";
import type { FigureKind } from "./figures.ts";

export type FigureVerdict = "better" | "same" | "worse" | "cannot-tell";

/** What still counts as the same. */
export interface Margins {
  /** Of figures compared as a ratio: 0.03 for 3 % more or less. */
  ratio: number;
  /** Of shares: 0.001 for a tenth of a percentage point more or less. */
  share: number;
}

/** At most this often something is called worse though nothing changed, all figures of a comparison together. */
export const familyError = 0.05;
/** At most this often a figure is called the same though it changed by the margin. */
export const sameError = 0.05;

/** One figure's change, with what may be said of it. */
export interface Judgement {
  verdict: FigureVerdict;
  /** Probability of a change as bad (as good) as this by chance, after Holm's correction for the number of figures. */
  pWorse: number | null;
  pBetter: number | null;
  reason: string | null;
}

export interface Judged {
  kind: FigureKind;
  /** Null where there is none, `reason` then says why. */
  effect: Effect | null;
  reason: string | null;
  /** A share that was 0 in every run of A. */
  fromNothing: boolean;
}

/**
 * The verdicts of all figures of a comparison.
 *
 * *Same*: the whole 90 % interval lies within the margin, which is two one-sided tests at 5 % (Schuirmann 1987, Journal
 * of Pharmacokinetics and Biopharmaceutics 15). *Worse* and *better*: otherwise, when the change is significant at 5 %
 * over all figures together, by Holm's step-down procedure (Holm 1979, Scandinavian Journal of Statistics 6), which
 * holds however the figures depend on each other. Else nobody can tell. Nothing is the same as a share of zero but zero.
 */
export function judge(figures: readonly Judged[], margins: Margins): Judgement[] {
  const worse = holm(figures.map((figure) => pOf(figure, 1)));
  const better = holm(figures.map((figure) => pOf(figure, -1)));
  return figures.map((figure, i) => {
    const pWorse = worse[i] ?? null;
    const pBetter = better[i] ?? null;
    const { effect } = figure;
    if (effect === null) return { verdict: "cannot-tell", pWorse, pBetter, reason: figure.reason };
    const said = (verdict: FigureVerdict, reason: string | null = null): Judgement => ({ verdict, pWorse, pBetter, reason });
    const appeared = figure.fromNothing && effect.change > 0;
    const significant =
      pWorse !== null && pWorse < familyError ? "worse" : pBetter !== null && pBetter < familyError ? "better" : null;
    if (effect.bound === null && !appeared && isWithin(effect, figure.kind, margins)) return said("same");
    if (significant !== null) return said(significant);
    return said("cannot-tell", whyNot(figure, effect));
  });
}

/**
 * The judgements that still stand where abort rules ended runs, with a flag a group. Which runs are left then depends on what
 * was measured: they are the good ones of their group. B that is worse by its good runs is worse; whatever else they say of
 * B, and all that is said against the good runs of A, does not stand.
 */
export function withoutAborted(judgements: readonly Judgement[], aborted: readonly boolean[]): Judgement[] {
  if (!aborted.includes(true)) return [...judgements];
  const stands = aborted[0] === true ? "cannot-tell" : "worse";
  return judgements.map((judgement) =>
    judgement.verdict === "cannot-tell" || judgement.verdict === stands
      ? judgement
      : { ...judgement, verdict: "cannot-tell", reason: "runs were aborted, and those that are left are the good ones" },
  );
}

/** Probability of a change this far in the direction (1: worse, −1: better) by chance; null where it cannot be said. */
function pOf({ kind, effect }: Judged, direction: 1 | -1): number | null {
  if (effect === null) return null;
  const isUp = (kind.better === "lower" ? 1 : -1) * direction === 1;
  // a lower bound proves a rise and nothing else, an upper bound a fall
  if (effect.bound !== null && (effect.bound === "lower") !== isUp) return null;
  if (effect.standardError === 0) return effect.change === 0 ? 0.5 : effect.change > 0 === isUp ? 0 : 1;
  const t = effect.change / effect.standardError;
  return studentTail(isUp ? t : -t, effect.df);
}

/** Adjusted probabilities, in the order given; what is null takes no part. */
export function holm(probabilities: readonly (number | null)[]): (number | null)[] {
  const order = probabilities
    .flatMap((p, at) => (p === null ? [] : [{ p, at }]))
    .sort((a, b) => a.p - b.p)
    .map((each, rank, all) => ({ ...each, adjusted: Math.min(1, each.p * (all.length - rank)) }));
  const adjusted: (number | null)[] = probabilities.map(() => null);
  let highest = 0;
  for (const { at, adjusted: p } of order) {
    highest = Math.max(highest, p);
    adjusted[at] = highest;
  }
  return adjusted;
}

function isWithin(effect: Effect, kind: FigureKind, margins: Margins): boolean {
  const [low, high] = interval(effect, 1 - 2 * sameError);
  if (kind.scale === "share") return low > -margins.share && high < margins.share;
  const most = Math.log1p(margins.ratio);
  return low > -most && high < most;
}

/** The interval that holds the change in `confidence` of all comparisons, on the effect's own scale. */
export function interval({ change, standardError, df }: Effect, confidence: number): [low: number, high: number] {
  const reach = standardError === 0 ? 0 : studentQuantile((1 - confidence) / 2, df) * standardError;
  return [change - reach, change + reach];
}

function whyNot({ kind, fromNothing }: Judged, effect: Effect): string {
  if (effect.bound !== null) {
    return "the percentile lies beyond the time limit on one side, and how far is not known";
  }
  if (fromNothing && effect.change > 0) return "there were none before; too few, or too unevenly spread, to be sure of more";
  const [low, high] = interval(effect, 1 - 2 * sameError);
  if (low > 0 || high < 0) {
    const what = effect.change > 0 === (kind.better === "lower") ? "worse" : "better";
    return `perhaps ${what}: among so many figures one such is to be expected by chance`;
  }
  return "runs differ by more than the change";
}
