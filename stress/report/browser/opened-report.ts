import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import type { Summary } from "../../measure/summary.ts";
import { renderHtml } from "../html.tsx";

const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
/** Debian's, or what CHROMIUM names: playwright-core brings none. */
export const hasChromium = existsSync(executablePath);

/** No update, no field trial, no probing of networks: a test's browser talks to nobody. Its sandbox needs another user than root. */
const flags = [
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export function launchChromium(): Promise<Browser> {
  const args = process.getuid?.() === 0 ? [...flags, "--no-sandbox"] : flags;
  return chromium.launch({ executablePath, args });
}

/** A page opened from a file, as users open it; removed at the end of its block. */
export class OpenedReport {
  readonly #directory = mkdtempSync(join(tmpdir(), "plimsoll-page-"));
  readonly page: Page;
  /** What went wrong in it, and what it asked for besides itself. */
  readonly troubles: string[] = [];

  private constructor(page: Page) {
    this.page = page;
    page.on("console", (message) => this.troubles.push(`console: ${message.text()}`));
    page.on("pageerror", (error) => this.troubles.push(`error: ${error.message}`));
    page.on("dialog", (dialog) => {
      this.troubles.push(`dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
  }

  static open(browser: Browser, summary: Summary, options: BrowserContextOptions = {}): Promise<OpenedReport> {
    return OpenedReport.openPage(browser, renderHtml(summary), options);
  }

  static async openPage(browser: Browser, html: string, options: BrowserContextOptions = {}): Promise<OpenedReport> {
    const context = await browser.newContext({ viewport: { width: 1200, height: 900 }, reducedMotion: "reduce", ...options });
    const opened = new OpenedReport(await context.newPage());
    const file = join(opened.#directory, "report.html");
    writeFileSync(file, html);
    const own = pathToFileURL(file).href;
    opened.page.on("request", (request) => {
      const url = request.url();
      if (url !== own && !url.startsWith(`${own}#`) && !url.startsWith("data:")) opened.troubles.push(`request: ${url}`);
    });
    await opened.page.goto(own);
    return opened;
  }

  /** How many different colours each chart holds: a blank one has one or none. */
  colours(): Promise<Record<string, number>> {
    return this.page.evaluate(() => {
      const counted = [...document.querySelectorAll<HTMLElement>(".plot")].map((plot): [string, number] => {
        const canvas = plot.querySelector("canvas");
        const pixels = canvas?.getContext("2d")?.getImageData(0, 0, canvas.width, canvas.height).data;
        return [plot.dataset.chart ?? "", pixels === undefined ? 0 : new Set(new Uint32Array(pixels.buffer)).size];
      });
      return Object.fromEntries(counted);
    });
  }

  /** The picture in a chart, to be compared with another. */
  picture(chart: string): Promise<string> {
    return this.page.evaluate((id) => document.querySelector<HTMLCanvasElement>(`#${id} canvas`)?.toDataURL() ?? "", chart);
  }

  openTables(): Promise<void> {
    return this.page.evaluate(() => {
      for (const details of document.querySelectorAll("details")) details.open = true;
    });
  }

  /** Whether the page as a whole must be scrolled sideways. */
  isTooWide(): Promise<boolean> {
    return this.page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.page.context().close();
    rmSync(this.#directory, { recursive: true, force: true });
  }
}
