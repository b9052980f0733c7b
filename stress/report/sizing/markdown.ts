import { markdownTable } from "markdown-table";
import stringWidth from "string-width";
import { clean } from "../../screen/line.ts";

/** A table of Markdown cells, the first `texts` columns text, the others figures; empty without rows. */
export function table(head: readonly string[], rows: readonly (readonly string[])[], texts = 1): string {
  if (rows.length === 0) return "";
  const align = head.map((_, i) => (i < texts ? "l" : "r"));
  return markdownTable([[...head], ...rows.map((row) => row.map((cell) => cell.replace(/(?<!\\)\|/g, "\\|")))], {
    align,
    stringLength: stringWidth,
  });
}

/** What comes from a summary is one line and holds no mark-up of its own. */
export function plain(text: string): string {
  return clean(text).replace(/[|\\`*_<>[\]]/g, (mark) => `\\${mark}`);
}

/** Text as code; a backtick in it needs a longer fence. */
export function code(text: string): string {
  const line = clean(text);
  return line.includes("`") ? `\`\` ${line} \`\`` : `\`${line}\``;
}
