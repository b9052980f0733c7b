import type UPlot from "uplot";
import type { Chart, ChartData, ChartUnit } from "./chart.ts";

/** Declared by the script before this one. */
declare const uPlot: typeof UPlot;

/**
 * Draws the charts of the page with uPlot. Colours come from the style sheet, so that a chart follows the page into the
 * dark and onto paper; each plot is a slider to the keyboard and to screen readers: arrows choose a row, whose figures are told.
 */

const data = JSON.parse(document.getElementById("figures")?.textContent ?? "{}") as ChartData;
const dashes = [[], [7, 4], [2, 3], [9, 3, 2, 3]];
/** A tap is no place to read a chart to the pixel: what is drawn is at least this wide. */
const leastWidth = 220;

interface Plot {
  chart: Chart;
  figure: HTMLElement;
  place: HTMLElement;
  isLog: boolean;
  drawn: UPlot | null;
}

const plots: Plot[] = data.charts.flatMap((chart) => {
  const figure = document.getElementById(chart.id);
  const place = figure?.querySelector<HTMLElement>(".plot");
  return figure && place ? [{ chart, figure, place, isLog: false, drawn: null }] : [];
});

const formats = [3, 4].map((digits) => new Intl.NumberFormat("en-US", { maximumSignificantDigits: digits }));

function written(value: number | null | undefined, unit: ChartUnit, precise = true): string {
  if (value === null || value === undefined) return "–";
  const format = formats[precise ? 1 : 0] as Intl.NumberFormat;
  if (unit === "ms" && value >= 1000) return `${format.format(value / 1000)} s`;
  return `${format.format(value)} ${unit}`;
}

function clock(seconds: number): string {
  const two = (value: number) => String(Math.floor(value)).padStart(2, "0");
  const rest = `${two((seconds / 60) % 60)}:${two(seconds % 60)}`;
  return seconds >= 3600 ? `${Math.floor(seconds / 3600)}:${rest}` : rest;
}

/** `p99.9`, of 1 / (1 − p). */
function percentile(rarity: number): string {
  const nines = Math.max(1, Math.ceil(Math.log10(rarity)));
  return `p${Number((100 * (1 - 1 / rarity)).toFixed(nines))}`;
}

function where(chart: Chart, x: number): string {
  return chart.axis === "time" ? clock(x) : percentile(x);
}

function xOf(chart: Chart): number[] {
  return data.axes[chart.x] ?? [];
}

function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/** Shades stages and names those that have the room. */
function drawBands(u: UPlot, chart: Chart): void {
  const { ctx, bbox } = u;
  ctx.save();
  ctx.font = `${11 * uPlot.pxRatio}px system-ui, sans-serif`;
  ctx.textBaseline = "top";
  ctx.textAlign = "left";
  for (const { from, to, label, kind } of chart.bands) {
    const left = Math.max(bbox.left, u.valToPos(from, "x", true));
    const right = Math.min(bbox.left + bbox.width, u.valToPos(to, "x", true));
    if (right <= left) continue;
    ctx.fillStyle = colour(kind === "hold" ? "--band-hold" : "--band-ramp");
    ctx.fillRect(left, bbox.top, right - left, bbox.height);
    ctx.fillStyle = colour("--line");
    ctx.fillRect(Math.round(left), bbox.top, uPlot.pxRatio, bbox.height);
    const text = ctx.measureText(label).width;
    if (text + 10 * uPlot.pxRatio > right - left) continue;
    ctx.fillStyle = colour("--muted");
    ctx.fillText(label, left + 6 * uPlot.pxRatio, bbox.top + 5 * uPlot.pxRatio);
  }
  ctx.restore();
}

