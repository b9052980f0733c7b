import type { ResourceSample } from "../measure/event.ts";
import type { ResourceSeries } from "../measure/resource-series.ts";
import type { Windows } from "./windows.ts";

type Column = [name: string, figure: (sample: ResourceSample) => number | null, decimals: number];

const common: readonly Column[] = [
  ["pss_bytes", ({ pssBytes }) => pssBytes, 0],
  ["heap_bytes", ({ heapBytes }) => heapBytes, 0],
  ["cpu_cores", ({ cpuCores }) => cpuCores, 4],
  ["fds", ({ fds }) => fds, 0],
  ["sockets", ({ sockets }) => sockets, 0],
  ["threads", ({ threads }) => threads, 0],
];

/** Memory is named for what it is. */
const columns: Readonly<Record<ResourceSample["source"], readonly Column[]>> = {
  process: [["rss_bytes", ({ rssBytes }) => rssBytes, 0], ...common],
  container: [
    ["anon_bytes", ({ rssBytes }) => rssBytes, 0],
    ["working_set_bytes", ({ workingSetBytes }) => workingSetBytes, 0],
    ...common,
    ["pids", ({ pids }) => pids, 0],
    ["throttled_ms", ({ throttledMs }) => throttledMs, 0],
  ],
};

/** `samples` of one service, oldest first, as few as are to be kept. */
export function resourceSeries(
  kind: ResourceSample["source"],
  samples: readonly ResourceSample[],
  { load }: Pick<Windows, "load">,
): ResourceSeries {
  const figures: readonly Column[] = [["run_ms", ({ atMs }) => atMs, 0], ...columns[kind]];
  return {
    loadFromMs: load === null ? null : Math.round(load.fromMs),
    columns: figures.map(([name]) => name),
    rows: samples.map((sample) => figures.map(([, figure, decimals]) => rounded(figure(sample), decimals))),
  };
}

function rounded(value: number | null, decimals: number): number | null {
  return value === null ? null : Number(value.toFixed(decimals));
}
