import type { Summary } from "../measure/summary.ts";
import { renderCsv, renderResourcesCsv } from "./csv.ts";
import { renderJson } from "./json.ts";
import { renderJunit } from "./junit.ts";
import { renderMarkdown } from "./markdown.ts";
import { renderText, type TextOptions } from "./text.ts";

/** A summary turned into a document. Pure. */
export type Reporter = (summary: Summary, options: TextOptions) => string;

/** Reporters by the name users give them. The page's is loaded when it is wanted: it brings React's renderer. */
export const reporters: ReadonlyMap<string, () => Promise<Reporter>> = new Map<string, () => Promise<Reporter>>([
  ["html", async () => (await import("./html.tsx")).renderHtml],
  ["text", async () => renderText],
  ["json", async () => renderJson],
  ["csv", async () => renderCsv],
  ["resources-csv", async () => renderResourcesCsv],
  ["junit", async () => renderJunit],
  ["markdown", async () => renderMarkdown],
]);
