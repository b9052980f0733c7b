import { isMainThread } from "node:worker_threads";
import { type Random, seededRandom } from "./random.ts";
import { nodeReading, ourReading, type Reading } from "./test-node-client.ts";

/**
 * Compares our parser with node:http's client on generated and mutated responses, each also in random pieces:
 * `npm run fuzz:parser [CASES] [SEED]`. Stops at the first difference and prints the bytes.
 */

export interface FuzzCase {
  bytes: Buffer;
  method: "GET" | "HEAD";
}

/** Case `n` of a seed: the same bytes in every run. */
export function fuzzCase(seed: number, n: number): FuzzCase {
  const random = seededRandom(seed, n);
  let text = response(random);
  for (let left = Math.floor(random() * 4); left > 0; left--) text = mutate(text, random);
  return { bytes: Buffer.from(text, "latin1"), method: random() < 0.1 ? "HEAD" : "GET" };
}

/** What differs between us and node:http, or between us and ourselves on the same bytes in pieces; null when nothing does. */
export async function differenceIn({ bytes, method }: FuzzCase, random: Random): Promise<string | null> {
  const ours = ourReading([bytes], method);
  for (const pieces of [randomPieces(bytes, random), bytes.length < 400 ? everyByte(bytes) : []]) {
    if (pieces.length === 0) continue;
    const again = ourReading(pieces, method);
    if (!isSame(ours, again)) return `${show(ours)} whole, ${show(again)} in pieces of ${pieces.map((piece) => piece.length)}`;
  }
  const theirs = await nodeReading(bytes, method);
  // Where both refuse, a violation and an end in the middle may meet, and each tells the one it came upon first.
  if (isSame(ours, theirs) || (ours.outcome !== "complete" && theirs.outcome !== "complete")) return null;
  // Without a length Node takes every response to need the connection's end, though HEAD's has ended.
  if (method === "HEAD" && isSame(ours, { ...theirs, reusable: ours.reusable })) return null;
  return isKnown(bytes.toString("latin1")) ? null : `ours: ${show(ours)}, node:http: ${show(theirs)}`;
}

/** Differences meant to be; each has its row in the parser's test. */
function isKnown(text: string): boolean {
  return (
    /HTTP\/(?!1\.[01] )/.test(text) ||
    /HTTP\/1\.[01] (?:0|101)/.test(text) ||
    /^transfer-encoding:[^\r\n]*\t/im.test(text) ||
    /^proxy-connection:/im.test(text) ||
    /^connection:[^\r\n]*close/im.test(text) ||
    /[0-9a-f]{13}/i.test(text)
  );
}

function isSame(a: Reading, b: Reading): boolean {
  return a.outcome === b.outcome && a.status === b.status && a.body === b.body && a.reusable === b.reusable;
}

function show({ outcome, status, body, reusable }: Reading): string {
  return outcome === "complete"
    ? `${status} ${JSON.stringify(body.slice(0, 40))} (${body.length})${reusable ? "" : ", closes"}`
    : outcome;
}

function pick<T>(items: readonly T[], random: Random): T {
  return items[Math.floor(random() * items.length)] as T;
}

/** A response as servers send them, now and then with an oddity. */
function response(random: Random): string {
  const interim =
    random() < 0.1 ? `HTTP/1.1 ${pick([100, 102, 103], random)} Wait\r\n${random() < 0.5 ? "Link: </a>\r\n" : ""}\r\n` : "";
  const status = pick([200, 200, 200, 201, 204, 206, 301, 304, 404, 500, 503], random);
  const line = `HTTP/1.${random() < 0.1 ? 0 : 1} ${status}${pick([" OK", " OK", " ", "", " Not Found"], random)}\r\n`;
  const headers = Array.from({ length: Math.floor(random() * 4) }, () => pick(commonHeaders, random));
  const body = "x".repeat(Math.floor(random() * 30));
  const framing = random();
  if (framing < 0.4) headers.push(`Content-Length: ${body.length}`);
  else if (framing < 0.85) headers.push(pick(["Transfer-Encoding: chunked", "Transfer-Encoding: gzip, chunked"], random));
  headers.sort(() => random() - 0.5);
  const head = `${line}${headers.map((header) => `${header}\r\n`).join("")}\r\n`;
  const framed = framing < 0.4 || framing >= 0.85 ? body : inChunks(body, random);
  return `${interim}${head}${status === 204 || status === 304 ? "" : framed}${random() < 0.05 ? pick(["\r\n", line, "X"], random) : ""}`;
}

