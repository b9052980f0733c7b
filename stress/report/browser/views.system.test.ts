import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Summary } from "../../measure/summary.ts";
import { exampleSeries } from "../example-series.ts";
import { container, exampleSummary, proxy } from "../example-summary.ts";
import { exampleMatrix } from "../matrix/example-matrix.ts";
import { renderMatrixHtml } from "../matrix/html.tsx";
import { examplePlan } from "../plan/example-plan.ts";
import { renderPlanHtml } from "../plan/html.tsx";
import { violations } from "./accessibility.ts";
import { hasChromium, launchChromium, OpenedReport } from "./opened-report.ts";
import { expectSound, extremes, views } from "./views.ts";

if (!hasChromium && process.env.CI) throw new Error("CI must provide chromium");

const matrix = exampleMatrix();
const plan = examplePlan();
const bare = exampleSummary();
const evil = "<img src=x onerror=alert(1)></script><script>alert(2)</script>";
const summaries: [string, Summary][] = [
  ["a passed run", exampleSeries()],
  ["a failed open run with containers", exampleSeries({ outcome: "failed", model: "open", services: [proxy(), container()] })],
  ["an interrupted run", exampleSeries({ outcome: "interrupted" })],
  ["a checkpoint", { ...exampleSeries(), partial: true }],
  [
    "a summary without anything",
    { ...bare, metrics: {}, phases: [], resources: [], failures: [], warnings: [], timeseries: { ...bare.timeseries, rows: [] } },
  ],
  ["an hour of rows", exampleSeries({ rows: 3600 })],
  [
    "a hostile summary",
    {
      ...exampleSeries(),
      warnings: [evil],
      phases: bare.phases.map((phase) => ({ ...phase, name: evil })),
      failures: [{ class: evil, count: 1, example: evil }],
    },
  ],
  [
    "names without an end",
    {
      ...exampleSeries({ services: [{ ...proxy(), name: "s".repeat(120) }] }),
      metadata: { ...bare.metadata, command: `stress throughput --path /${"p".repeat(400)}` },
      failures: [{ class: "timeout", count: 3, example: "x".repeat(500) }],
    },
  ],
];

const reports: [string, string][] = [
  ["a matrix", renderMatrixHtml(matrix)],
  ["a matrix of nothing", renderMatrixHtml({ ...matrix, rows: [], added: [], failedTopologies: [], partial: true })],
  [
    "a hostile matrix",
    renderMatrixHtml({
      ...matrix,
      command: evil,
      failedTopologies: [{ topology: evil, reason: "r".repeat(400) }],
      rows: matrix.rows.map((row) => ({ ...row, topology: `${evil}${row.topology}`, reasons: [evil] })),
    }),
  ],
  ["a plan", renderPlanHtml(plan)],
  [
    "a hostile plan",
    renderPlanHtml({ ...plan, title: evil, scenarios: plan.scenarios.map((row) => ({ ...row, name: evil, reasons: [evil] })) }),
  ],
];

describe.skipIf(!hasChromium)("the page in a real browser (skipped where /usr/bin/chromium is missing)", () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(() => browser?.close());

  // Every view of the first; of the others the two that differ most.
  describe.each(summaries.map(([name, summary], at) => [name, summary, at === 0 ? views : extremes] as const))(
    "of %s",
    (_, summary, seen) => {
      test.concurrent.each(seen)("%s: without error or request, drawn, never wider than the screen, accessible", (_, view) =>
        expectSound(browser, summary, view),
      );
    },
  );

  describe.each(reports)("of %s", (_, html) => {
    test.concurrent.each(extremes)("%s: without error or request, never wider than the screen, accessible", async (_, view) => {
      await using report = await OpenedReport.openPage(browser, html, view);
      expect(await report.isTooWide()).toBe(false);
      expect(await violations(report)).toEqual([]);
      expect(report.troubles).toEqual([]);
    });
  });
});