/** Limits, fitted lines and objectives, above the series. */
function drawMarks(u: UPlot, chart: Chart): void {
  const { ctx, bbox } = u;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  ctx.lineWidth = 1.5 * uPlot.pxRatio;
  ctx.strokeStyle = colour("--ink");
  ctx.setLineDash([4 * uPlot.pxRatio, 4 * uPlot.pxRatio]);
  const line = (x0: number, y0: number, x1: number, y1: number) => {
    ctx.beginPath();
    ctx.moveTo(x0, y0);
    ctx.lineTo(x1, y1);
    ctx.stroke();
  };
  ctx.font = `${11 * uPlot.pxRatio}px system-ui, sans-serif`;
  ctx.fillStyle = colour("--ink");
  ctx.textAlign = "right";
  for (const { at, label } of chart.levels) {
    const y = u.valToPos(at, "y", true);
    line(bbox.left, y, bbox.left + bbox.width, y);
    ctx.fillText(label, bbox.left + bbox.width - 6 * uPlot.pxRatio, y - 5 * uPlot.pxRatio);
  }
  ctx.setLineDash([]);
  ctx.lineWidth = 2.5 * uPlot.pxRatio;
  for (const { from, to } of chart.trends) {
    line(
      u.valToPos(from[0], "x", true),
      u.valToPos(from[1], "y", true),
      u.valToPos(to[0], "x", true),
      u.valToPos(to[1], "y", true),
    );
  }
  for (const mark of chart.marks) drawObjective(u, mark);
  ctx.restore();
}

/** A bar that the curve must pass below, with its words beside it. */
function drawObjective(u: UPlot, { x, y, label, ok }: Chart["marks"][number]): void {
  const { ctx, bbox } = u;
  const [atX, atY] = [u.valToPos(x, "x", true), u.valToPos(y, "y", true)];
  const half = 12 * uPlot.pxRatio;
  ctx.strokeStyle = ctx.fillStyle = colour(ok ? "--good" : "--bad");
  ctx.lineWidth = 2.5 * uPlot.pxRatio;
  ctx.beginPath();
  ctx.moveTo(atX - half, atY);
  ctx.lineTo(atX + half, atY);
  ctx.moveTo(atX, atY);
  ctx.lineTo(atX, atY + half * 0.6);
  ctx.stroke();
  ctx.font = `600 ${11 * uPlot.pxRatio}px system-ui, sans-serif`;
  const isLate = atX > bbox.left + bbox.width / 2;
  ctx.textAlign = isLate ? "right" : "left";
  ctx.textBaseline = "bottom";
  const words = [`${ok ? "✓" : "✗"} ${label}`, isLate ? atX + half : atX - half, atY - 4 * uPlot.pxRatio] as const;
  // A curve may pass behind the words.
  ctx.strokeStyle = colour("--page");
  ctx.lineWidth = 5 * uPlot.pxRatio;
  ctx.lineJoin = "round";
  ctx.strokeText(...words);
  ctx.fillText(...words);
}

/** Rates and times start at zero; memory does not, for what matters is how it moves, but never shows less than a tenth of it. */
function rangeOf(chart: Chart, isLog: boolean): UPlot.Scale.Range {
  return (_, least, most) => {
    const low = least ?? 0;
    const high = most ?? 1;
    if (isLog) return [10 ** Math.floor(Math.log10(Math.max(low, 1e-3))), 10 ** Math.ceil(Math.log10(Math.max(high, 1e-2)))];
    // What is far above all figures would flatten them: it is told in the legend.
    const near = [...chart.levels.map(({ at }) => at), ...chart.marks.map(({ y }) => y)].filter((at) => at <= 2 * high);
    const top = Math.max(high, ...near);
    if (chart.unit !== "MiB") return [0, top === 0 ? 1 : top * 1.12];
    const bottom = Math.min(low, ...near);
    const pad = Math.max((top - bottom) * 0.2, top * 0.05);
    return [Math.max(0, bottom - pad), top + pad];
  };
}

const timeSteps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 21_600, 43_200, 86_400];

function xAxisOf(chart: Chart): UPlot.Axis {
  if (chart.axis === "time") return { values: (_, splits) => splits.map(clock), incrs: timeSteps, space: 64 };
  const places = [1, 2, 10, 100, 1e3, 1e4, 1e5, 1e6];
  return {
    splits: (_, __, least, most) => places.filter((place) => place >= least && place <= most),
    values: (_, splits) => splits.map(percentile),
    filter: (_, splits) => splits,
  };
}

