import { expect, it } from "vitest";
import type { ResourceSample } from "../measure/event.ts";
import { mostPoints, resourceSeriesSchema } from "../measure/resource-series.ts";
import { SampleLog } from "./sample-log.ts";
import { resourceSeries } from "./series.ts";

function sample(atMs: number, source: ResourceSample["source"] = "process"): ResourceSample {
  return {
    atMs,
    service: "proxy",
    source,
    rssBytes: 1_000 + atMs / 3,
    pssBytes: null,
    workingSetBytes: source === "container" ? 2_000 : null,
    heapBytes: null,
    cpuCores: 1 / 3,
    throttledMs: source === "container" ? 7 : null,
    throttledPeriods: null,
    fds: 10,
    sockets: 4,
    threads: 5,
    pids: source === "container" ? 6 : null,
    restarts: 0,
  };
}

it("names a process's memory rss and a container's anon, and tells the working set beside that", () => {
  const load = { fromMs: 3_000.4, toMs: 9_000 };
  expect(resourceSeries("process", [sample(1)], { load })).toEqual({
    loadFromMs: 3_000,
    columns: ["run_ms", "rss_bytes", "pss_bytes", "heap_bytes", "cpu_cores", "fds", "sockets", "threads"],
    rows: [[1, 1_000, null, null, 0.3333, 10, 4, 5]],
  });
  const { columns, rows } = resourceSeries("container", [sample(3, "container")], { load: null });
  expect(Object.fromEntries(columns.map((name, i) => [name, rows[0]?.[i]]))).toEqual({
    run_ms: 3,
    anon_bytes: 1_001,
    working_set_bytes: 2_000,
    pss_bytes: null,
    heap_bytes: null,
    cpu_cores: 0.3333,
    fds: 10,
    sockets: 4,
    threads: 5,
    pids: 6,
    throttled_ms: 7,
  });
});

it("is as small for a day as the schema says, covers all of it, and keeps the phases apart", () => {
  const log = new SampleLog();
  for (let atMs = 0; atMs < 30_000; atMs += 2_000) log.add(sample(atMs));
  log.mark();
  for (let atMs = 30_000; atMs < 86_400_000; atMs += 2_000) log.add(sample(atMs));
  log.mark();
  for (let atMs = 86_400_000; atMs < 86_460_000; atMs += 2_000) log.add(sample(atMs));
  const series = resourceSeries("process", log.coarsened("proxy", mostPoints), { load: null });
  expect(resourceSeriesSchema.parse(series).rows.length).toBeLessThanOrEqual(mostPoints);
  const times = series.rows.map(([atMs]) => atMs ?? 0);
  expect(times.slice(0, 15)).toEqual(Array.from({ length: 15 }, (_, i) => i * 2_000));
  expect(times.slice(-30)).toEqual(Array.from({ length: 30 }, (_, i) => 86_400_000 + i * 2_000));
  expect(JSON.stringify(series).length).toBeLessThan(40_000);
  expect(log.of("proxy").length).toBeGreaterThan(mostPoints);
});
