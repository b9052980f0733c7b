import { left, margin, right, widthOf } from "./line.ts";

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

/** What is left of the flexible column at the least. */
const leastFlexible = 6;

/** Rows of cells in aligned columns without rules, indented by the margin; the flexible column is cut to keep `width`. */
export function table(rows: readonly (readonly string[])[], layout: TableLayout): string[] {
  const { align, width, flexible = 0, least = [], gap = 2 } = layout;
  const columns = [...align];
  const natural = columns.map((_, column) =>
    rows.reduce((widest, row) => Math.max(widest, widthOf(row[column] ?? "")), least[column] ?? 0),
  );
  const total = natural.reduce((sum, each) => sum + each, 0) + gap * (columns.length - 1);
  const over = Math.max(0, total - (width - 2 * margin));
  const widths = natural.map((each, column) =>
    column === flexible ? Math.max(Math.min(each, leastFlexible), each - over) : each,
  );
  const draw = (cell: string, column: number): string =>
    columns[column] === "r" ? right(cell, widths[column] ?? 0) : left(cell, widths[column] ?? 0);
  return rows.map((row) => " ".repeat(margin) + row.map(draw).join(" ".repeat(gap)).trimEnd());
}
