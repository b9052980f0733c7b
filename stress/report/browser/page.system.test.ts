import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { exampleSeries } from "../example-series.ts";
import { contrastsOf } from "./accessibility.ts";
import { hasChromium, launchChromium, OpenedReport } from "./opened-report.ts";

if (!hasChromium && process.env.CI) throw new Error("CI must provide chromium");

describe.skipIf(!hasChromium)("the page in a real browser (skipped where /usr/bin/chromium is missing)", () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(() => browser?.close());

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
