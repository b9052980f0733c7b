import type { View } from "../header.ts";
import { clean, labelled, left, margin } from "../line.ts";

const labelWidth = 13;

/** Where the files are, and the command that shows this again. Neither is ever cut: a path without its end is none. */
export function filesBlock(files: readonly string[], view: View): string[] {
  const line = (label: string, text: string): string[] =>
    labelled(" ".repeat(margin) + view.theme.strong(left(label, labelWidth)), text, margin + labelWidth, view.width);
  const summary = files.find((file) => file.endsWith(".json"));
  const lines = files.flatMap((file, at) => line(at === 0 ? "files" : "", clean(file)));
  return summary === undefined ? lines : [...lines, ...line("look again", `npx stress show ${shellWord(clean(summary))}`)];
}

function shellWord(text: string): string {
  return /^[\w./~@%+=:,-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
