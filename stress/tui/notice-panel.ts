import type { View } from "../screen/header.ts";
import { clean, fit, margin } from "../screen/line.ts";
import type { RunState } from "./run-state.ts";

/** The latest warning, and how many there are. */
export function warningPanel(state: RunState, view: View): string[] {
  const latest = state.warnings.at(-1);
  if (latest === undefined) return [];
  const more = state.warnings.length > 1 ? ` (${state.warnings.length} warnings, all at the end)` : "";
  const text = fit(clean(latest), view.width - 2 * margin - 2 - more.length);
  return [`${" ".repeat(margin)}${view.theme.warn("!")} ${text}${view.theme.faint(more)}`];
}

/** What the keys do. */
export function hintPanel(state: RunState, view: View): string[] {
  const { theme, width } = view;
  const text = state.interrupted
    ? `${theme.warn("!")} stopping: open requests finish first; Ctrl-C again stops at once`
    : theme.faint("Ctrl-C stops early and still prints what was measured");
  return [" ".repeat(margin) + fit(text, width - 2 * margin)];
}