const commonHeaders = [
  "Content-Type: application/json",
  "Date: Sat, 21 Nov 2026 02:46:00 GMT",
  "Connection: keep-alive",
  "Connection: close",
  "Keep-Alive: timeout=5",
  "Server: x",
  "X-Empty:",
  'ETag: "abc"',
  "Content-Lengthy: 3",
  "Transfer-Encodings: chunked",
];

function inChunks(body: string, random: Random): string {
  let text = "";
  for (let at = 0; at < body.length; ) {
    const piece = body.slice(at, at + 1 + Math.floor(random() * 12));
    at += piece.length;
    text += `${piece.length.toString(16)}${random() < 0.1 ? pick([";a", ";a=b", ';a="b;c"'], random) : ""}\r\n${piece}\r\n`;
  }
  return `${text}0\r\n${random() < 0.2 ? "Digest: x\r\n" : ""}\r\n`;
}

const fragments = [
  "\r\n",
  "\r",
  "\n",
  "\r\n\r\n",
  " ",
  "\t",
  ":",
  ";",
  ",",
  "0",
  "5",
  "f",
  "\0",
  "\x7f",
  "\xa0",
  "\xff",
  '"',
  "\\",
  "=",
  "Content-Length: 3\r\n",
  "Transfer-Encoding: chunked\r\n",
  "Connection: close\r\n",
  "0\r\n\r\n",
  "HTTP/1.1 200 OK\r\n",
] as const;

function mutate(text: string, random: Random): string {
  const at = Math.floor(random() * (text.length + 1));
  const to = Math.min(text.length, at + 1 + Math.floor(random() * random() * 20));
  switch (Math.floor(random() * 6)) {
    case 0:
      return text.slice(0, at) + text.slice(to);
    case 1:
      return text.slice(0, at) + pick(fragments, random) + text.slice(at);
    case 2:
      return text.slice(0, at) + String.fromCharCode(Math.floor(random() * 256)) + text.slice(at + 1);
    case 3:
      return text.slice(0, to) + text.slice(at, to) + text.slice(to);
    case 4: {
      const from = Math.floor(random() * text.length);
      return text.slice(0, at) + text.slice(from, from + to - at) + text.slice(at);
    }
    default:
      return random() < 0.3 ? text.slice(0, at) : text.slice(0, at) + pick(fragments, random) + text.slice(to);
  }
}

function everyByte(bytes: Buffer): Buffer[] {
  return Array.from({ length: bytes.length }, (_, i) => bytes.subarray(i, i + 1));
}

function randomPieces(bytes: Buffer, random: Random): Buffer[] {
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const to = at + 1 + Math.floor(random() * random() * bytes.length);
    pieces.push(bytes.subarray(at, to));
    at = to;
  }
  return pieces;
}

async function main(cases: number, seed: number): Promise<void> {
  const random = seededRandom(seed, -1);
  const outcomes: Record<string, number> = {};
  for (let n = 0; n < cases; n++) {
    const one = fuzzCase(seed, n);
    const difference = await differenceIn(one, random);
    if (difference !== null) {
      console.error(`case ${n} of seed ${seed}, ${one.method}: ${difference}\n${JSON.stringify(one.bytes.toString("latin1"))}`);
      process.exitCode = 1;
      return;
    }
    const { outcome } = ourReading([one.bytes], one.method);
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
    if ((n + 1) % 100_000 === 0) console.log(`${n + 1} cases`, outcomes);
  }
  console.log(`${cases} cases of seed ${seed}: no difference`, outcomes);
}

if (import.meta.main && isMainThread)
  await main(Number(process.argv[2] ?? 1_000_000), Number(process.argv[3] ?? Date.now() % 2 ** 31));
