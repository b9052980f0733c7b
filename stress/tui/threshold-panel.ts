import type { View } from "../screen/header.ts";
import { clean, fit, left, margin, right, widthOf } from "../screen/line.ts";
import { describeActual, describeObjective } from "../screen/objective.ts";
import type { RunState } from "./run-state.ts";

const gap = 4;
/** More than these are not all shown: those that fail, then the first. */
export const mostObjectives = 8;

/** The objectives as they stand, in the order they were given; as many beside each other as fit. */
export function thresholdPanel(state: RunState, view: View): string[] {
  const { theme, width } = view;
  const all = state.snapshot?.thresholds ?? [];
  const shown =
    all.length <= mostObjectives ? all : [...all].sort((a, b) => Number(a.ok) - Number(b.ok)).slice(0, mostObjectives);
  const cells = shown.map(({ metric, expression, ok, actual, unit }) => {
    const pending = actual === null;
    const sign = pending ? theme.faint("·") : ok ? theme.good("✓") : theme.bad("✗");
    const figure = pending ? theme.faint("no data") : describeActual(actual, unit);
    return {
      phrase: `${sign} ${clean(describeObjective(metric, expression, unit))}`,
      figure: ok || pending ? figure : theme.bad(figure),
    };
  });
  if (cells.length === 0) return [];
  const room = width - 2 * margin;
  const figureWidth = Math.max(8, ...cells.map(({ figure }) => widthOf(figure)));
  const phraseWidth = Math.min(Math.max(...cells.map(({ phrase }) => widthOf(phrase))), Math.max(8, room - figureWidth - 1));
  const cellWidth = phraseWidth + 1 + figureWidth;
  const across = Math.max(1, Math.min(3, Math.floor((room + gap) / (cellWidth + gap))));
  const drawn = cells.map(({ phrase, figure }) => `${left(phrase, phraseWidth)} ${right(figure, figureWidth)}`);
  const lines = Array.from({ length: Math.ceil(drawn.length / across) }, (_, line) => {
    const cellsOfLine = drawn.slice(line * across, (line + 1) * across);
    return " ".repeat(margin) + fit(cellsOfLine.join(" ".repeat(gap)), room);
  });
  const more = all.length - shown.length;
  return more === 0 ? lines : [...lines, `${" ".repeat(margin)}${theme.faint(`… and ${more} more`)}`];
}
