/**
 * The head of a response, strict in the sense of RFC 9112 and of llhttp (Node's parser): what node:http refuses as a
 * client is refused here, since a proxy that sends it would break real clients.
 */
export interface Head {
  status: number;
  /** Bytes of body; -1 chunked, -2 until the connection closes. Meaningless where the status forbids a body. */
  contentLength: number;
  /** False when the connection must not carry another request. */
  keepAlive: boolean;
}

export const chunkedBody = -1;
export const bodyUntilClose = -2;

// RFC 9110 section 5.6.2: tchar.
const isToken = new Uint8Array(256);
for (const c of "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz") isToken[c.charCodeAt(0)] = 1;
// RFC 9110 section 5.5: field-vchar, SP, HTAB, obs-text.
const isValue = new Uint8Array(256).fill(1, 0x20).fill(0, 0x7f, 0x80);
isValue[0x09] = 1;

const CR = 13;
const LF = 10;
const SP = 32;
const COLON = 58;

/**
 * Parses `bytes[start, end)`, which ends with the empty line, into `head`.
 * @returns null, or what is wrong.
 */
export function parseHead(bytes: Uint8Array, start: number, end: number, head: Head): string | null {
  const problem = parseStatusLine(bytes, start, end, head);
  if (problem !== null) return problem;
  const http11 = bytes[start + 7] === 0x31;
  let contentLength = -3;
  let encoded = false;
  let chunked = false;
  let close = false;
  let persist = false;

  let i = lineAfter(bytes, start, end);
  while (i < end - 2) {
    const nameStart = i;
    const nameEnd = endOfName(bytes, i);
    if (nameEnd < 0) return invalidName;
    const valueStart = nameEnd + 1;
    const valueEnd = endOfValue(bytes, valueStart);
    if (valueEnd < 0) return invalidValue;
    i = valueEnd + 2;
    // Only four names matter, and their lengths tell them from nearly every other.
    const length = nameEnd - nameStart;
    if (length === 14 && isName(bytes, nameStart, "content-length")) {
      const value = parseDecimal(bytes, valueStart, valueEnd);
      if (value < 0) return "invalid Content-Length";
      if (contentLength !== -3) return "more than one Content-Length";
      contentLength = value;
    } else if (length === 17 && isName(bytes, nameStart, "transfer-encoding")) {
      const value = trim(text(bytes, valueStart, valueEnd));
      if (value === "") return "empty Transfer-Encoding";
      encoded = true;
      chunked = isChunked(value);
    } else if (length === 10 && isName(bytes, nameStart, "connection")) {
      const option = connectionOption(bytes, valueStart, valueEnd);
      if (option === "keep-alive") persist = true;
      else if (option === "close") close = true;
      else if (option === null) {
        for (const each of text(bytes, valueStart, valueEnd).split(",")) {
          const name = trim(each).toLowerCase();
          if (name === "close") close = true;
          else if (name === "keep-alive") persist = true;
        }
      }
    }
  }
  // RFC 9112 section 6.1: together they are a smuggling attempt.
  if (encoded && contentLength !== -3) return "Content-Length together with Transfer-Encoding";
  head.contentLength = chunked ? chunkedBody : !encoded && contentLength !== -3 ? contentLength : bodyUntilClose;
  head.keepAlive = !close && (http11 || persist);
  return null;
}

const invalidName = "invalid header name";
const invalidValue = "invalid character in a header value";

/** Index of the colon, or -1. */
function endOfName(bytes: Uint8Array, start: number): number {
  let i = start;
  while (isToken[bytes[i] as number] === 1) i++;
  return i > start && bytes[i] === COLON ? i : -1;
}

/** Index of the CR, or -1; a bare CR or LF is no end. */
function endOfValue(bytes: Uint8Array, start: number): number {
  let i = start;
  while (isValue[bytes[i] as number] === 1) i++;
  return bytes[i] === CR && bytes[i + 1] === LF ? i : -1;
}

/** Trailer fields `bytes[start, end)`, ending with the empty line. @returns null, or what is wrong. */
export function checkTrailers(bytes: Uint8Array, start: number, end: number): string | null {
  let i = start;
  while (i < end - 2) {
    const colon = endOfName(bytes, i);
    if (colon < 0) return invalidName;
    // RFC 9110 section 6.5.1: framing comes too late here, and whoever believed it would read on at another byte.
    if (colon - i === 14 && isName(bytes, i, "content-length")) return "Content-Length among the trailers";
    const value = endOfValue(bytes, colon + 1);
    if (value < 0) return invalidValue;
    i = value + 2;
  }
  return null;
}

