import type { Summary } from "../measure/summary.ts";
import { renderJson } from "./json.ts";
import { renderText, type TextOptions } from "./text.ts";

/** A summary turned into a document. Pure. */
export type Reporter = (summary: Summary, options: TextOptions) => string;

/** Reporters by the name users give them. */
export const reporters: ReadonlyMap<string, Reporter> = new Map([
  ["text", renderText],
  ["json", renderJson],
]);
