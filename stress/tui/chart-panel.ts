import type { Latency } from "../measure/event.ts";
import { absent, formatBeyond, formatClock, formatCount, formatLatency, formatRate } from "../screen/format.ts";
import type { View } from "../screen/header.ts";
import { limitMsOf, wordsOf } from "../screen/kind.ts";
import { left, margin, right } from "../screen/line.ts";
import { sparkline } from "../screen/sparkline.ts";
import type { Tone } from "../screen/theme.ts";
import { inColumns, rateOf, type Slice } from "./history.ts";
import { progressOf, spanOf } from "./progress.ts";
import type { RunState } from "./run-state.ts";

const labelWidth = 13;
const valueWidth = 9;
/** Charts that may be taller than a line, failures included. */
export const tallCharts = 5;
const gap = 2;
const tailWidth = 12;
/** Below this many columns the charts need the room of the greatest values beside them. */
const tailFrom = 70;

interface Chart {
  label: string;
  now: string;
  /** What is drawn for a slice; null leaves a hole. */
  of(slice: Slice): number | null;
  /** The greatest single second of a slice, where that is not what is drawn. */
  peak?(slice: Slice): number;
  format(value: number): string;
  tone: Tone;
  /** Always one line high. */
  flat?: true;
}

/**
 * Progress, and below it on the same time axis what was offered, what was carried and how fast. The axis is the whole
 * run: a column stays where it is, and lies under the same instant of the bar. `height` is the lines a chart takes.
 */
export function chartPanel(state: RunState, nowMs: number, height: number, view: View): string[] {
  const { theme, width } = view;
  const start = margin + labelWidth + valueWidth + gap;
  const tail = width >= tailFrom ? gap + tailWidth : 0;
  const chartWidth = Math.max(4, width - start - tail - margin);
  const progress = progressOf(state, nowMs);
  const columns = inColumns(state.slices, chartWidth, spanOf(progress, chartWidth));

  const row = (label: string, value: string, chart: string, end: string, tone: Tone): string => {
    const head = " ".repeat(margin) + left(label, labelWidth) + right(value, valueWidth) + " ".repeat(gap);
    const edge = tail === 0 ? "" : " ".repeat(gap) + theme.faint(right(end, tailWidth));
    return head + theme[tone](chart) + edge;
  };

  const percent = progress.fraction === null ? absent : `${Math.floor(progress.fraction * 100)} %`;
  const remaining = progress.leftMs === null ? "" : `${formatClock(Math.ceil(progress.leftMs / 1000) * 1000)} left`;
  const lines = [row("progress", percent, bar(progress.fraction ?? 0, chartWidth, view), remaining, "strong")];
  for (const chart of charts(state)) {
    const values = columns.map((slice) => (slice === null ? null : chart.of(slice)));
    const greatest = Math.max(0, ...values.filter((value) => value !== null));
    const peaks = columns.map((slice) => (slice === null ? 0 : (chart.peak?.(slice) ?? 0)));
    const most = values.some((value) => value !== null) ? `max ${chart.format(Math.max(greatest, ...peaks))}` : "";
    const tall = chart.flat === true ? 1 : height;
    // An eighth of room above the highest bar keeps stacked charts apart.
    const drawn = sparkline(values, (greatest * 8) / 7, tall);
    drawn.forEach((line, at) => {
      const last = at === drawn.length - 1;
      lines.push(last ? row(chart.label, chart.now, line, most, chart.tone) : row("", "", line, "", chart.tone));
    });
  }
  return lines;
}

function charts(state: RunState): Chart[] {
  const { snapshot, profile } = state;
  const open = profile?.load.model === "open";
  const latency = snapshot === null ? null : (snapshot.interval.response ?? snapshot.interval.service);
  const limitMs = limitMsOf(profile);
  const words = wordsOf(profile);
  const level = { of: (slice: Slice) => slice.level, tone: "faint", flat: true } as const;
  const users: Chart = {
    ...level,
    label: profile?.stream === undefined ? "users" : "streams",
    now: formatCount(snapshot?.users ?? null),
    format: formatCount,
  };
  const offered: Chart = { ...level, label: "offered/s", now: formatRate(snapshot?.offeredRate ?? null), format: formatRate };
  const carried: Chart = {
    label: `${words.operations}/s`,
    now: formatRate(snapshot?.interval.rps ?? null),
    of: (slice) => rateOf(slice, "requests"),
    peak: (slice) => slice.peakRequests,
    format: formatRate,
    tone: "accent",
  };
  const percentiles = (["p50", "p95", "p99"] as const).map((percentile, at): Chart => {
    const name = at > 0 ? "" : words.latency;
    return {
      label: `${name.padEnd(8)} ${percentile}`,
      now: percentileNow(latency, percentile, limitMs),
      of: (slice) => slice[percentile],
      format: (value) => (value >= limitMs ? formatBeyond(limitMs) : formatLatency(value)),
      tone: "accent",
    };
  });
  const failed: Chart = {
    label: "✗ failed/s",
    now: formatRate(snapshot === null ? null : snapshot.interval.failed),
    // A column without failures stays empty: the lowest bar says that there were some.
    of: (slice) => (slice.failed > 0 ? rateOf(slice, "failed") : null),
    peak: (slice) => slice.peakFailed,
    format: formatRate,
    tone: "bad",
  };
  return [open ? offered : users, carried, ...percentiles, ...((snapshot?.total.failed ?? 0) > 0 ? [failed] : [])];
}

function percentileNow(latency: Latency | null, name: "p50" | "p95" | "p99", limitMs: number): string {
  if (latency === null || latency.count === 0) return absent;
  const value = latency[name];
  return latency.beyond && value >= limitMs ? formatBeyond(limitMs) : formatLatency(value);
}

function bar(fraction: number, width: number, view: View): string {
  const halves = Math.round(fraction * width * 2);
  const full = Math.floor(halves / 2);
  const tip = halves % 2 === 1 ? "╸" : "";
  return view.theme.accent("━".repeat(full) + tip) + view.theme.faint("─".repeat(width - full - tip.length));
}
