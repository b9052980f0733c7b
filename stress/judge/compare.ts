import type { Summary } from "../measure/summary.ts";
import type { ComparedFigure, ComparedGroup, Comparison } from "./compare/comparison.ts";
import { type Effect, oneAgainstMany, oneAgainstOne, paired, type Replicates, trend, welch } from "./compare/effect.ts";
import { differencesOf } from "./compare/environment.ts";
import { type Figure, type FigureKind, figuresOf } from "./compare/figures.ts";
import { RunPrecision } from "./compare/precision.ts";
import { hasAborted, unsoundness, wasAborted } from "./compare/sound.ts";
import { type FigureVerdict, interval, type Judged, judge, type Margins, withoutAborted } from "./compare/verdict.ts";
import { warningsOf } from "./compare/warnings.ts";

export interface RunFile {
  file: string;
  summary: Summary;
}

/** Runs of one thing: a side of a comparison, a point of a trend. */
export interface RunGroup {
  label: string;
  runs: readonly RunFile[];
}

export interface CompareOptions {
  margins: Margins;
  /** Only these figures, by key; null for all. */
  keys: readonly string[] | null;
  /** The n-th run of A belongs to the n-th of B, also where the runs do not say so themselves. */
  paired: boolean;
}

export const defaultMargins: Margins = { ratio: 0.03, share: 0.001 };

/** A group without the runs that cannot stand for it. */
interface SoundGroup {
  label: string;
  runs: readonly RunFile[];
  leftOut: ComparedGroup["leftOut"];
}

/**
 * Is B worse than A? With more than two groups: did it become worse from the first to the last? Pure: the same runs give
 * the same answer. Where a group has no sound run, there are no figures and the verdict is `cannot-tell`.
 */
export function compareGroups(given: readonly RunGroup[], options: CompareOptions): Comparison {
  const sound = given.map(soundRuns);
  const pairs = sound.length === 2 ? pairsOf(sound, options.paired ? given : null) : null;
  const groups = pairs ?? sound;
  const method = methodOf(groups, pairs !== null);
  const tables = groups.map(({ runs }) =>
    runs.map(({ summary }) => ({ summary, figures: figuresOf(summary), precision: new RunPrecision(summary) })),
  );
  const comparable = groups.every(({ runs }) => runs.length > 0);
  const { shared, missing } = comparable ? keysOf(groups, tables, options.keys) : { shared: [], missing: [] };
  const judged = shared.map((kind) => effectOf(kind, tables, method));
  const judgements = withoutAborted(judge(judged, options.margins), groups.map(hasAborted));
  const figures = judged.map(({ kind, effect, sides }, i): ComparedFigure => {
    const { verdict, pWorse, pBetter, reason } = judgements[i] as (typeof judgements)[number];
    const { key, unit, better, scale } = kind;
    return {
      key,
      unit,
      better,
      scale,
      groups: sides.map((side) => ({
        centre: centreOf(side, kind),
        beyond: side.some(({ beyond }) => beyond),
        values: side.map(({ value }) => value),
      })),
      change: effect === null ? null : changeOf(effect, kind),
      pWorse,
      pBetter,
      verdict,
      reason,
    };
  });
  const differences = differencesOf(given.map(({ runs }) => runs.map(({ summary }) => summary)));
  return {
    schemaVersion: 1,
    kind: "comparison",
    method,
    margins: options.margins,
    groups: groups.map(({ label, runs, leftOut }) => ({
      label,
      runs: runs.map(({ file, summary: { metadata } }) => ({ file, id: metadata.id, startedAt: metadata.startedAt })),
      leftOut,
    })),
    figures,
    missing,
    differences,
    warnings: warningsOf({ method, groups, figures, missing }),
    verdict: verdictOf(figures.map(({ verdict }) => verdict)),
  };
}

/** Every run once, and only those that ended as they should. */
function soundRuns({ label, runs }: RunGroup): SoundGroup {
  const leftOut: SoundGroup["leftOut"] = [];
  const seen = new Map<string, string>();
  const kept = runs.filter(({ file, summary }) => {
    const twin = seen.get(summary.metadata.id);
    const reason = twin === undefined ? unsoundness(summary) : `it is the same run as ${twin}`;
    if (reason === null) seen.set(summary.metadata.id, file);
    else leftOut.push({ file, reason, ...(twin === undefined && wasAborted(summary) && { aborted: true }) });
    return reason === null;
  });
  return { label, runs: kept, leftOut };
}

/**
 * Groups in pairs, as the runs themselves say, or the n-th run of one in `byOrder` with the n-th of the other, whatever was left
 * out between; null where there are no pairs to speak of.
 */
function pairsOf(groups: readonly SoundGroup[], byOrder: readonly RunGroup[] | null): SoundGroup[] | null {
  const [a, b] = groups as [SoundGroup, SoundGroup];
  const pairOf = (run: RunFile, side: number): string | null => {
    if (byOrder !== null) return String(byOrder[side]?.runs.indexOf(run));
    const { series } = run.summary;
    return series === undefined || series.side === null ? null : `${series.id} ${series.run}`;
  };
  const [pairsA, pairsB] = [a, b].map(({ runs }, side) => new Map(runs.map((run) => [pairOf(run, side), run])));
  if (pairsA === undefined || pairsB === undefined || pairsA.has(null) || pairsB.has(null)) return null;
  const common = [...pairsA.keys()].filter((pair) => pairsB.has(pair));
  if (common.length < 2) return null;
  return [
    { group: a, of: pairsA },
    { group: b, of: pairsB },
  ].map(({ group, of }) => ({
    label: group.label,
    runs: common.flatMap((pair) => of.get(pair) ?? []),
    leftOut: [
      ...group.leftOut,
      ...[...of]
        .filter(([pair]) => !common.includes(pair))
        .map(([, { file }]) => ({ file, reason: "the run that it was paired with cannot be compared" })),
    ],
  }));
}

