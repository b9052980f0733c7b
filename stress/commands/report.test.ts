import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { exampleSeries } from "../report/example-series.ts";
import { renderJson, writeSummary } from "../report/json.ts";
import { renderText } from "../report/text.ts";

const cli = fileURLToPath(new URL("../dist/cli.js", import.meta.url));
const summary = exampleSeries({ outcome: "failed", rows: 20, batches: 4 });
let directory = "";

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "plimsoll-report-"));
  await writeSummary(join(directory, "summary.json"), summary);
});
afterEach(() => rmSync(directory, { recursive: true }));

/** Runs `stress report …` in the directory of the summary. */
function report(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [cli, "report", ...args], { cwd: directory, encoding: "utf8" });
  return { status, stdout, stderr };
}

const written = (name: string): string => readFileSync(join(directory, name), "utf8");

test("without flags the page stands beside the summary", () => {
  const { status, stdout, stderr } = report();
  expect([status, stderr]).toEqual([0, ""]);
  expect(stdout).toMatch(/^wrote report\.html \([\d.]+ KiB\)\n$/);
  expect(written("report.html")).toMatch(/^<!doctype html>.*<\/html>\n$/s);
});

test("the page goes beside a summary elsewhere, and nothing else is left there", () => {
  const { status } = report(join(directory, "summary.json"));
  expect(status).toBe(0);
  expect(readdirSync(directory)).toEqual(["report.html", "summary.json"]);
});

test("the page of a failed run is a page: what it judges was judged by the run", () => {
  expect(report("--out", "-").status).toBe(0);
});

test("on standard output there is the page and nothing else", () => {
  report("--out", "page.html");
  expect(report("--out", "-").stdout).toBe(written("page.html"));
});

describe("other formats go to standard output", () => {
  test.each([
    ["text", renderText(summary, { width: 80, color: false, files: ["summary.json"] })],
    ["json", renderJson(summary)],
  ])("%s", (format, text) => {
    expect(report("--format", format)).toEqual({ status: 0, stdout: text, stderr: "" });
  });

  test.each([
    ["csv", /^t_ms,users,/],
    ["resources-csv", /^service,source,/],
    ["junit", /^<\?xml version="1\.0"/],
    ["markdown", /^### ❌ Failed: /],
  ])("%s", (format, start) => {
    const { status, stdout } = report("--format", format);
    expect(status).toBe(0);
    expect(stdout).toMatch(start);
  });

  test("or into a file", () => {
    const { stdout } = report("--format", "csv", "--out", "rows.csv");
    expect(stdout).toMatch(/^wrote rows\.csv \(/);
    expect(written("rows.csv").split("\n")).toHaveLength(22);
  });
});

describe("what cannot be done is told in one line, with exit code 104", () => {
  const place = "give another place with --out FILE";
  test.each([
    ["a missing summary", ["missing.json"], /^stress: cannot read missing\.json: no such file; .*\n$/],
    ["an unknown format", ["--format", "pdf"], /^stress: option '--format <format>' argument 'pdf' is invalid\. .*\n$/],
    [
      "a place that is not there",
      ["--out", "no/where.html"],
      new RegExp(`^stress: cannot write the report to no/where\\.html: .* does not exist; ${place}\n$`),
    ],
    ["a directory", ["--out", "."], new RegExp(`^stress: cannot write the report to \\.: it is not a file; ${place}\n$`)],
    ["the summary itself", ["--format", "text", "--out", "summary.json"], new RegExp(`: it is the summary itself; ${place}\n$`)],
  ])("%s", (_, args, message) => {
    const { status, stdout, stderr } = report(...args);
    expect([status, stdout]).toEqual([104, ""]);
    expect(stderr).toMatch(message);
  });

  test("and the summary is as it was", () => {
    report("--format", "text", "--out", "summary.json");
    expect(written("summary.json")).toBe(renderJson(summary));
  });
});
