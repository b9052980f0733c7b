import { clean, fit, margin, wrap } from "../../screen/line.ts";
import { table } from "../../screen/table.ts";
import { type Theme, themeFor } from "../../screen/theme.ts";
import type { TextOptions } from "../text.ts";
import { figureCells, heading, notesOf, outcomeCell, placeOf, planHeadline, spanOf } from "./cells.ts";
import type { Outcome, PlanReport } from "./plan-report.ts";

const tones: Record<Outcome, keyof Theme> = {
  pass: "good",
  held: "good",
  fail: "bad",
  undecided: "warn",
  interrupted: "warn",
  "not-run": "warn",
};

/** A plan's report for a terminal, ending in a newline. */
export function renderPlanText(report: PlanReport, options: Pick<TextOptions, "width" | "color">): string {
  const width = Math.max(60, options.width);
  const theme = themeFor(options.color);
  const rows = report.scenarios.map((row) => [row.name, ...figureCells(row), outcomeCell(row)]);
  const [head = "", ...lines] = table([["", ...heading, ""], ...rows], { align: "llrrrrrrrl", width, flexible: 1 });
  const body = report.scenarios.flatMap((row, at) => {
    const cell = outcomeCell(row);
    const line = lines[at] ?? "";
    const coloured = line.endsWith(cell) ? line.slice(0, -cell.length) + theme[tones[row.outcome]](cell) : line;
    return [
      coloured,
      ...notesOf(row).flatMap((note) => wrap(clean(note), width - margin, margin + 4).map((text) => theme.faint(text))),
    ];
  });
  const out = [
    " ".repeat(margin) + theme.strong(clean(`${report.title} · ${placeOf(report)}`)),
    " ".repeat(margin) + theme.faint(spanOf(report)),
    "",
    theme.faint(head),
    ...body,
    "",
    ...wrap(planHeadline(report), width - margin, margin).map((line) => theme.strong(line)),
  ];
  return `${out.map((line) => fit(line, width).trimEnd()).join("\n")}\n`;
}
