import writeFileAtomic from "write-file-atomic";
import type { Summary } from "../measure/summary.ts";

/** A list of figures, which JSON.stringify spreads over a line each. A string holds no raw newline, so none can match. */
const figures = /\[\n\s+(?:-?[\d.]+(?:[eE][+-]?\d+)?|null)(?:,\n\s+(?:-?[\d.]+(?:[eE][+-]?\d+)?|null))*\n\s+\]/g;

/** `summary.json` as text: indented, with each row of figures on one line. */
export function renderJson(summary: Summary): string {
  return `${JSON.stringify(summary, null, 2).replace(figures, (row) => row.replace(/\s+/g, " "))}\n`;
}

/** Replaces `path` in one step, so that a reader never sees half a summary. Rejects when it cannot be written. */
export async function writeSummary(path: string, summary: Summary): Promise<void> {
  await writeFileAtomic(path, renderJson(summary));
}
