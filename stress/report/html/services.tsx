import type { CountWindow, MemoryWindow, ServiceResources, Summary } from "../../measure/summary.ts";
import {
  absent,
  formatBytes,
  formatChange,
  formatCores,
  formatCount,
  formatDuration,
  formatLimits,
  formatMebibytes,
  formatRate,
} from "../../screen/format.ts";
import { clean } from "../../screen/line.ts";
import type { Chart, ChartTrend } from "../page/chart.ts";
import { Figure } from "./figure.tsx";
import type { Section } from "./section.ts";
import { column, greatest, seriesOf, stageBands } from "./series.ts";
import { Sign } from "./sign.tsx";
import { Table } from "./table.tsx";

const mebibyte = 2 ** 20;

/** What each service of the target used: memory and processor time, in figures and over time. */
export function servicesSection(summary: Summary): Section | null {
  const { resources } = summary;
  if (resources.length === 0) return null;
  const charts = [...resources.map((service, at) => memoryChart(summary, service, at)), cpuChart(summary)].filter(isDrawn);
  const troubles = resources.flatMap(troublesOf);
  const body = (
    <>
      {troubles.length === 0 ? null : (
        <ul className="notes">
          {troubles.map(({ tone, text }) => (
            <li key={text}>
              <Sign tone={tone} /> {text}
            </li>
          ))}
        </ul>
      )}
      <Table
        caption="Memory in MiB: before the load, at constant load, and after it"
        columns={[
          { name: "Service" },
          ...["Cold", "Before", "Steady", "Change", "After", "Residual"].map((name) => ({ name, figure: true })),
        ]}
        rows={resources.flatMap(memoryRows)}
      />
      <Table
        caption="Processor time in cores, and limits"
        columns={[
          { name: "Service" },
          ...["Before", "Steady", "Most", "After", "Held back by its quota"].map((name) => ({ name, figure: true })),
          { name: "Limits" },
        ]}
        rows={resources.map(({ name, cpu, throttled, limits }) => [
          clean(name),
          ...[cpu.preCores, cpu.steadyCores, cpu.maxCores, cpu.postCores].map(formatRate),
          throttled === null ? absent : `${formatDuration(throttled.ms)}, ${formatCount(throttled.periods)} times`,
          limitsText(limits),
        ])}
      />
      <Table
        caption="What a service holds: before the load, at the most, and after it"
        columns={["Service", "Before", "Most", "After"].map((name, at) => ({ name, figure: at > 0 }))}
        rows={resources.flatMap(countRows)}
      />
      <div className="multiples">
        {charts.map(({ chart, title, words, atRest }) => (
          <Figure key={chart.id} chart={chart} title={title} summary={words} atRest={atRest} />
        ))}
      </div>
    </>
  );
  return {
    id: "services",
    title: "Services",
    body,
    charts: charts.map(({ chart }) => chart),
    axes: { load: seriesOf(summary).seconds },
  };
}

function limitsText({ cpus, memoryBytes, enforced }: ServiceResources["limits"]): string {
  const limits = formatLimits(cpus, memoryBytes);
  return enforced || limits === "none" ? limits : `${limits}, not enforced`;
}

/** Processes show resident and proportional memory; containers what the engine accounts, named for what it is. */
function memoryRows(service: ServiceResources): string[][] {
  const kinds: [string, MemoryWindow | null][] = [
    ["rss", service.rss],
    ["pss", service.pss],
    ["anon", service.anon],
    ["working set", service.workingSet],
    ["heap", service.heap],
  ];
  return kinds.flatMap(([kind, window]) =>
    window === null
      ? []
      : [
          [
            `${clean(service.name)} ${kind}`,
            formatMebibytes(window.coldBytes),
            formatMebibytes(window.preBytes),
            formatMebibytes(window.steadyBytes),
            formatChange(window.steadyPct),
            formatMebibytes(window.postBytes),
            formatChange(window.residualPct),
          ],
        ],
  );
}

function countRows(service: ServiceResources): string[][] {
  const kinds: [string, CountWindow][] = [
    ["descriptors", service.fds],
    ["sockets", service.sockets],
    ["threads", service.threads],
    ["tasks", service.pids],
  ];
  return kinds.flatMap(([kind, { pre, max, post }]) =>
    max === null ? [] : [[`${clean(service.name)} ${kind}`, ...[pre, max, post].map(formatCount)]],
  );
}

