import type { Comparison } from "../../judge/compare/comparison.ts";
import { clean } from "../../screen/line.ts";
import { changeCell, headline, intervalCell, methodLine, spreadCell, valueCell, verdictWords } from "./cells.ts";

/** A comparison for a pull request's comment or a document. */
export function renderComparisonMarkdown(comparison: Comparison): string {
  const { figures, groups, differences, warnings } = comparison;
  const labels = groups.map(({ label, runs }) => `${label}${runs.length > 1 ? ` (${runs.length} runs)` : ""}`);
  const rows = figures.map((figure) => [
    `\`${figure.key}\``,
    ...figure.groups.map((group) => [valueCell(figure, group), spreadCell(figure, group)].join(" ").trim()),
    changeCell(figure),
    intervalCell(figure),
    figure.verdict === "worse" ? `**${verdictWords.worse}**` : verdictWords[figure.verdict],
  ]);
  const header = ["", ...labels, "change", "95 % interval", "verdict"];
  const line = (cells: readonly string[]) => `| ${cells.map(cell).join(" | ")} |`;
  const notes = [...differences.map(({ what, values }) => `They differ in ${what}: ${values.join(" · ")}`), ...warnings];
  const blocks = [
    `**${escaped(headline(comparison))}**`,
    ...(figures.length === 0
      ? []
      : [[line(header), line(header.map((_, i) => (i === 0 ? "---" : "---:"))), ...rows.map(line)].join("\n")]),
    ...(notes.length === 0 ? [] : [notes.map((note) => `- ${escaped(note)}`).join("\n")]),
    `<sub>${escaped(methodLine(comparison))}</sub>`,
  ];
  return `${blocks.join("\n\n")}\n`;
}

/** Labels and notes hold file names and what targets said. */
function escaped(text: string): string {
  return clean(text).replace(/[\\*_[\]<>|]/g, "\\$&");
}

function cell(text: string): string {
  return clean(text).replaceAll("|", "\\|").replaceAll("<", "&lt;");
}
