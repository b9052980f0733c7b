import { redacted, secretPart, secretWord, soundsSecret } from "./secret-names.ts";

// Only where a word begins: a long word would be tried from each of its letters otherwise.
const name = /(?<![\w%.[\]$-])([\w%.[\]$-]+)\\?["']?\s*([:=])\s*/g;
/** Behind `=` a value goes on to the next pair of a form. */
const assigned = /[^&\r\n]+/y;
/** A scalar of JSON or a variable of GraphQL, where it ends as such; else what stands on the line. */
const bare = /(?:-?\d[\d.eE+-]*|true|false|null|\$\w+)(?=\s*(?:[}\])]|,\s*(?:["']|[A-Za-z_]\w*\s*:)|$))|[^&\r\n]+/y;
/** XML and multipart forms, whose values do not stand behind their names. */
const apart = /^\s*<|form-data/i;

/**
 * A body as it may be shown and stored: JSON, forms, GraphQL and what is written alike lose the values of names that sound like
 * those of secrets (`{"user":"a","password":[redacted]}`), up to the end of the line where nothing tells where they end; other
 * text is hidden as a whole where it holds such a word. A name of a file (`@body.json`) is no body.
 */
export function redactBody(text: string): string {
  if (text.startsWith("@")) return text;
  const names = [...text.matchAll(name)];
  if (names.length === 0 || apart.test(text)) return secretPart.test(text) || secretWord.test(text) ? redacted : text;
  let shown = "";
  let at = 0;
  for (const { index, 0: head, 1: word = "", 2: sign } of names) {
    // What stands in a value that is hidden already.
    if (index < at) continue;
    const from = index + head.length;
    shown += text.slice(at, from);
    at = soundsSecret(word) ? endOfValue(text, from, sign === "=") : from;
    if (at > from) shown += redacted;
  }
  return shown + text.slice(at);
}

function endOfValue(text: string, from: number, isAssigned: boolean): number {
  if (text.startsWith(redacted, from)) return from + redacted.length;
  if (text[from] === "{" || text[from] === "[") return endOfGroup(text, from);
  if (!isAssigned && /["']/.test(text[from] ?? "")) return endOfQuote(text, from);
  if (!isAssigned && text.startsWith('\\"', from)) {
    const end = text.indexOf('\\"', from + 2);
    return end === -1 ? text.length : end + 2;
  }
  const value = isAssigned ? assigned : bare;
  value.lastIndex = from;
  return from + (value.exec(text)?.[0].length ?? 0);
}

/** Behind the bracket that closes the one at `from`; the end where none does. */
function endOfGroup(text: string, from: number): number {
  let depth = 0;
  for (let at = from; at < text.length; at++) {
    const char = text[at];
    if (char === '"') at = endOfQuote(text, at) - 1;
    else if (char === "{" || char === "[") depth++;
    else if ((char === "}" || char === "]") && --depth === 0) return at + 1;
  }
  return text.length;
}

/** Behind the quote that closes the one at `from`. No regular expression: V8's overflow on a string of millions of characters. */
function endOfQuote(text: string, from: number): number {
  for (let at = from + 1; at < text.length; at++) {
    if (text[at] === "\\") at++;
    else if (text[at] === text[from]) return at + 1;
  }
  return text.length;
}
