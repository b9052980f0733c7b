import type { View } from "../header.ts";
import { clean, left, margin } from "../line.ts";

const labelWidth = 13;

/** Where the files are, and the command that shows this again. */
export function filesBlock(files: readonly string[], view: View): string[] {
  if (files.length === 0) return [];
  const label = (text: string): string => " ".repeat(margin) + view.theme.strong(left(text, labelWidth));
  const summary = files.find((file) => file.endsWith(".json"));
  const lines = files.map((file, at) => label(at === 0 ? "files" : "") + clean(file));
  if (summary !== undefined) lines.push(`${label("look again")}npx stress show ${shellWord(clean(summary))}`);
  return lines;
}

function shellWord(text: string): string {
  return /^[\w./~@%+=:,-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
