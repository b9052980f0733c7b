import { levelTable } from "../screen/final/search.ts";
import { absent, formatClock, formatCount, formatLatency, formatRate } from "../screen/format.ts";
import { headerLine, type View } from "../screen/header.ts";
import { clean, fit, left, margin, right, spread } from "../screen/line.ts";
import { describePhase } from "../screen/phase-label.ts";
import { describeBracket, describeRate, phaseWords, signOf } from "../screen/search-words.ts";
import type { SearchState } from "./search-state.ts";

const labelWidth = 13;

/**
 * The live screen of a search as lines, none wider than the view, one fewer than the terminal has: what is tried, where the
 * capacity lies, how the probe goes, and the levels so far, those nearest to the probe where not all have room.
 */
export function searchFrame(state: SearchState, nowMs: number, rows: number, view: View): string[] {
  const room = Math.max(1, rows - 1);
  const { profile, topology, cores } = state.run;
  const header = profile === null ? ` ${view.theme.accent("plimsoll")}` : headerLine(profile, topology, cores, view);
  const top = [header, "", probeLine(state, nowMs, view), progressLine(state, nowMs, view), ...bracketLines(state, view), ""];
  const now = [...nowLines(state, view), ""];
  const notes = noteLines(state, view);
  const left = room - top.length - now.length - notes.length - 3;
  const limitMs = profile?.timeoutMs ?? Number.POSITIVE_INFINITY;
  const around = state.probe?.rate ?? null;
  const breaksAt = state.bracket.breaks?.rate ?? null;
  const table = left < 1 ? [] : levelTable(state.levels, limitMs, view, { rows: left, around, breaksAt });
  const lines = [...top, ...now, ...table, ...(table.length === 0 ? [] : [""]), ...notes];
  return lines.slice(0, room).map((line) => fit(line, view.width).trimEnd());
}

function probeLine({ probe, run, resting, levels }: SearchState, nowMs: number, view: View): string {
  const { theme, width } = view;
  const clock = `probe ${levels.length + (resting === null ? 1 : 0)} · ${formatClock(nowMs)}`;
  if (probe === null)
    return " ".repeat(margin) + spread(`${theme.accent("▸")} ${theme.strong("starting")}`, clock, width - 2 * margin);
  const again = probe.attempt > 1 ? `  try ${probe.attempt}` : "";
  const what = resting === null ? `${phaseWords[probe.phase]} at ${describeRate(probe.rate)}${again}` : "letting the target rest";
  const phase = resting === null && run.phase !== null && run.phase.kind !== "load" ? `  ${describePhase(run.phase)}` : "";
  const text = `${theme.accent("▸")} ${theme.strong(what)}${theme.faint(phase)}`;
  return " ".repeat(margin) + spread(text, clock, width - 2 * margin);
}

function progressLine({ probe, resting, sinceMs }: SearchState, nowMs: number, view: View): string {
  const lastsMs = resting ?? probe?.lastsMs ?? 0;
  const fraction = lastsMs > 0 ? Math.min(1, Math.max(0, nowMs - sinceMs) / lastsMs) : 0;
  const barWidth = Math.max(4, view.width - 2 * margin - labelWidth);
  const full = Math.round(fraction * barWidth);
  const bar = view.theme.accent("━".repeat(full)) + view.theme.faint("─".repeat(barWidth - full));
  return " ".repeat(margin) + left(resting === null ? "this probe" : "rest", labelWidth) + bar;
}

/** The bracket in figures, and every level tried on a logarithmic axis. */
function bracketLines({ bracket, levels, probe }: SearchState, view: View): string[] {
  const { theme, width } = view;
  const text = " ".repeat(margin) + left("capacity", labelWidth) + describeBracket(bracket);
  const rates = [...levels.map(({ rate }) => rate), ...(probe === null ? [] : [probe.rate])];
  const [low, high] = [Math.log(Math.min(...rates)), Math.log(Math.max(...rates))];
  if (!(high > low)) return [text];
  const ends = [describeRate(Math.min(...rates)), describeRate(Math.max(...rates))] as const;
  const axisWidth = Math.max(4, width - 2 * margin - labelWidth - ends[0].length - ends[1].length - 2);
  const column = (rate: number) => Math.round(((Math.log(rate) - low) / (high - low)) * (axisWidth - 1));
  const cells = Array.from({ length: axisWidth }, () => theme.faint("─"));
  for (const level of levels) cells[column(level.rate)] = signOf(level.outcome, theme);
  if (probe !== null) cells[column(probe.rate)] = theme.accent("▾");
  const axis = `${theme.faint(ends[0])} ${cells.join("")} ${theme.faint(ends[1])}`;
  return [text, " ".repeat(margin + labelWidth) + axis];
}

/** The last second of the probe under way. */
function nowLines({ run, resting }: SearchState, view: View): string[] {
  const { theme } = view;
  const snapshot = resting === null ? run.snapshot : null;
  const response = snapshot?.interval.response ?? null;
  const latency = (name: "p50" | "p95" | "p99") =>
    response === null || response.count === 0 ? absent : formatLatency(response[name]);
  const failed = snapshot?.total.failed ?? null;
  const cells: [string, string][] = [
    ["offered/s", formatRate(snapshot?.offeredRate ?? null)],
    ["answered/s", formatRate(snapshot?.interval.rps ?? null)],
    ["failed", failed !== null && failed > 0 ? theme.bad(formatCount(failed)) : formatCount(failed)],
    ["dropped", formatCount(snapshot?.total.dropped ?? null)],
  ];
  const times = (["p50", "p95", "p99"] as const).map((name) => `${theme.faint(name)} ${right(latency(name), 8)}`);
  const first = cells.map(([name, value]) => `${theme.faint(name)} ${value}`).join("   ");
  const label = (name: string) => " ".repeat(margin) + left(name, labelWidth);
  const saturated = snapshot?.generator.saturated === true ? `   ${theme.warn("! generator at its limit")}` : "";
  return [label("now") + first + saturated, `${label("response")}${times.join("   ")}`];
}

function noteLines({ warnings, interrupted }: SearchState, view: View): string[] {
  const { theme, width } = view;
  const latest = warnings.at(-1);
  const lines = latest === undefined ? [] : [`${" ".repeat(margin)}${theme.warn("!")} ${fit(clean(latest), width - 4)}`];
  const hint = interrupted
    ? `${theme.warn("!")} stopping: open requests finish first; Ctrl-C again stops at once`
    : theme.faint("Ctrl-C ends the search and still prints what was found");
  return [...lines, " ".repeat(margin) + fit(hint, width - 2 * margin)];
}
