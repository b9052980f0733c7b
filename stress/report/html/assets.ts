import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

/** What the page carries inside itself. All of it is fixed at build time; a policy names it by hash. */
export interface Assets {
  styles: readonly string[];
  /** uPlot, which declares a global. */
  library: string;
  /** Modules without imports. */
  modules: readonly string[];
}

const isBuilt = import.meta.url.includes("/dist/");
/** Style sheets stay where they are written; scripts run as they were built. */
const styleDirectory = new URL(isBuilt ? "../../../report/page/" : "../page/", import.meta.url);
const scriptDirectory = new URL(isBuilt ? "../page/" : "../../dist/report/page/", import.meta.url);

let read: Assets | null = null;

export function pageAssets(): Assets {
  const resolve = createRequire(import.meta.url).resolve;
  const text = (path: string | URL) => readFileSync(path, "utf8");
  read ??= {
    styles: [text(resolve("uplot/dist/uPlot.min.css")), text(new URL("page.css", styleDirectory))],
    library: text(resolve("uplot/dist/uPlot.iife.min.js")),
    modules: ["controls.js", "charts.js"].map((name) => text(new URL(name, scriptDirectory))),
  };
  return read;
}

/** A source in a Content-Security-Policy that allows exactly this text. */
export function hashSource(text: string): string {
  return `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
}
