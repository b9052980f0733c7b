import { expect, test } from "vitest";
import { renderCsv, renderResourcesCsv } from "./csv.ts";
import { exampleSeries } from "./example-series.ts";
import { backend, container, exampleSummary, proxy } from "./example-summary.ts";

test("the time series is a heading and a line a row, figures as they are, nothing where nothing was read", () => {
  const summary = exampleSummary();
  summary.timeseries.columns = ["t_ms", "p99_ms", "rss:proxy"];
  summary.timeseries.rows = [
    [1000, 22.703, 104857600],
    [2000, -1e-9, null],
  ];
  expect(renderCsv(summary)).toBe("t_ms,p99_ms,rss:proxy\n1000,22.703,104857600\n2000,-1e-9,\n");
});

test("an hour of rows stays an hour of rows", () => {
  expect(renderCsv(exampleSeries({ rows: 3600 })).split("\n")).toHaveLength(3602);
});

test("services are a line each, with every column named", () => {
  const [heading = "", ...lines] = renderResourcesCsv(exampleSummary({ services: [proxy(), backend(), container()] }))
    .trimEnd()
    .split("\n");
  const columns = heading.split(",");
  const rows = lines.map((line) => Object.fromEntries(line.split(",").map((cell, at) => [columns[at], cell])));
  expect(new Set(lines.map((line) => line.split(",").length))).toEqual(new Set([columns.length]));
  expect(rows.map(({ service, source }) => [service, source])).toEqual([
    ["proxy", "process"],
    ["backend", "process"],
    ["edge", "container"],
  ]);
  expect(rows[0]).toMatchObject({
    rss_pre_bytes: String(96 * 2 ** 20),
    anon_pre_bytes: "",
    cpu_steady_cores: "1.02",
    oom_kills: "",
  });
  expect(rows[2]).toMatchObject({ rss_pre_bytes: "", anon_steady_bytes: String(26 * 2 ** 20), limit_enforced: "true" });
});

test("a name that a spreadsheet would run, or that holds a comma or a newline, is one harmless cell", () => {
  const services = [{ ...proxy(), name: '=HYPERLINK("http://evil"),\n x' }];
  const [, line = ""] = renderResourcesCsv(exampleSummary({ services })).split("\n");
  expect(line.startsWith(`"'=HYPERLINK(""http://evil""), x",process,`)).toBe(true);
});
