import { redacted, secretPart, secretWord, soundsSecret } from "./secret-names.ts";

// Only where a word begins: a long word would be tried from each of its letters otherwise.
const name = /(?<![\w%.[\]$-])([\w%.[\]$-]+)\\?["']?\s*[:=]\s*/g;
/** What may stand behind a name: text in quotes (escaped ones, too), an object or a list with all behind it, a word. */
const value =
  /\[redacted\]|\\"(?:(?!\\")[\s\S])*(?:\\")?|"(?:\\[\s\S]|[^"\\])*"?|'(?:\\[\s\S]|[^'\\])*'?|[{[][\s\S]*|[^\s&;,)}\]]+/y;
/** XML and multipart forms, whose values do not stand behind their names. */
const apart = /^\s*<|form-data/i;

/**
 * A body as it may be shown and stored: JSON, forms, GraphQL and what is written alike lose the values of names that sound like
 * those of secrets (`{"user":"a","password":[redacted]}`); other text is hidden as a whole where it holds such a word.
 * A name of a file (`@body.json`) is no body.
 */
export function redactBody(text: string): string {
  if (text.startsWith("@")) return text;
  const names = [...text.matchAll(name)];
  if (names.length === 0 || apart.test(text)) return secretPart.test(text) || secretWord.test(text) ? redacted : text;
  let shown = "";
  let at = 0;
  for (const { index, 0: head, 1: word = "" } of names) {
    // What stands in a value that is hidden already.
    if (index < at) continue;
    const from = index + head.length;
    shown += text.slice(at, from);
    at = from;
    if (!soundsSecret(word)) continue;
    value.lastIndex = from;
    const hidden = value.exec(text)?.[0] ?? "";
    if (hidden !== "") shown += redacted;
    at += hidden.length;
  }
  return shown + text.slice(at);
}
