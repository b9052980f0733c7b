import type { ComparedFigure, Comparison } from "../../judge/compare/comparison.ts";
import { absent, formatBytes, formatChange, formatExact, formatLatency, formatRate, formatShare } from "../../screen/format.ts";

/** A comparison in words and figures, shared by its text and its Markdown. */

export const verdictWords: Record<ComparedFigure["verdict"], string> = {
  better: "better",
  same: "same",
  worse: "WORSE",
  "cannot-tell": "cannot tell",
};

/** A figure of a group in its unit; `>` stands before one that is only a lower bound. */
export function valueCell({ unit }: ComparedFigure, { centre, beyond }: ComparedFigure["groups"][number]): string {
  return `${beyond ? ">" : ""}${figureText(unit, centre)}`;
}

export function figureText(unit: ComparedFigure["unit"], value: number): string {
  switch (unit) {
    case "requests/s":
      return formatRate(value);
    case "ms":
      return formatLatency(value);
    case "share":
      return formatShare(value);
    case "us":
      return `${formatRate(value)} µs`;
    case "bytes":
      return formatBytes(value);
  }
}

/** How far the runs of a group lie apart: half the distance from lowest to highest, in percent of their middle. */
export function spreadCell({ scale }: ComparedFigure, { values }: ComparedFigure["groups"][number]): string {
  if (values.length < 2 || scale === "share") return "";
  const [low, high] = [Math.min(...values), Math.max(...values)];
  return `±${Math.round((100 * (high - low)) / (high + low))} %`;
}

export function changeCell({ change, scale }: ComparedFigure): string {
  if (change === null) return absent;
  const at = change.bound === null ? "" : change.bound === "lower" ? ">" : "<";
  return `${at}${signed(change.estimate, scale)}`;
}

export function intervalCell({ change, scale }: ComparedFigure): string {
  if (change === null) return "";
  const end = (value: number | null) => (value === null ? "…" : signed(value, scale).replace(/ (%|pp)$/, ""));
  return `[${end(change.low)}, ${end(change.high)}]`;
}

/** A ratio's change in percent, a share's in percentage points. */
function signed(value: number, scale: ComparedFigure["scale"]): string {
  if (scale === "ratio") return formatChange(value * 100);
  const points = Number((value * 100).toPrecision(2));
  return points === 0 ? "0 pp" : `${points > 0 ? "+" : "−"}${formatExact(Math.abs(points))} pp`;
}

export function headline({ figures, groups, method, verdict }: Comparison): string {
  const [first, last] = [groups[0], groups.at(-1)];
  const names = `${last?.label} against ${first?.label}`;
  const of = (which: ComparedFigure["verdict"]) => figures.filter((figure) => figure.verdict === which).map(({ key }) => key);
  const parts = (["worse", "better", "same", "cannot-tell"] as const).flatMap((which) => {
    const keys = of(which);
    if (keys.length === 0) return [];
    return which === "cannot-tell" ? `${keys.length} cannot be told` : `${which} in ${keys.join(", ")}`;
  });
  const what = method === "trend" ? `trend from ${first?.label} to ${last?.label}` : names;
  return figures.length === 0
    ? `${what}: nothing to compare`
    : `${what}: ${verdictWords[verdict]}. ${capital(parts.join("; "))}.`;
}

const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);

/** How the intervals were made, in a sentence. */
export function methodLine({ method, groups, margins, figures }: Comparison): string {
  const runs = groups.map((group) => group.runs.length);
  const how = {
    welch: `${runs.join(" and ")} runs, Welch's t`,
    paired: `${runs[0]} pairs of runs, paired t`,
    "one-against-many": `${runs.join(" and ")} runs, t with the spread of the repeated side`,
    "one-against-one": "one run a side, batch means and an assumed spread between runs",
    trend: `${runs.reduce((sum, count) => sum + count, 0)} runs in ${groups.length} groups, a line from first to last`,
  }[method];
  return `${how}; 95 % intervals; same: within ${formatExact(margins.ratio * 100)} % (shares ${formatExact(margins.share * 100)} pp); worse and better: at most 5 % wrong over all ${figures.length} figures`;
}
