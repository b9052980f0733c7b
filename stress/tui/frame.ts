import { headerLine, type View } from "../screen/header.ts";
import { fit } from "../screen/line.ts";
import { chartPanel, tallCharts } from "./chart-panel.ts";
import { hintPanel, warningPanel } from "./notice-panel.ts";
import { phasePanel } from "./phase-panel.ts";
import type { RunState } from "./run-state.ts";
import { servicePanel } from "./service-panel.ts";
import { thresholdPanel } from "./threshold-panel.ts";
import { totalPanel } from "./total-panel.ts";

const tallestChart = 4;

/**
 * The live screen as lines, none wider than the view. One line less than the terminal has: a frame as tall as the
 * terminal scrolls it, or makes the terminal be cleared at every update. Charts grow into the room there is; where
 * there is too little, the blank lines go first, then what matters least.
 */
export function liveFrame(state: RunState, nowMs: number, rows: number, view: View): string[] {
  const room = Math.max(1, rows - 1);
  const frame = (chartHeight: number): Panel[] => panels(state, nowMs, chartHeight, view);
  const flat = frame(1);
  const spare = room - join(flat).length;
  const height = Math.min(tallestChart, 1 + Math.floor(spare / tallCharts(state)));
  const lines = height > 1 ? join(frame(height)) : squeeze(flat, room);
  return lines.map((line) => fit(line, view.width).trimEnd());
}

interface Panel {
  lines: string[];
  /** Panels of the highest rank are left out first. */
  rank: number;
}

function panels(state: RunState, nowMs: number, chartHeight: number, view: View): Panel[] {
  const { profile, topology, cores } = state;
  const header = profile === null ? [` ${view.theme.accent("plimsoll")}`] : [headerLine(profile, topology, cores, view)];
  const body = [...phasePanel(state, nowMs, view), ...chartPanel(state, nowMs, chartHeight, view)];
  const all: Panel[] = [
    { lines: header, rank: 0 },
    { lines: body, rank: 0 },
    { lines: totalPanel(state, view), rank: 1 },
    { lines: servicePanel(state, view), rank: 4 },
    { lines: thresholdPanel(state, view), rank: 2 },
    { lines: warningPanel(state, view), rank: 3 },
    { lines: hintPanel(state, view), rank: state.interrupted ? 1 : 5 },
  ];
  return all.filter(({ lines }) => lines.length > 0);
}

function join(shown: readonly Panel[]): string[] {
  return shown.flatMap(({ lines }, at) => (at === 0 ? lines : ["", ...lines]));
}

function squeeze(flat: readonly Panel[], room: number): string[] {
  let shown = [...flat];
  for (;;) {
    const lines = shown.flatMap((panel) => panel.lines);
    const blanks = room - lines.length;
    if (blanks >= 0) return joinWith(shown, blanks);
    const last = Math.max(...shown.map(({ rank }) => rank));
    if (last === 0) return lines.slice(0, room);
    shown = shown.filter(({ rank }) => rank < last);
  }
}

/** At most `blanks` blank lines, the uppermost gaps first. */
function joinWith(shown: readonly Panel[], blanks: number): string[] {
  return shown.flatMap(({ lines }, at) => (at > 0 && at <= blanks ? ["", ...lines] : lines));
}