function troublesOf({ name, restarts, oomKills, running, samples }: ServiceResources): { tone: "bad" | "warn"; text: string }[] {
  const times = (count: number): string => (count === 1 ? "once" : `${count} times`);
  const troubles: { tone: "bad" | "warn"; text: string }[] = [];
  if (restarts > 0) troubles.push({ tone: "bad", text: `${clean(name)} died and was restarted ${times(restarts)}` });
  if (oomKills !== null && oomKills > 0) {
    troubles.push({ tone: "bad", text: `${clean(name)} was killed for memory ${times(oomKills)}` });
  }
  if (!running) troubles.push({ tone: "bad", text: `${clean(name)} was down when it was last looked at` });
  if (samples.lost > 0) {
    troubles.push({ tone: "warn", text: `${clean(name)}: ${samples.lost} of ${samples.taken + samples.lost} samples lost` });
  }
  return troubles;
}

interface Drawn {
  chart: Chart;
  title: string;
  words: string;
  atRest: string[];
}

function isDrawn(drawn: Drawn | null): drawn is Drawn {
  return drawn?.chart.series.some(({ values }) => values.some((value) => value !== null)) === true;
}

function memoryChart(summary: Summary, service: ServiceResources, at: number): Drawn | null {
  const series = seriesOf(summary);
  const name = `${service.source === "process" ? "rss" : "anon"}:${service.name}`;
  if (!series.columns.has(name)) return null;
  const values = column(series, name, 1 / mebibyte);
  const kind = service.source === "process" ? "resident memory" : "anonymous memory";
  const window = service.source === "process" ? service.rss : service.anon;
  const before = window?.preBytes ?? null;
  const change = window?.steadyPct == null ? "" : `, ${formatChange(window.steadyPct)} at constant load`;
  const chart: Chart = {
    id: `memory-${at}`,
    axis: "time",
    x: "load",
    unit: "MiB",
    series: [{ label: kind, values }],
    bands: stageBands(summary),
    levels: before === null ? [] : [{ at: before / mebibyte, label: "before the load" }],
    trends: driftLine(service, series.seconds, values),
    marks: [],
  };
  const words = before === null ? `Over the load${change}.` : `${formatBytes(before)} before the load${change}.`;
  return { chart, title: `${clean(service.name)}: ${kind}`, words, atRest: [`at most ${formatRate(greatest(values))} MiB`] };
}

/**
 * The slope that was judged, through the middle of what is drawn of its stretch, as a line of least squares lies. Its times
 * are of the run, the chart's of the load.
 */
function driftLine({ drift, series, source }: ServiceResources, seconds: number[], values: (number | null)[]): ChartTrend[] {
  const loadFromMs = series?.loadFromMs ?? null;
  if (!drift?.slope || drift.steady === null || loadFromMs === null) return [];
  if (drift.figure !== (source === "process" ? "rss" : "anon")) return [];
  const [from, to] = [(drift.steady.fromMs - loadFromMs) / 1000, (drift.steady.toMs - loadFromMs) / 1000];
  const inside = seconds.flatMap((x, at) => (x >= from && x <= to && values[at] != null ? [{ x, y: values[at] as number }] : []));
  if (inside.length === 0) return [];
  const mean = (of: (point: { x: number; y: number }) => number) =>
    inside.reduce((sum, point) => sum + of(point), 0) / inside.length;
  const perSecond = drift.slope.bytesPerHour / mebibyte / 3600;
  const [middle, level] = [mean(({ x }) => x), mean(({ y }) => y)];
  const at = (x: number): [number, number] => [x, level + (x - middle) * perSecond];
  const label = `drift ${formatChangePerHour(drift.slope.bytesPerHour)}: ${drift.verdict}`;
  return [{ from: at(from), to: at(to), label }];
}

function formatChangePerHour(bytes: number): string {
  return `${bytes > 0 ? "+" : ""}${(bytes / mebibyte).toFixed(2).replace("-", "−")} MiB/h`;
}

function cpuChart(summary: Summary): Drawn | null {
  const series = seriesOf(summary);
  const drawn = summary.resources.filter(({ name }) => series.columns.has(`cpu:${name}`));
  if (drawn.length === 0) return null;
  const levels = drawn.flatMap(({ name, limits }) =>
    limits.enforced && limits.cpus !== null ? [{ at: limits.cpus, label: `limit of ${clean(name)}` }] : [],
  );
  const chart: Chart = {
    id: "cpu",
    axis: "time",
    x: "load",
    unit: "cores",
    series: drawn.map(({ name }) => ({ label: clean(name), values: column(series, `cpu:${name}`) })),
    bands: stageBands(summary),
    levels,
    trends: [],
    marks: [],
  };
  const atRest = chart.series.map(({ values }) => `at most ${formatCores(greatest(values))}`);
  const cores = summary.environment.host.cores;
  return { chart, title: "Processor time", words: `In cores, of the host's ${cores > 0 ? cores : absent}.`, atRest };
}
