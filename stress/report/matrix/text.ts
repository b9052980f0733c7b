import { clean, fit, left, margin, right, widthOf, wrap } from "../../screen/line.ts";
import { table } from "../../screen/table.ts";
import { type Theme, themeFor } from "../../screen/theme.ts";
import type { TextOptions } from "../text.ts";
import { addedCells, addedHeading, heading, matrixHeadline, notesOf, p95Bars, rowCells, verdictWord } from "./cells.ts";
import type { MatrixReport } from "./matrix-report.ts";

/** A matrix for a terminal, ending in a newline. */
export function renderMatrixText(report: MatrixReport, options: Pick<TextOptions, "width" | "color">): string {
  const width = Math.max(60, options.width);
  const theme = themeFor(options.color);
  const { rows } = report;
  const [head = "", ...lines] = table([[...heading], ...rows.map(rowCells)], { align: "lrrrrrrrrrl", width });
  const coloured = lines.map((line, at) => {
    const word = verdictWord(rows[at] ?? { verdict: null });
    return line.endsWith(word) ? line.slice(0, -word.length) + theme[toneOf(word)](word) : line;
  });
  const bars = p95Bars(rows);
  const [labels, values] = [widest(bars.map(({ label }) => label)), widest(bars.map(({ value }) => value))];
  const added = report.added.flatMap(addedCells);
  const blocks = [
    [theme.faint(head), ...coloured],
    bars.length === 0
      ? []
      : [
          " ".repeat(margin) + theme.strong("p95"),
          ...bars.map(({ label, bar, value }) => ` ${left(label, labels)}  ${right(value, values)}  ${theme.accent(bar)}`),
        ],
    added.length === 0
      ? []
      : table([[...addedHeading].map((name) => theme.faint(name)), ...added], { align: "rlllrrrrl", width }),
    notesOf(report).flatMap(({ place, note }) => wrap(clean(`${place}: ${note}`), width - margin, margin)),
    wrap(matrixHeadline(report), width - margin, margin).map((line) => theme.strong(line)),
  ];
  const shown = blocks.filter((block) => block.length > 0);
  const all = shown.flatMap((block, at) => (at === 0 ? block : ["", ...block]));
  return `${all.map((line) => fit(line, width).trimEnd()).join("\n")}\n`;
}

function widest(texts: readonly string[]): number {
  return Math.max(0, ...texts.map(widthOf));
}

function toneOf(word: string): keyof Theme {
  return word.startsWith("✓") ? "good" : word.startsWith("✗") ? "bad" : "warn";
}
