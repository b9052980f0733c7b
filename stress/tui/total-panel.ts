import { formatCount, formatLatency, formatShare } from "../screen/format.ts";
import type { View } from "../screen/header.ts";
import { wordsOf } from "../screen/kind.ts";
import { fit, left, margin, widthOf } from "../screen/line.ts";
import type { RunState } from "./run-state.ts";

const leastGap = 2;

/** Counts since the start, and failures by class once there are any. */
export function totalPanel(state: RunState, view: View): string[] {
  const { theme, width } = view;
  const total = state.snapshot?.total;
  const failed = total?.failed ?? 0;
  const slowest = total?.response ?? total?.service;
  const streams = state.snapshot?.streams;
  const cells: [string, string][] = [
    [wordsOf(state.profile).operations, formatCount(total?.requests ?? null)],
    ["failed", failed > 0 ? theme.bad(formatCount(failed)) : formatCount(total?.failed ?? null)],
  ];
  if (total !== undefined && total.dropped !== null) cells.push(["dropped", formatCount(total.dropped)]);
  if (total !== undefined && total.late !== null) cells.push(["late", formatCount(total.late)]);
  if (state.profile?.stream === undefined) cells.push(["opened", formatCount(total?.connectionsOpened ?? null)]);
  else {
    cells.push(["open", formatCount(streams?.open ?? null)]);
    cells.push(["dropped", formatCount(streams?.dropped ?? null)]);
    cells.push(["reconnects", formatCount(streams?.reconnects ?? null)]);
  }
  cells.push(["slowest", formatLatency(slowest === undefined || slowest.count === 0 ? null : slowest.max)]);
  const lines = [" ".repeat(margin) + inOneLine(cells, view)];
  if (total === undefined || failed === 0) return lines;
  const attempts = streams === undefined ? total.requests : streams.opened + streams.refused;
  const share = formatShare(attempts > 0 ? failed / attempts : null);
  const classes = Object.entries(total.failures).filter(([, count]) => count > 0);
  const ranked = classes.sort(([, a], [, b]) => b - a).map(([name, count]) => `${name} ${formatCount(count)}`);
  return [...lines, " ".repeat(margin) + fit(`${theme.bad(`✗ ${share} failed:`)} ${ranked.join(" · ")}`, width - 2 * margin)];
}

/** Cells of even width, so that they keep their places while their numbers grow; closer, then fewer, where room is short. */
function inOneLine(cells: readonly [string, string][], view: View): string {
  const room = view.width - 2 * margin;
  const texts = cells.map(([name, value]) => `${view.theme.faint(name)} ${value}`);
  const even = Math.floor(room / texts.length);
  if (texts.every((text) => widthOf(text) + leastGap <= even)) return texts.map((text) => left(text, even)).join("");
  while (texts.length > 1 && widthOf(texts.join(" ".repeat(leastGap))) > room) texts.pop();
  return texts.join(" ".repeat(leastGap));
}