function methodOf(groups: readonly SoundGroup[], isPaired: boolean): Comparison["method"] {
  if (groups.length > 2) return "trend";
  if (isPaired) return "paired";
  const [a = 0, b = 0] = groups.map(({ runs }) => runs.length);
  if (a > 1 && b > 1) return "welch";
  return a > 1 || b > 1 ? "one-against-many" : "one-against-one";
}

interface Measured {
  summary: Summary;
  figures: Map<string, Figure>;
  precision: RunPrecision;
}

/** The figures that every group has, in the order of the first; and those that some group lacks. */
function keysOf(
  groups: readonly SoundGroup[],
  tables: readonly (readonly Measured[])[],
  wanted: readonly string[] | null,
): { shared: FigureKind[]; missing: Comparison["missing"] } {
  const kinds = new Map(
    tables.flatMap((runs) => runs.flatMap(({ figures }) => [...figures].map(([key, { kind }]) => [key, kind] as const))),
  );
  const lackedBy = (key: string) =>
    groups.filter((_, i) => !tables[i]?.some(({ figures }) => figures.has(key))).map(({ label }) => label);
  // the sum over all services says nothing that its parts do not, unless the groups have different ones
  const servicesOf = (runs: readonly Measured[]) =>
    new Set(runs.flatMap(({ summary }) => summary.resources.map(({ name }) => name)));
  const services = new Set(tables.map((runs) => [...servicesOf(runs)].sort().join(" ")));
  const isLeftOut = (key: string) => {
    const [name, part] = key.split(" ");
    return (name === "memory" || name === "cpu_per_request") && services.size > 1 === (part !== undefined);
  };
  const chosen = [...kinds.values()].filter(({ key }) => (wanted === null ? !isLeftOut(key) : wanted.includes(key)));
  const absent = (wanted ?? []).filter((key) => !kinds.has(key));
  return {
    shared: chosen.filter(({ key }) => lackedBy(key).length === 0),
    missing: [...chosen.map(({ key }) => key), ...absent]
      .map((key) => ({ key, lackedBy: lackedBy(key) }))
      .filter(({ lackedBy: by }) => by.length > 0),
  };
}

function effectOf(
  kind: FigureKind,
  tables: readonly (readonly Measured[])[],
  method: Comparison["method"],
): Judged & { sides: Figure[][] } {
  const { key } = kind;
  const having =
    method === "paired" ? bothHave(key, tables) : tables.map((runs) => runs.filter(({ figures }) => figures.has(key)));
  const sides = having.map((runs) => runs.flatMap(({ figures }) => figures.get(key) ?? []));
  const [a = [], b = []] = sides;
  const fromNothing = kind.scale === "share" && a.every(({ value }) => value === 0);
  const of = (effect: Effect | null, reason: string | null = null) => ({ kind, effect, reason, fromNothing, sides });
  if (method === "trend")
    return of(trend(sides), "a trend needs three runs or more, and percentiles that are not beyond the limit");
  if (a.some(({ beyond }) => beyond) && b.some(({ beyond }) => beyond)) {
    return of(null, "the percentile lies beyond the time limit on both sides");
  }
  if (a.length > 1 && b.length > 1) return of(method === "paired" ? paired(a, b) : welch(a, b));
  if (a.length > 1 || b.length > 1) return of(oneAgainstMany(a, b));
  const [first, second] = having.map(([run]) => run?.precision.of(run.figures.get(key) as Figure));
  if (!first || !second) return of(null, "one run a side, too short or without a time series that tells how this varies");
  return of(oneAgainstOne(a[0] as Figure, b[0] as Figure, [first, second]));
}

/** The pairs in which both runs have the figure. */
function bothHave(key: string, tables: readonly (readonly Measured[])[]): Measured[][] {
  return tables.map((runs) => runs.filter((_, i) => tables.every((each) => each[i]?.figures.has(key))));
}

function centreOf(side: Replicates, { scale }: FigureKind): number {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const values = side.map(({ value }) => value);
  return scale === "share" ? mean(values) : Math.exp(mean(values.map(Math.log)));
}

function changeOf(effect: Effect, { scale }: FigureKind): NonNullable<ComparedFigure["change"]> {
  const shown = scale === "ratio" ? Math.expm1 : (value: number) => value;
  const [low, high] = interval(effect, 0.95).map(shown) as [number, number];
  const finite = (value: number) => (Number.isFinite(value) ? value : null);
  return {
    estimate: shown(effect.change),
    low: effect.bound === "upper" ? null : finite(low),
    high: effect.bound === "lower" ? null : finite(high),
    bound: effect.bound,
  };
}

/** Worse when anything is; better when something is and nothing is worse; the same when everything is. */
function verdictOf(verdicts: readonly FigureVerdict[]): FigureVerdict {
  if (verdicts.includes("worse")) return "worse";
  if (verdicts.includes("better")) return "better";
  return verdicts.length > 0 && verdicts.every((each) => each === "same") ? "same" : "cannot-tell";
}
