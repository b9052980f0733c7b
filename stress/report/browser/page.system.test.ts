import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { AxeResults, RunOptions } from "axe-core";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Summary } from "../../measure/summary.ts";
import { exampleSearch } from "../../screen/example-search.ts";
import { exampleSeries } from "../example-series.ts";
import { container, exampleSummary, proxy } from "../example-summary.ts";
import { exampleMatrix } from "../matrix/example-matrix.ts";
import { renderMatrixHtml } from "../matrix/html.tsx";
import { examplePlan } from "../plan/example-plan.ts";
import { renderPlanHtml } from "../plan/html.tsx";
import { hasChromium, launchChromium, OpenedReport } from "./opened-report.ts";

if (!hasChromium && process.env.CI) throw new Error("CI must provide chromium");

declare const axe: { run(context: Document, options: RunOptions): Promise<AxeResults> };
const axeSource = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

const phone = { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 } as const;
const views = [
  ["light", { colorScheme: "light" }],
  ["dark", { colorScheme: "dark" }],
  ["on a phone", { ...phone, colorScheme: "light" }],
  ["on a phone in the dark", { ...phone, colorScheme: "dark" }],
] as const;

const extremes = [views[0], views[3]] as const;

const matrix = exampleMatrix();
const plan = examplePlan();
const bare = exampleSummary();
const evil = "<img src=x onerror=alert(1)></script><script>alert(2)</script>";
const openRun = exampleSeries({ model: "open" });
const search = searchOfChain();
const summaries: [string, Summary][] = [
  ["a passed run", exampleSeries()],
  ["a failed open run with containers", exampleSeries({ outcome: "failed", model: "open", services: [proxy(), container()] })],
  ["an interrupted run", exampleSeries({ outcome: "interrupted" })],
  ["a search, three services wide", search],
  ["a search without an answer", exampleSearch(openRun, { most: 9 }).summary],
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
      test.concurrent.each(seen)(
        "%s: without error or request, drawn, never wider than the screen, accessible",
        async (_, view) => {
          await using report = await OpenedReport.open(browser, summary, view);
          for (const [chart, colours] of Object.entries(await report.colours()))
            expect([chart, colours > 8]).toEqual([chart, true]);
          expect(await report.isTooWide()).toBe(false);
          await report.openTables();
          expect(await report.isTooWide()).toBe(false);
          expect(await violations(report)).toEqual([]);
          expect(report.troubles).toEqual([]);
        },
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

  test("every chart of a full summary is there", async () => {
    await using report = await OpenedReport.open(browser, exampleSeries());
    expect(Object.keys(await report.colours())).toEqual(["throughput", "latency", "curve", "memory-0", "memory-1", "cpu"]);
  });

  test.each(["light", "dark"] as const)("what is written in a chart can be read, %s", async (colorScheme) => {
    await using report = await OpenedReport.open(browser, exampleSeries(), { colorScheme });
    const contrasts = await contrastsOf(report);
    for (const [pair, contrast] of Object.entries(contrasts.text)) expect([pair, contrast >= 4.5]).toEqual([pair, true]);
    for (const [pair, contrast] of Object.entries(contrasts.lines)) expect([pair, contrast >= 3]).toEqual([pair, true]);
  });

  test("the colours follow the choice by keyboard, and the charts with them", async () => {
    await using report = await OpenedReport.open(browser, exampleSeries(), { colorScheme: "light" });
    const { page } = report;
    const light = await report.picture("throughput");
    await page.getByRole("radio", { name: "auto" }).focus();
    await page.keyboard.press("ArrowRight");
    expect(await report.picture("throughput")).toBe(light);
    await page.keyboard.press("ArrowRight");
    expect(await page.getByRole("radio", { name: "dark" }).isChecked()).toBe(true);
    expect(await page.evaluate(() => getComputedStyle(document.documentElement).colorScheme)).toBe("dark");
    expect(await report.picture("throughput")).not.toBe(light);
  });

  test("by keyboard alone: skip to the verdict, read a chart, zoom, change its scale, open its table", async () => {
    await using report = await OpenedReport.open(browser, exampleSeries());
    const { page } = report;
    await page.keyboard.press("Tab");
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe("Skip to the verdict");
    await page.keyboard.press("Enter");
    expect(page.url()).toMatch(/#verdict$/);

    const chart = page.getByRole("slider", { name: "Throughput" });
    const output = page.locator('#throughput [data-series="0"] output');
    const atRest = await output.textContent();
    await chart.focus();
    expect(await chart.evaluate((element) => getComputedStyle(element).outlineStyle)).toBe("solid");
    await page.keyboard.press("Home");
    await page.keyboard.press("ArrowRight");
    expect(await chart.getAttribute("aria-valuetext")).toBe("00:02: requests 2,037 /s");
    expect(await output.textContent()).toBe("2,037 /s");
    // The charts over time are read together.
    expect(await page.locator("#latency [data-reading]").textContent()).toBe("00:02");
    await page.keyboard.press("End");
    expect(await chart.getAttribute("aria-valuenow")).toBe("239");
    await page.keyboard.press("Escape");
    expect(await output.textContent()).toBe(atRest);

    const whole = await report.picture("latency");
    await page.keyboard.press("+");
    expect(await report.picture("latency")).not.toBe(whole);
    await page.keyboard.press("0");
    await page.keyboard.press("Escape");
    expect(await report.picture("latency")).toBe(whole);

    await page.locator("#latency [data-log]").focus();
    await page.keyboard.press("Space");
    expect(await page.locator("#latency [data-log]").getAttribute("aria-pressed")).toBe("true");
    expect(await report.picture("latency")).not.toBe(whole);

    await page.locator("#throughput summary").focus();
    await page.keyboard.press("Enter");
    expect(await page.locator("#throughput table tbody tr").first().isVisible()).toBe(true);
  });

  test("every stop of the tab key is visible and has a name", async () => {
    await using report = await OpenedReport.open(browser, exampleSeries());
    const stops = new Set<string>();
    for (let i = 0; i < 80; i++) {
      await report.page.keyboard.press("Tab");
      const stop = await report.page.evaluate(() => {
        const element = document.activeElement as HTMLElement | null;
        if (element === null || element === document.body) return null;
        const shown = element instanceof HTMLInputElement ? (element.nextElementSibling as HTMLElement) : element;
        const { outlineStyle } = getComputedStyle(shown);
        const name = element.getAttribute("aria-label") ?? element.getAttribute("aria-labelledby") ?? element.textContent ?? "";
        return `${element.tagName} ${name.trim() || (element as HTMLInputElement).value} ${outlineStyle}`;
      });
      if (stop === null) break;
      stops.add(stop);
    }
    expect(stops.size).toBeGreaterThan(20);
    expect([...stops].filter((stop) => !/ (solid|auto)$/.test(stop))).toEqual([]);
  });

  test("the pointer reads what is under it", async () => {
    await using report = await OpenedReport.open(browser, exampleSeries());
    await report.page.locator("#curve .u-over").hover();
    expect(await report.page.locator("#curve [data-reading]").textContent()).toMatch(/^p9\d/);
  });

  test("without scripts the figures are in tables, and no place is left for charts", async () => {
    await using report = await OpenedReport.open(browser, exampleSeries(), { javaScriptEnabled: false });
    expect(await report.page.locator("noscript p").isVisible()).toBe(true);
    expect(await report.page.locator(".scripted").first().isVisible()).toBe(false);
    expect(await report.page.getByRole("heading", { level: 1 }).textContent()).toBe("It carries 2,400 requests a second.");
  });

  test("on paper it is light, whole and without controls, though the screen is dark", async () => {
    await using report = await OpenedReport.open(browser, exampleSeries(), { colorScheme: "dark" });
    const { page } = report;
    const dark = await report.picture("latency");
    await page.evaluate(() => dispatchEvent(new Event("beforeprint")));
    await page.emulateMedia({ media: "print" });
    expect(await report.picture("latency")).not.toBe(dark);
    expect(await page.evaluate(() => getComputedStyle(document.documentElement).colorScheme)).toBe("light");
    for (const control of ["nav", ".scheme", ".toggle", "details"])
      expect(await page.locator(control).first().isVisible()).toBe(false);
    await page.setViewportSize({ width: 680, height: 900 });
    expect(await report.isTooWide()).toBe(false);
    await page.emulateMedia({ media: "screen" });
    await page.evaluate(() => dispatchEvent(new Event("afterprint")));
    await page.setViewportSize({ width: 1200, height: 900 });
    const pdf = await page.pdf({ format: "A4", printBackground: true });
    const pages = pdf.toString("latin1").match(/\/Type\s*\/Page\b/g) ?? [];
    expect(pages.length).toBeGreaterThan(1);
    expect(pages.length).toBeLessThan(8);
    expect(report.troubles).toEqual([]);
  });

  test("on paper the widest table, a search's, is whole", async () => {
    await using report = await OpenedReport.open(browser, search);
    const { page } = report;
    await page.emulateMedia({ media: "print" });
    await page.setViewportSize({ width: 680, height: 900 });
    const table = page.locator("#search table");
    expect(await table.locator("thead th").count()).toBe(13);
    expect(await table.evaluate((element) => element.scrollWidth > (element.parentElement?.clientWidth ?? 0))).toBe(false);
    expect(await report.isTooWide()).toBe(false);
    expect(report.troubles).toEqual([]);
  });

  test("nothing moves for those who asked for no motion", async () => {
    const behaviour = async (reducedMotion: "reduce" | "no-preference") => {
      await using report = await OpenedReport.open(browser, exampleSeries(), { reducedMotion });
      return await report.page.evaluate(() => getComputedStyle(document.documentElement).scrollBehavior);
    };
    expect(await behaviour("reduce")).toBe("auto");
    expect(await behaviour("no-preference")).toBe("smooth");
  });

  test("the command is copied, or selected where copying is denied", async () => {
    await using report = await OpenedReport.open(browser, exampleSeries());
    await report.page.getByRole("button", { name: "Copy" }).click();
    await expect.poll(() => report.page.locator("[data-copied]").textContent()).toMatch(/^(Copied|Selected)/);
  });
});

/** The widest table there is: a chain has three services. */
function searchOfChain(): Summary {
  const { summary } = exampleSearch(openRun);
  for (const { services } of summary.search?.levels ?? []) {
    services.unshift({ name: "nginx", cpuCores: 0.25, memoryBytes: 48 * 2 ** 20, throttledMs: null });
  }
  return summary;
}

async function violations(report: OpenedReport): Promise<string[]> {
  // Through the debugger, which the page's policy does not bind.
  await report.page.evaluate(axeSource);
  const { violations: found } = await report.page.evaluate(() => axe.run(document, { resultTypes: ["violations"] }));
  return found.flatMap(({ id, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id}: ${target.join(" ")}: ${failureSummary}`),
  );
}

/** Contrast (WCAG 2.2) of what charts write and draw against what they shade. */
function contrastsOf(report: OpenedReport): Promise<Record<"text" | "lines", Record<string, number>>> {
  return report.page.evaluate(() => {
    const style = getComputedStyle(document.documentElement);
    const luminance = (name: string) => {
      const [r = 0, g = 0, b = 0] = (style.getPropertyValue(name).match(/[\d.]+/g) ?? []).map((channel) => {
        const share = Number(channel) / 255;
        return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
      });
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const against = (names: string[]) =>
      Object.fromEntries(
        names.flatMap((name) =>
          ["--page", "--band-hold", "--band-ramp"].map((ground) => {
            const [low = 0, high = 0] = [luminance(name), luminance(ground)].sort((a, b) => a - b);
            return [`${name} on ${ground}`, (high + 0.05) / (low + 0.05)];
          }),
        ),
      );
    return {
      text: against(["--muted", "--ink", "--good", "--bad"]),
      lines: against(["--s0", "--s1", "--s2", "--s3"]),
    };
  });
}
