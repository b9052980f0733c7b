import { stripVTControlCharacters } from "node:util";
import cliTruncate from "cli-truncate";
import stringWidth from "string-width";
import wrapAnsi from "wrap-ansi";

/** Lines of text of a known width. A line may carry colour; widths are terminal columns, never characters. */

/** Space left of everything. */
export const margin = 1;

/**
 * Text that came from outside (a target's status line, a name, a file) made safe to show: one line, no control
 * sequences, so that a server cannot move the cursor or retitle the window of whoever measures it.
 */
export function clean(text: string): string {
  return stripVTControlCharacters(text)
    .replace(/\s+/g, " ")
    .replace(/[\p{Cc}\p{Cf}]/gu, "")
    .trim();
}

/** Characters that every terminal draws one column wide: nearly everything on our screens. */
const narrow =
  /^[\x20-\x7E\u00A0-\u00AC\u00AE-\u02FF\u2010-\u2027\u2190-\u2193\u2212\u2264\u2265\u2500-\u259F\u25B8\u2713\u2717]*$/;

/** Columns that `text` takes in a terminal, colour left out. The quick way matters: a frame asks some hundred times. */
export function widthOf(text: string): number {
  const shown = text.includes("\u001B") ? stripVTControlCharacters(text) : text;
  return narrow.test(shown) ? shown.length : stringWidth(shown);
}

/** At most `width` columns, with an ellipsis where something was cut. */
export function fit(text: string, width: number): string {
  if (width <= 0) return "";
  return widthOf(text) <= width ? text : cliTruncate(text, width);
}

/** Exactly `width` columns, flush left. */
export function left(text: string, width: number): string {
  const fitted = fit(text, width);
  return fitted + " ".repeat(Math.max(0, width - widthOf(fitted)));
}

/** Exactly `width` columns, flush right. */
export function right(text: string, width: number): string {
  const fitted = fit(text, width);
  return " ".repeat(Math.max(0, width - widthOf(fitted))) + fitted;
}

/** `start` at the left edge and `end` at the right one; `start` gives way when there is no room for both. */
export function spread(start: string, end: string, width: number): string {
  if (end === "") return fit(start, width);
  const room = width - widthOf(end) - 2;
  return room < Math.min(8, widthOf(start)) ? fit(start, width) : `${left(start, room)}  ${end}`;
}

/** `text` broken at words, each line after `indent` columns. */
export function wrap(text: string, width: number, indent: number): string[] {
  const lines = wrapAnsi(text, Math.max(8, width - indent), { hard: true, trim: true }).split("\n");
  return lines.map((line) => " ".repeat(indent) + line.replaceAll(noBreak, " "));
}

const noBreak = "\u00A0";

/** `label` once, `text` broken at words beside it. */
export function labelled(label: string, text: string, labelWidth: number, width: number): string[] {
  const lines = wrap(text, width, labelWidth);
  return lines.map((line, at) => (at === 0 ? left(label, labelWidth) + line.slice(labelWidth) : line));
}

/** `parts` one after the other, for `wrap` to break between them rather than within one. */
export function joinParts(parts: readonly string[]): string {
  return parts.map((part) => part.replaceAll(" ", noBreak)).join(" · ");
}
