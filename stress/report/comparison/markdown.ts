import type { Comparison } from "../../judge/compare/comparison.ts";
import { code, plain, table } from "../sizing/markdown.ts";
import { changeCell, headline, intervalCell, methodLine, spreadCell, valueCell, verdictWords } from "./cells.ts";

/** A comparison for a pull request's comment or a document. */
export function renderComparisonMarkdown(comparison: Comparison): string {
  const { figures, groups, differences, warnings } = comparison;
  const labels = groups.map(({ label, runs }) => `${plain(label)}${runs.length > 1 ? ` (${runs.length} runs)` : ""}`);
  const rows = figures.map((figure) => [
    code(figure.key),
    ...figure.groups.map((group) => [valueCell(figure, group), spreadCell(figure, group)].join(" ").trim()),
    changeCell(figure),
    intervalCell(figure),
    figure.verdict === "worse" ? `**${verdictWords.worse}**` : verdictWords[figure.verdict],
  ]);
  const notes = [...differences.map(({ what, values }) => `They differ in ${what}: ${values.join(" · ")}`), ...warnings];
  const blocks = [
    `**${plain(headline(comparison))}**`,
    table(["", ...labels, "change", "95 % interval", "verdict"], rows),
    notes.map((note) => `- ${plain(note)}`).join("\n"),
    figures.length === 0 ? "" : `<sub>${plain(methodLine(comparison))}</sub>`,
  ];
  return `${blocks.filter((block) => block !== "").join("\n\n")}\n`;
}
