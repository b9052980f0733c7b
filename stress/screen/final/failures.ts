import type { Summary } from "../../measure/summary.ts";
import { formatCount, formatShare } from "../format.ts";
import type { View } from "../header.ts";
import { clean } from "../line.ts";
import { table } from "../table.ts";

/** Failures by class with the first example of each; nothing when nothing failed. */
export function failureBlock(summary: Summary, view: View): string[] {
  const { failures, metrics } = summary;
  if (failures.length === 0) return [];
  const { theme, width } = view;
  const requests = metrics.http_reqs;
  const total = requests?.type === "counter" ? requests.values.count : 0;
  const ranked = [...failures].sort((a, b) => b.count - a.count);
  const heading = [theme.strong("failures"), theme.faint("count"), theme.faint("share"), theme.faint("first example")];
  const rows = ranked.map(({ class: name, count, example }) => [
    `${theme.bad("✗")} ${clean(name)}`,
    formatCount(count),
    formatShare(total > 0 ? count / total : null),
    clean(example),
  ]);
  return table([heading, ...rows], { align: "lrrl", width, flexible: 3, least: [13] });
}
