import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Summary } from "../../measure/summary.ts";
import { exampleSearch } from "../../screen/example-search.ts";
import { exampleSeries } from "../example-series.ts";
import { hasChromium, launchChromium, OpenedReport } from "./opened-report.ts";
import { expectSound, extremes } from "./views.ts";

if (!hasChromium && process.env.CI) throw new Error("CI must provide chromium");

const openRun = exampleSeries({ model: "open" });
const search = searchOfChain();
const summaries: [string, Summary][] = [
  ["a search, three services wide", search],
  ["a search without an answer", exampleSearch(openRun, { most: 9 }).summary],
];

describe.skipIf(!hasChromium)("the page in a real browser (skipped where /usr/bin/chromium is missing)", () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(() => browser?.close());

  describe.each(summaries)("of %s", (_, summary) => {
    test.concurrent.each(extremes)("%s: without error or request, drawn, never wider than the screen, accessible", (_, view) =>
      expectSound(browser, summary, view),
    );
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
});

/** The widest table there is: a chain has three services. */
function searchOfChain(): Summary {
  const { summary } = exampleSearch(openRun);
  for (const { services } of summary.search?.levels ?? []) {
    services.unshift({ name: "nginx", cpuCores: 0.25, memoryBytes: 48 * 2 ** 20, throttledMs: null });
  }
  return summary;
}
