import Table from "cli-table3";
import { fit, margin, widthOf } from "./line.ts";

const borderless = {
  top: "",
  "top-mid": "",
  "top-left": "",
  "top-right": "",
  bottom: "",
  "bottom-mid": "",
  "bottom-left": "",
  "bottom-right": "",
  left: "",
  "left-mid": "",
  mid: "",
  "mid-mid": "",
  right: "",
  "right-mid": "",
  middle: "",
};

export interface TableLayout {
  /** One letter a column: `l` flush left, `r` flush right. */
  align: string;
  width: number;
  /** The column that is cut when the rows do not fit. */
  flexible?: number;
  /** Least widths, so that a column does not move while its figures grow. */
  least?: readonly number[];
  gap?: number;
}

/** Rows of cells in aligned columns without rules, each line at most `width` columns wide and indented by the margin. */
export function table(rows: readonly (readonly string[])[], layout: TableLayout): string[] {
  const { align, width, flexible = 0, least = [], gap = 2 } = layout;
  const natural = [...align].map((_, column) =>
    rows.reduce((widest, row) => Math.max(widest, widthOf(row[column] ?? "")), least[column] ?? 0),
  );
  const total = natural.reduce((sum, each) => sum + each, 0) + gap * (align.length - 1);
  const over = total - (width - margin);
  const widths = natural.map((each, column) => (over > 0 && column === flexible ? Math.max(6, each - over) : each));
  const drawn = new Table({
    chars: borderless,
    style: { head: [], border: [], "padding-left": 0, "padding-right": gap },
    colAligns: [...align].map((letter) => (letter === "r" ? "right" : "left")),
    colWidths: widths.map((each) => each + gap),
  });
  for (const row of rows) drawn.push(row.map((cell, column) => fit(cell, widths[column] ?? 0)));
  return drawn
    .toString()
    .split("\n")
    .map((line) => fit(" ".repeat(margin) + line, width + gap).trimEnd())
    .map((line) => fit(line, width));
}
