import { type Figure, figuresOf } from "../../judge/compare/figures.ts";
import { unsoundness } from "../../judge/compare/sound.ts";
import type { RunFile } from "../../judge/compare.ts";
import { table } from "../../screen/table.ts";
import { figureText } from "./cells.ts";

/** How the runs of a series differ: what a comparison will have to see through. */
export function renderSpread(runs: readonly RunFile[], width: number): string {
  const sound = runs.filter(({ summary }) => unsoundness(summary) === null);
  const tables = sound.map(({ summary }) => figuresOf(summary));
  const rows = [...(tables[0] ?? new Map<string, Figure>())].map(([key, { kind }]) => {
    const figures = tables.flatMap((table) => table.get(key) ?? []);
    const values = figures.map(({ value }) => value).sort((a, b) => a - b);
    const text = (value: number) => figureText(kind.unit, value);
    const [low = 0, high = 0] = [values[0], values.at(-1)];
    return [key, text(middleOf(values)), text(low), text(high), kind.scale === "ratio" ? stray(values) : ""];
  });
  const left = runs.length - sound.length;
  const title = `${runs.length} runs${left > 0 ? `, ${left} of which cannot be compared` : ""}`;
  return `${table([[title, "median", "lowest", "highest", "runs stray by"], ...rows], { align: "lrrrr", width }).join("\n")}\n`;
}

function middleOf(sorted: readonly number[]): number {
  return ((sorted[Math.ceil(sorted.length / 2) - 1] ?? 0) + (sorted[Math.floor(sorted.length / 2)] ?? 0)) / 2;
}

/** Standard deviation of the logarithm, as a percentage. */
function stray(values: readonly number[]): string {
  if (values.length < 2) return "";
  const logs = values.map(Math.log);
  const mean = logs.reduce((sum, log) => sum + log, 0) / logs.length;
  const variance = logs.reduce((sum, log) => sum + (log - mean) ** 2, 0) / (logs.length - 1);
  return `${(100 * Math.sqrt(variance)).toFixed(1)} %`;
}