function optionsFor({ chart, figure, isLog }: Plot, width: number): UPlot.Options {
  const [muted, rule] = [colour("--muted"), colour("--line")];
  const font = "12px system-ui, sans-serif";
  const axis = { stroke: muted, font, grid: { stroke: rule, width: 1 }, ticks: { show: false } };
  return {
    width,
    height: Math.round(Math.min(300, Math.max(200, width * 0.36))),
    legend: { show: false },
    padding: [12, 22, 0, 0],
    focus: { alpha: 1 },
    cursor: {
      y: false,
      drag: { x: true, y: false, setScale: true },
      ...(chart.axis === "time" ? { sync: { key: "load", setSeries: false, scales: ["x", null] as [string, null] } } : {}),
    },
    scales: {
      x: { time: false, distr: chart.axis === "rank" ? 3 : 1, range: (_, least, most) => [least ?? 0, most ?? 1] },
      y: { distr: isLog ? 3 : 1, range: rangeOf(chart, isLog) },
    },
    axes: [
      { ...axis, ...xAxisOf(chart), size: 32 },
      {
        ...axis,
        size: 66,
        gap: 6,
        values: (_, splits) => splits.map((at) => (at === null ? "" : written(at, chart.unit, false))),
      },
    ],
    series: [
      {},
      ...chart.series.map(({ values }, at) => ({
        stroke: colour(`--s${at % 4}`),
        // The fourth, the extremes, is the least of them.
        width: at % 4 === 3 ? 1.25 : 2,
        dash: dashes[at % 4] as number[],
        spanGaps: false,
        points: { show: values.length < 3 },
      })),
    ],
    hooks: {
      drawClear: [(u) => drawBands(u, chart)],
      draw: [(u) => drawMarks(u, chart)],
      setCursor: [(u) => tell(u, chart, figure)],
      setScale: [(u, key) => key === "x" && follow(u, chart)],
    },
  };
}

/** Puts the figures under the cursor into the legend, and back to what it said at rest. */
function tell(u: UPlot, chart: Chart, figure: HTMLElement): void {
  const at = u.cursor.idx;
  const isOff = at === null || at === undefined || (u.cursor.left ?? -1) < 0;
  const reading = figure.querySelector("[data-reading]");
  if (reading) reading.textContent = isOff ? "" : where(chart, xOf(chart)[at] ?? 0);
  const texts = chart.series.map(({ values }) => (isOff ? null : written(values[at], chart.unit)));
  texts.forEach((text, series) => {
    const output = figure.querySelector<HTMLElement>(`[data-series="${series}"] output`);
    if (output) output.textContent = text ?? output.dataset.rest ?? "";
  });
  const place = figure.querySelector(".plot");
  if (isOff || place === null) return;
  place.setAttribute("aria-valuenow", String(at));
  const figures = chart.series.map(({ label }, series) => `${label} ${texts[series]}`);
  place.setAttribute("aria-valuetext", `${where(chart, xOf(chart)[at] ?? 0)}: ${figures.join(", ")}`);
}

let isFollowing = false;

/** Charts over time show the same stretch of it. */
function follow(u: UPlot, chart: Chart): void {
  const { min, max } = u.scales.x ?? {};
  if (isFollowing || chart.axis !== "time" || min == null || max == null) return;
  isFollowing = true;
  for (const { drawn, chart: other } of plots) {
    if (drawn !== null && drawn !== u && other.axis === "time" && other.x === chart.x) drawn.setScale("x", { min, max });
  }
  isFollowing = false;
}

function draw(plot: Plot): void {
  const { chart, place } = plot;
  const { min, max } = plot.drawn?.scales.x ?? {};
  plot.drawn?.destroy();
  const width = Math.max(leastWidth, place.clientWidth);
  const values = [xOf(chart), ...chart.series.map((series) => series.values)] as UPlot.AlignedData;
  plot.drawn = new uPlot(optionsFor(plot, width), values, place);
  if (min != null && max != null) plot.drawn.setScale("x", { min, max });
}

