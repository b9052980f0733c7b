import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { exampleSummary } from "./example-summary.ts";
import { renderJson, writeSummary } from "./json.ts";

let directory = "";
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "plimsoll-json-"));
});
afterEach(async () => {
  await rm(directory, { recursive: true });
});

test("what is written reads back the same, and nothing else is left beside it", async () => {
  const path = join(directory, "summary.json");
  await writeSummary(path, exampleSummary({ outcome: "failed" }));
  await writeSummary(path, exampleSummary());
  expect(JSON.parse(await readFile(path, "utf8"))).toEqual(exampleSummary());
  expect(await readdir(directory)).toEqual(["summary.json"]);
});

test("a row of figures takes one line, and text that looks like one stays as it is", () => {
  const summary = exampleSummary();
  summary.timeseries.rows = [
    [1000, 2000.5, null],
    [2000, -1e-9, 1e21],
  ];
  summary.warnings = ["[\n  1,\n  2\n]"];
  const text = renderJson(summary);
  expect(text).toContain("      [ 1000, 2000.5, null ],\n      [ 2000, -1e-9, 1e+21 ]\n");
  expect(JSON.parse(text)).toEqual(summary);
});

test("a place that cannot be written rejects", async () => {
  await expect(writeSummary(join(directory, "missing", "summary.json"), exampleSummary())).rejects.toThrow("ENOENT");
});