/** `HTTP/1.1 200 OK`: RFC 9112 section 4; the reason may be missing. */
function parseStatusLine(bytes: Uint8Array, start: number, end: number, head: Head): string | null {
  const minor = bytes[start + 7] as number;
  if (end - start < 14 || !isPrefix(bytes, start, start + 7) || (minor !== 0x30 && minor !== 0x31)) {
    return "not an HTTP/1.x response";
  }
  let status = 0;
  for (let i = start + 9; i < start + 12; i++) {
    const digit = (bytes[i] as number) - 48;
    if (digit < 0 || digit > 9) return "invalid status";
    status = status * 10 + digit;
  }
  const after = bytes[start + 12];
  if (bytes[start + 8] !== SP || (after !== SP && after !== CR) || status < 100) return "invalid status line";
  // Nobody reads the reason, and llhttp lets anything be one that does not end the line.
  let i = start + 12;
  while (bytes[i] !== CR && bytes[i] !== LF) i++;
  if (bytes[i] !== CR || bytes[i + 1] !== LF) return "invalid status line";
  head.status = status;
  return null;
}

const prefix = Buffer.from("HTTP/1.");

/** Whether the bytes could start a response; tells garbage before an empty line ever comes. */
export function isPrefix(bytes: Uint8Array, start: number, end: number): boolean {
  const length = Math.min(end - start, prefix.length);
  for (let i = 0; i < length; i++) if (bytes[start + i] !== prefix[i]) return false;
  return true;
}

function lineAfter(bytes: Uint8Array, start: number, end: number): number {
  let i = start;
  while (i < end && bytes[i] !== LF) i++;
  return i + 1;
}

function isName(bytes: Uint8Array, start: number, lowerCase: string): boolean {
  for (let i = 0; i < lowerCase.length; i++) if (((bytes[start + i] as number) | 0x20) !== lowerCase.charCodeAt(i)) return false;
  return true;
}

/** A non-negative decimal with optional white space around it; -1 where it is anything else or beyond 2^53. */
function parseDecimal(bytes: Uint8Array, start: number, end: number): number {
  let i = start;
  while (i < end && isSpace(bytes[i] as number)) i++;
  while (bytes[i] === 0x30 && isDigit(bytes[i + 1] as number)) i++;
  const digitsFrom = i;
  let value = 0;
  // Sixteen digits are beyond 2^53 in any case; a string here would cost more than all the rest of the head.
  for (; i < end && i - digitsFrom < 16; i++) {
    const digit = (bytes[i] as number) - 48;
    if (digit < 0 || digit > 9) break;
    value = value * 10 + digit;
  }
  const isEmpty = i === digitsFrom;
  while (i < end && isSpace(bytes[i] as number)) i++;
  return isEmpty || i < end || !Number.isSafeInteger(value) ? -1 : value;
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}

function isSpace(byte: number): boolean {
  return byte === SP || byte === 0x09;
}

/** The two values that nearly every Connection header has, told without making a string; null for any other. */
function connectionOption(bytes: Uint8Array, start: number, end: number): "keep-alive" | "close" | null {
  const from = isSpace(bytes[start] as number) ? start + 1 : start;
  if (end - from === 10 && isName(bytes, from, "keep-alive")) return "keep-alive";
  return end - from === 5 && isName(bytes, from, "close") ? "close" : null;
}

/** RFC 9112 section 6.3: chunked frames the body only when it is the last coding. */
function isChunked(value: string): boolean {
  return trim(value.split(",").at(-1) ?? "").toLowerCase() === "chunked";
}

/** RFC 9110 section 5.6.3: white space is space and tab, not what `String.trim` takes for it (0xA0 is obs-text). */
function trim(value: string): string {
  return value.replace(/^[ \t]+|[ \t]+$/g, "");
}

export function text(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString("latin1");
}

/**
 * The last head that any connection of a thread parsed. The responses of one endpoint differ in their Date only, once a
 * second, so nearly every head is recognised by comparison, at a quarter of the cost of parsing it again.
 */
export class HeadMemo {
  readonly #bytes = new Uint8Array(1024);
  #length = 0;
  readonly #head: Head = { status: 0, contentLength: 0, keepAlive: true };

  /** Fills `head` where `bytes[start, end)` starts with the remembered one. @returns the index after it, or -1. */
  recall(bytes: Uint8Array, start: number, end: number, head: Head): number {
    const known = this.#bytes;
    const length = this.#length;
    if (length === 0 || end - start < length) return -1;
    for (let i = 0; i < length; i++) if (known[i] !== bytes[start + i]) return -1;
    head.status = this.#head.status;
    head.contentLength = this.#head.contentLength;
    head.keepAlive = this.#head.keepAlive;
    return start + length;
  }

  /** `bytes[start, end)` is a whole head, empty line included, and was parsed into `head`. */
  remember(bytes: Uint8Array, start: number, end: number, head: Head): void {
    if (end - start > this.#bytes.length) return;
    this.#bytes.set(bytes.subarray(start, end));
    this.#length = end - start;
    this.#head.status = head.status;
    this.#head.contentLength = head.contentLength;
    this.#head.keepAlive = head.keepAlive;
  }
}
