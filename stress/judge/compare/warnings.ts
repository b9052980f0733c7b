import type { RunFile } from "../compare.ts";
import type { ComparedFigure, ComparedGroup, Comparison } from "./comparison.ts";

interface Facts {
  method: Comparison["method"];
  groups: readonly { label: string; runs: readonly RunFile[]; leftOut: ComparedGroup["leftOut"] }[];
  figures: readonly ComparedFigure[];
  missing: Comparison["missing"];
}

/** What whoever reads the verdicts must know, one sentence each. */
export function warningsOf({ method, groups, figures, missing }: Facts): string[] {
  return [
    ...groups.flatMap(({ leftOut }) => leftOut.map(({ file, reason }) => `${file} is left out: ${reason}`)),
    ...groups.flatMap(({ label, runs }) => (runs.length === 0 ? [`${label} has no run that can be compared`] : [])),
    ...aborted(groups),
    ...sameRuns(groups),
    ...(figures.length > 0 ? onDesign(method) : []),
    ...onOrder(method, groups),
    ...figures.flatMap(appeared),
    ...missing.map(({ key, lackedBy }) => `${key} is not compared: ${lackedBy.join(" and ")} has no such figure`),
  ];
}

/** A group is not what its good runs are. */
function aborted(groups: Facts["groups"]): string[] {
  return groups.flatMap(({ label, runs, leftOut }, at) => {
    const count = leftOut.filter((run) => run.aborted === true).length;
    if (count === 0 || runs.length === 0) return [];
    const stands = at === 0 ? "nothing can be told against them" : "they can show it to be worse, and nothing else";
    return [
      `${label} had ${count === 1 ? "a run" : `${count} runs`} aborted, and those that are left are its good ones: ${stands}`,
    ];
  });
}

function sameRuns(groups: Facts["groups"]): string[] {
  const [first, ...others] = groups;
  const ids = new Map(first?.runs.map(({ file, summary }) => [summary.metadata.id, file]));
  return others.flatMap(({ runs }) =>
    runs.flatMap(({ file, summary }) => {
      const twin = ids.get(summary.metadata.id);
      return twin === undefined ? [] : [`${file} and ${twin} are the same run: a run compared with itself shows nothing`];
    }),
  );
}

function onDesign(method: Comparison["method"]): string[] {
  if (method === "one-against-one") {
    return [
      "one run a side proves little: how much runs of the same thing differ is assumed, not measured, so only a large change can be told and no sameness; repeat with --repeat 5, or better compare with --interleave",
    ];
  }
  if (method === "one-against-many") {
    return ["one side has a single run, which is taken to vary as the other side's do: repeat it as well"];
  }
  return [];
}

/** Runs made one side after the other cannot tell the change that is looked for from any other change in between. */
function onOrder(method: Comparison["method"], groups: Facts["groups"]): string[] {
  if (method === "paired" || method === "trend") return [];
  const times = groups.map(({ runs }) => runs.map(({ summary }) => Date.parse(summary.metadata.startedAt)));
  const [a = [], b = []] = times;
  if (a.length + b.length < 3) return [];
  const apart = Math.max(...a) < Math.min(...b) || Math.max(...b) < Math.min(...a);
  return apart
    ? [
        "all runs of one side came before those of the other: whatever else changed in between counts as well; --interleave rules it out",
      ]
    : [];
}

/** Out of nothing no percentage is made, and none is needed. */
function appeared({ key, scale, groups }: ComparedFigure): string[] {
  const [first, ...others] = groups;
  if (scale !== "share" || first === undefined || first.centre > 0) return [];
  const most = Math.max(...others.map(({ centre }) => centre));
  return most > 0 ? [`${key} went from none at all to ${Number((most * 100).toPrecision(3))} %`] : [];
}