function choose(plot: Plot, index: number): void {
  const { drawn, chart } = plot;
  const xs = xOf(chart);
  const x = xs[Math.min(xs.length - 1, Math.max(0, index))];
  if (drawn === null || x === undefined) return;
  moveCursors(plot, ({ valToPos }) => valToPos(x, "x"));
}

/** A cursor moved by the script is not told to the other charts, as the pointer's is. */
function moveCursors({ chart, drawn }: Plot, left: (u: UPlot) => number): void {
  for (const { chart: other, drawn: each } of plots) {
    const isTogether = each === drawn || (chart.axis === "time" && other.axis === "time" && other.x === chart.x);
    if (each !== null && isTogether) each.setCursor({ left: left(each), top: 0 });
  }
}

/** Zooms about the chosen row; by 0 shows everything again. */
function zoom({ drawn, chart }: Plot, factor: number): void {
  const xs = xOf(chart);
  const [first, last] = [xs[0], xs.at(-1)];
  const { min, max } = drawn?.scales.x ?? {};
  if (drawn === null || first === undefined || last === undefined || min == null || max == null) return;
  if (factor === 0) {
    drawn.setScale("x", { min: first, max: last });
    return;
  }
  const middle = xs[drawn.cursor.idx ?? -1] ?? (min + max) / 2;
  const least = Math.max(first, middle - (middle - min) / factor);
  const most = Math.min(last, middle + (max - middle) / factor);
  if (most > least) drawn.setScale("x", { min: least, max: most });
}

function onKey(plot: Plot, event: KeyboardEvent): void {
  const last = xOf(plot.chart).length - 1;
  const at = Number(plot.place.getAttribute("aria-valuenow"));
  const page = Math.max(1, Math.round(last / 10));
  const actions: Record<string, () => void> = {
    ArrowRight: () => choose(plot, at + 1),
    ArrowUp: () => choose(plot, at + 1),
    ArrowLeft: () => choose(plot, at - 1),
    ArrowDown: () => choose(plot, at - 1),
    PageUp: () => choose(plot, at + page),
    PageDown: () => choose(plot, at - page),
    Home: () => choose(plot, 0),
    End: () => choose(plot, last),
    "+": () => zoom(plot, 2),
    "-": () => zoom(plot, 0.5),
    "0": () => zoom(plot, 0),
    Escape: () => moveCursors(plot, () => -10),
  };
  const action = event.ctrlKey || event.metaKey || event.altKey ? undefined : actions[event.key];
  if (action === undefined) return;
  event.preventDefault();
  action();
}

for (const plot of plots) {
  const { chart, figure, place } = plot;
  const last = Math.max(0, xOf(chart).length - 1);
  place.tabIndex = 0;
  place.setAttribute("role", "slider");
  place.setAttribute("aria-labelledby", `${chart.id}-title`);
  place.setAttribute("aria-valuemin", "0");
  place.setAttribute("aria-valuemax", String(last));
  place.setAttribute("aria-valuenow", "0");
  place.setAttribute("aria-valuetext", "no row chosen");
  place.addEventListener("keydown", (event) => onKey(plot, event));
  const toggle = figure.querySelector<HTMLButtonElement>("[data-log]");
  toggle?.addEventListener("click", () => {
    plot.isLog = !plot.isLog;
    toggle.setAttribute("aria-pressed", String(plot.isLog));
    draw(plot);
  });
  draw(plot);
}

const sizes = new ResizeObserver((entries) => {
  for (const { target } of entries) {
    const plot = plots.find(({ place }) => place === target);
    const width = Math.max(leastWidth, target.clientWidth);
    if (plot?.drawn && plot.drawn.width !== width) draw(plot);
  }
});
for (const { place } of plots) sizes.observe(place);

document.addEventListener("plimsoll:repaint", () => plots.forEach(draw));
