import type { Browser, BrowserContextOptions } from "playwright-core";
import { expect } from "vitest";
import type { Summary } from "../../measure/summary.ts";
import { violations } from "./accessibility.ts";
import { OpenedReport } from "./opened-report.ts";

const phone = { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 } as const;
export const views = [
  ["light", { colorScheme: "light" }],
  ["dark", { colorScheme: "dark" }],
  ["on a phone", { ...phone, colorScheme: "light" }],
  ["on a phone in the dark", { ...phone, colorScheme: "dark" }],
] as const;

/** The two that differ most. */
export const extremes = [views[0], views[3]] as const;

/** Opens the page of a summary: without error or request, drawn, never wider than the screen, accessible. */
export async function expectSound(browser: Browser, summary: Summary, view: BrowserContextOptions): Promise<void> {
  await using report = await OpenedReport.open(browser, summary, view);
  for (const [chart, colours] of Object.entries(await report.colours())) expect([chart, colours > 8]).toEqual([chart, true]);
  expect(await report.isTooWide()).toBe(false);
  await report.openTables();
  expect(await report.isTooWide()).toBe(false);
  expect(await violations(report)).toEqual([]);
  expect(report.troubles).toEqual([]);
}
