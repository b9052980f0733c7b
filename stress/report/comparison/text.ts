import type { Comparison } from "../../judge/compare/comparison.ts";
import { clean, fit, margin, wrap } from "../../screen/line.ts";
import { table } from "../../screen/table.ts";
import { type Theme, themeFor } from "../../screen/theme.ts";
import type { TextOptions } from "../text.ts";
import { changeCell, headline, intervalCell, methodLine, spreadCell, valueCell, verdictWords } from "./cells.ts";

const tones: Record<Comparison["verdict"], keyof Theme> = {
  better: "good",
  same: "good",
  worse: "bad",
  "cannot-tell": "warn",
};

const signs: Record<Comparison["verdict"], string> = { better: "✓", same: "=", worse: "✗", "cannot-tell": "?" };

/** A comparison as a table for a terminal, ending in a newline. */
export function renderComparison(comparison: Comparison, options: Pick<TextOptions, "width" | "color">): string {
  const width = Math.max(40, options.width);
  const theme = themeFor(options.color);
  const paragraph = (text: string) => wrap(clean(text), width - margin, margin);
  const blocks = [
    paragraph(headline(comparison)).map((line) => theme.strong(line)),
    figureTable(comparison, width, theme),
    differenceTable(comparison, width),
    comparison.warnings.flatMap((text) => hanging(`! ${clean(text)}`, width)),
    comparison.figures.length === 0 ? [] : paragraph(methodLine(comparison)).map((line) => theme.faint(line)),
  ];
  const lines = blocks.filter((block) => block.length > 0).flatMap((block, at) => (at === 0 ? block : ["", ...block]));
  return `${lines.map((line) => fit(line, width).trimEnd()).join("\n")}\n`;
}

/** Lines after the first stand `indent` to the right of it. */
function hanging(text: string, width: number, indent = 2): string[] {
  return wrap(text, width - margin, margin + indent).map((line, at) => (at === 0 ? line.slice(indent) : line));
}

function figureTable({ figures, groups, method }: Comparison, width: number, theme: Theme): string[] {
  if (figures.length === 0) return [];
  const labels = groups.map(({ label, runs }) => `${shortened(clean(label))}${runs.length > 1 ? ` (${runs.length})` : ""}`);
  const reasons = [...new Set(figures.flatMap(({ reason }) => (reason === null || reason === usualReason ? [] : reason)))];
  const verdictOf = ({ verdict, reason }: (typeof figures)[number]) => {
    const note = reason === null ? 0 : reasons.indexOf(reason) + 1;
    return `${signs[verdict]} ${verdictWords[verdict]}${note === 0 ? "" : ` (${note})`}`;
  };
  const rows = figures.map((figure) => [
    figure.key,
    ...figure.groups.map((group) =>
      (method === "trend" ? [] : [spreadCell(figure, group)]).reduce(joined, valueCell(figure, group)),
    ),
    changeCell(figure),
    intervalCell(figure),
    verdictOf(figure),
  ]);
  const align = `l${"r".repeat(groups.length)}rrl`;
  const [header = "", ...lines] = table([["", ...labels, "change", "95 %", ""], ...rows], { align, width });
  const coloured = lines.map((line, at) => {
    const figure = figures[at] as (typeof figures)[number];
    const verdict = verdictOf(figure);
    return line.endsWith(verdict) ? line.slice(0, -verdict.length) + theme[tones[figure.verdict]](verdict) : line;
  });
  const notes = reasons.flatMap((reason, i) => hanging(`(${i + 1}) ${clean(reason)}`, width, 4).map((line) => theme.faint(line)));
  return [theme.faint(header), ...coloured, ...(notes.length === 0 ? [] : ["", ...notes])];
}

const joined = (text: string, more: string) => `${text} ${more}`.trimEnd();

/** Said by the interval itself. */
const usualReason = "runs differ by more than the change";

/** The end of a path says more than its beginning. */
function shortened(label: string): string {
  return label.length <= 18 ? label : `…${label.slice(-17)}`;
}

function differenceTable({ differences, groups }: Comparison, width: number): string[] {
  return differences.flatMap(({ what, values }) => {
    const text = values.map((value, i) => `${groups[i]?.label}: ${value}`).join(" · ");
    return hanging(`! they differ in ${what}: ${clean(text)}`, width);
  });
}
