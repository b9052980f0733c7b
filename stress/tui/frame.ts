import { headerLine, type View } from "../screen/header.ts";
import { fit } from "../screen/line.ts";
import { chartPanel, tallCharts } from "./chart-panel.ts";
import { hintPanel, warningPanel } from "./notice-panel.ts";
import { phasePanel } from "./phase-panel.ts";
import type { RunState } from "./run-state.ts";
import { servicePanel } from "./service-panel.ts";
import { mostObjectives, thresholdPanel } from "./threshold-panel.ts";
import { totalPanel } from "./total-panel.ts";

const tallestChart = 3;
/** Header, phase, progress, users, totals, failures, two rows of the service table, warning, hint, and the gaps. */
const linesOfOthers = 16;
const hintRank = 5;
/** Blank lines that are worth more than the line that says what the keys do. */
const leastGaps = 3;

/**
 * The live screen as lines, none wider than the view. One line less than the terminal has: a frame as tall as the
 * terminal scrolls it, or makes the terminal be cleared at every update. Charts grow into the room there is; where
 * there is too little, the blank lines go first, then what matters least.
 */
export function liveFrame(state: RunState, nowMs: number, rows: number, view: View): string[] {
  const room = Math.max(1, rows - 1);
  const height = chartHeight(state, room);
  const all = panels(state, nowMs, height, view);
  const lines =
    height > 1 && join(all).length <= room ? join(all) : squeeze(height > 1 ? panels(state, nowMs, 1, view) : all, room);
  return lines.map((line) => fit(line, view.width).trimEnd());
}

interface Panel {
  lines: string[];
  /** Panels of the highest rank are left out first. */
  rank: number;
  /** The lower, the sooner a blank line stands above it. */
  gap: number;
}

/**
 * Lines that a chart may take. From the size of the terminal and what the run is made of alone, so that charts keep
 * their height when failures, warnings or the first figures appear.
 */
function chartHeight(state: RunState, room: number): number {
  const objectives = Object.values(state.profile?.thresholds ?? {}).flat().length;
  const most = linesOfOthers + tallCharts + state.services.length + Math.min(objectives, mostObjectives);
  return Math.max(1, Math.min(tallestChart, 1 + Math.floor((room - most) / tallCharts)));
}

function panels(state: RunState, nowMs: number, height: number, view: View): Panel[] {
  const { profile, topology, cores } = state;
  const header = profile === null ? ` ${view.theme.accent("plimsoll")}` : headerLine(profile, topology, cores, view);
  const all: Panel[] = [
    { lines: [header], rank: 0, gap: 9 },
    { lines: [...phasePanel(state, nowMs, view), ...chartPanel(state, nowMs, height, view)], rank: 0, gap: 1 },
    { lines: totalPanel(state, view), rank: 1, gap: 3 },
    { lines: servicePanel(state, view), rank: 4, gap: 0 },
    { lines: thresholdPanel(state, view), rank: 2, gap: 2 },
    { lines: warningPanel(state, view), rank: 3, gap: 4 },
    { lines: hintPanel(state, view), rank: state.interrupted ? 1 : hintRank, gap: 5 },
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
    const rank = Math.max(...shown.map((panel) => panel.rank));
    const crowded = rank === hintRank && blanks < leastGaps;
    if (blanks >= 0 && !crowded) return joinWith(shown, blanks);
    if (rank === 0) return lines.slice(0, room);
    shown = shown.filter((panel) => panel.rank < rank);
  }
}

/** At most `blanks` blank lines, where they part most. */
function joinWith(shown: readonly Panel[], blanks: number): string[] {
  const parted = new Set([...shown.slice(1)].sort((a, b) => a.gap - b.gap).slice(0, blanks));
  return shown.flatMap((panel) => (parted.has(panel) ? ["", ...panel.lines] : panel.lines));
}
