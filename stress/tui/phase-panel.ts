import type { View } from "../screen/header.ts";
import { margin, spread } from "../screen/line.ts";
import { describePhase } from "../screen/phase-label.ts";
import { describeClock, progressOf } from "./progress.ts";
import type { RunState } from "./run-state.ts";

/** What happens now, and how far the run is on the clock. */
export function phasePanel(state: RunState, nowMs: number, view: View): string[] {
  const { phase, profile } = state;
  const { theme, width } = view;
  const stages = profile === null || profile.load.model === "requests" ? 0 : profile.load.stages.length;
  const stage = phase !== null && phase.kind === "load" && stages > 1 ? `stage ${phase.stage + 1} of ${stages}` : "";
  const label = `${theme.accent("▸")} ${theme.strong(phase === null ? "starting" : describePhase(phase))}  ${theme.faint(stage)}`;
  return [" ".repeat(margin) + spread(label, describeClock(progressOf(state, nowMs)), width - 2 * margin)];
}
