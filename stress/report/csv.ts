import { stringify } from "csv-stringify/sync";
import type { MemoryWindow, Summary } from "../measure/summary.ts";
import { clean } from "../screen/line.ts";

/** RFC 4180, except that lines end in one newline; what a spreadsheet would run as a formula is quoted. */
const options = { escape_formulas: true, record_delimiter: "\n" } as const;

type Cell = string | number | null;

/** The run over time, a line a row, times in milliseconds of the load. Figures as they are in the summary. */
export function renderCsv({ timeseries }: Summary): string {
  return table([timeseries.columns.map(clean), ...timeseries.rows]);
}

const windows = ["cold", "pre", "steady", "post"] as const;
const memories = ["rss", "pss", "anon", "workingSet", "heap"] as const;
const counts = ["fds", "sockets", "threads", "pids"] as const;

/** What the services used, a line a service. Bytes, cores and counts; empty where nothing was read. */
export function renderResourcesCsv({ resources }: Summary): string {
  const heading = [
    "service",
    "source",
    ...memories.flatMap((kind) => [
      ...windows.map((window) => `${kind}_${window}_bytes`),
      `${kind}_steady_pct`,
      `${kind}_residual_pct`,
    ]),
    ...["pre", "steady", "max", "post"].map((window) => `cpu_${window}_cores`),
    ...counts.flatMap((kind) => ["pre", "max", "post"].map((window) => `${kind}_${window}`)),
    ...[
      "throttled_ms",
      "throttled_periods",
      "limit_cpus",
      "limit_memory_bytes",
      "limit_enforced",
      "restarts",
      "oom_kills",
      "running",
      "samples_taken",
      "samples_lost",
    ],
  ];
  const rows = resources.map((service): Cell[] => {
    const { cpu, limits, samples, throttled } = service;
    return [
      clean(service.name),
      service.source,
      ...memories.flatMap((kind) => memoryCells(service[kind])),
      ...[cpu.preCores, cpu.steadyCores, cpu.maxCores, cpu.postCores],
      ...counts.flatMap((kind) => [service[kind].pre, service[kind].max, service[kind].post]),
      ...[throttled?.ms ?? null, throttled?.periods ?? null],
      ...[limits.cpus, limits.memoryBytes, String(limits.enforced)],
      ...[service.restarts, service.oomKills, String(service.running), samples.taken, samples.lost],
    ];
  });
  return table([heading, ...rows]);
}

function memoryCells(window: MemoryWindow | null): Cell[] {
  const { coldBytes = null, preBytes = null, steadyBytes = null, postBytes = null } = window ?? {};
  return [coldBytes, preBytes, steadyBytes, postBytes, window?.steadyPct ?? null, window?.residualPct ?? null];
}

function table(rows: readonly (readonly Cell[])[]): string {
  return stringify(rows as Cell[][], options);
}
