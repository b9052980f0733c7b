import { levelCells, levelHeading } from "../../screen/final/plan.ts";
import { code, plain, table } from "../sizing/markdown.ts";
import { figureCells, heading, notesOf, outcomeCell, placeOf, planHeadline, spanOf } from "./cells.ts";
import type { PlanReport, ScenarioRow } from "./plan-report.ts";

/** A plan's report for a document or a pull request. */
export function renderPlanMarkdown(report: PlanReport): string {
  const rows = report.scenarios.map((row) => {
    const outcome = outcomeCell(row);
    const shown = row.outcome === "fail" ? `**${outcome}**` : outcome;
    return [plain(row.name), plain(row.title), shown, ...figureCells(row).map(plain)];
  });
  const notes = report.scenarios.flatMap((row) => notesOf(row).map((note) => `- **${plain(row.name)}**: ${plain(note)}`));
  const parts = [
    `# ${plain(report.title)}`,
    `${plain(planHeadline(report))}. Target ${plain(placeOf(report))}; ${spanOf(report)}.`,
    table(["scenario", "", "", ...heading], rows, 4),
    notes.join("\n"),
    ...report.scenarios.flatMap(levelTable),
    `Made by ${code(report.command)}, version ${plain(report.version)}.`,
  ];
  return `${parts.filter((part) => part !== "").join("\n\n")}\n`;
}

function levelTable({ name, levels = [], limitMs }: ScenarioRow): string[] {
  if (levels.length === 0) return [];
  const head = [levels[0]?.unit ?? "", ...levelHeading];
  const rows = levels.map((row) => levelCells(row, limitMs).map(plain));
  return [`## ${plain(name)}: level by level`, table(head, rows, 0)];
}
