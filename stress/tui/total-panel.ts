import { formatCount, formatLatency, formatShare } from "../screen/format.ts";
import type { View } from "../screen/header.ts";
import { fit, left, margin, widthOf } from "../screen/line.ts";
import type { RunState } from "./run-state.ts";

const cellGap = 3;

/** Counts since the start, and failures by class once there are any. */
export function totalPanel(state: RunState, view: View): string[] {
  const { theme, width } = view;
  const total = state.snapshot?.total;
  const failed = total?.failed ?? 0;
  const cells: [string, string][] = [
    ["requests", formatCount(total?.requests ?? null)],
    ["failed", failed > 0 ? theme.bad(formatCount(failed)) : formatCount(total?.failed ?? null)],
    ["opened", formatCount(total?.connectionsOpened ?? null)],
  ];
  if (total !== undefined && total.dropped !== null) cells.push(["dropped", formatCount(total.dropped)]);
  if (total !== undefined && total.late !== null) cells.push(["late", formatCount(total.late)]);
  const slowest = total?.response ?? total?.service;
  cells.push(["slowest", formatLatency(slowest === undefined || slowest.count === 0 ? null : slowest.max)]);
  const texts = cells.map(([name, value]) => `${theme.faint(name)} ${value}`);
  // Cells keep their places while the numbers in them grow, as far as there is room.
  const even = Math.floor((width - 2 * margin) / texts.length);
  const roomy = texts.every((text) => widthOf(text) + cellGap <= even);
  const line = roomy ? texts.map((text) => left(text, even)).join("") : texts.join(" ".repeat(cellGap));
  const lines = [" ".repeat(margin) + fit(line.trimEnd(), width - 2 * margin)];
  if (total === undefined || failed === 0) return lines;
  const share = formatShare(total.requests > 0 ? failed / total.requests : null);
  const classes = Object.entries(total.failures).filter(([, count]) => count > 0);
  const ranked = classes.sort(([, a], [, b]) => b - a).map(([name, count]) => `${name} ${formatCount(count)}`);
  return [...lines, " ".repeat(margin) + fit(`${theme.bad(`✗ ${share} failed:`)} ${ranked.join(" · ")}`, width - 2 * margin)];
}
