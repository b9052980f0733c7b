import { formatDuration } from "../../screen/format.ts";
import { clean } from "../../screen/line.ts";
import { code, plain, table } from "../sizing/markdown.ts";
import { addedCells, addedHeading, heading, matrixHeadline, notesOf, p95Bars, rowCells } from "./cells.ts";
import type { MatrixReport } from "./matrix-report.ts";

/** A matrix for a document or a pull request. */
export function renderMatrixMarkdown(report: MatrixReport): string {
  const { rows, added, durationMs, runs, host, startedAt, version, command } = report;
  const bars = p95Bars(rows);
  const label = Math.max(0, ...bars.map((bar) => bar.label.length));
  const lines = bars.map((bar) => `${bar.label.padEnd(label)}  ${bar.bar} ${bar.value}`);
  const parts = [
    "# Topologies at constant rates",
    `${plain(matrixHeadline(report))}. ${formatDuration(durationMs)} each${runs > 1 ? `, ${runs} runs a cell` : ""}, on ${plain(host)}, ${startedAt}.`,
    table(
      heading,
      rows.map((row) => rowCells(row).map((cell) => (cell.startsWith("✗") ? `**${plain(cell)}**` : plain(cell)))),
    ),
    lines.length === 0 ? "" : `p95:\n\n\`\`\`text\n${lines.map(clean).join("\n")}\n\`\`\``,
    added.length === 0 ? "" : "## What each adds",
    table(
      addedHeading,
      added.flatMap(addedCells).map((cells) => cells.map(plain)),
      4,
    ),
    notesOf(report)
      .map(({ place, note }) => `- **${plain(place)}**: ${plain(note)}`)
      .join("\n"),
    `Times are response times, from when a request was due. Made by ${code(command)}, version ${plain(version)}.`,
  ];
  return `${parts.filter((part) => part !== "").join("\n\n")}\n`;
}
