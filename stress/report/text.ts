import type { Summary } from "../measure/summary.ts";
import { finalScreen } from "../screen/final.ts";
import { themeFor } from "../screen/theme.ts";

export interface TextOptions {
  /** Terminal columns; no line is wider. */
  width: number;
  color: boolean;
  /** What the run wrote, the summary first. */
  files?: readonly string[];
}

/** The final screen as text, ending in a newline. */
export function renderText(summary: Summary, options: TextOptions): string {
  const view = { width: Math.max(20, options.width), theme: themeFor(options.color) };
  return `${finalScreen(summary, options.files ?? [], view).join("\n")}\n`;
}
