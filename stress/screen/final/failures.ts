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
  const total = attempts(metrics);
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

/** What the failures are a share of: requests, or streams asked for, the reconnects among them. */
function attempts({ http_reqs: requests, streams_failed: streams }: Summary["metrics"]): number {
  if (streams?.type === "rate") return streams.values.passes + streams.values.fails;
  return requests?.type === "counter" ? requests.values.count : 0;
}
