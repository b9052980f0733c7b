import { describe, expect, it } from "vitest";
import { ResponseParser } from "./parser.ts";
import { nodeReading, nodeReadingOverSocket, ourReading, type Reading } from "./test-node-client.ts";

const line = "HTTP/1.1 200 OK\r\n";
const chunkedHead = `${line}Transfer-Encoding: chunked\r\n\r\n`;
const sized = "Content-Length: 2\r\n\r\nok";
const bytesOf = (text: string) => Buffer.from(text, "latin1");

/** Pieces in which the bytes may come: each split in two, and each byte alone. Long ones are split near the ends and now and then. */
function* splits(bytes: Buffer): Generator<Buffer[]> {
  const step = bytes.length < 2000 ? 1 : 997;
  for (let at = 1; at < bytes.length; at += at < 50 || at > bytes.length - 50 ? 1 : step) {
    yield [bytes.subarray(0, at), bytes.subarray(at)];
  }
  if (bytes.length < 20_000) yield Array.from({ length: bytes.length }, (_, i) => bytes.subarray(i, i + 1));
}

function expectInEverySplit(bytes: Buffer, method: string, expected: Reading): void {
  for (const pieces of splits(bytes)) {
    const reading = ourReading(pieces, method);
    // An assertion for each of thousands of splits would take longer than the splits.
    if (JSON.stringify(reading) !== JSON.stringify(expected)) {
      expect({ split: pieces.map((piece) => piece.length), ...reading }).toEqual(expected);
    }
  }
}

describe("reads as node:http does, over a socket and in every split", () => {
  it.each<[string, string, string?]>([
    ["a length", line + sized],
    ["an empty body", `${line}Content-Length: 0\r\n\r\n`],
    ["a length with zeros before and blanks around", `${line}Content-Length: \t 0000000000000000000002  \r\n\r\nok`],
    ["a length in lower case", `${line}content-length:2\r\n\r\nok`],
    ["a body of 100 KB", `${line}Content-Length: 100000\r\n\r\n${"x".repeat(100_000)}`],
    ["chunks", `${chunkedHead}2\r\nok\r\nA\r\n0123456789\r\n0\r\n\r\n`],
    ["chunks with extensions", `${chunkedHead}2;a;b=c;d="e;\\"f"\r\nok\r\n0;x=1\r\n\r\n`],
    ["chunks with trailers", `${chunkedHead}2\r\nok\r\n0\r\nDigest: x\r\nExpires:\r\n\r\n`],
    ["a chunk size with many zeros", `${chunkedHead}000000000000000000000000002\r\nok\r\n000\r\n\r\n`],
    ["a chunked body in HTTP/1.0", `HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n`],
    ["chunked as the last of several codings", `${line}Transfer-Encoding: gzip,Chunked  \r\n\r\n2\r\nok\r\n0\r\n\r\n`],
    ["codings in two headers", `${line}Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n`],
    ["chunked before another coding: until the end", `${line}Transfer-Encoding: chunked, gzip\r\n\r\n2\r\nok\r\n0\r\n\r\n`],
    ["another coding alone: until the end", `${line}Transfer-Encoding: gzip\r\n\r\nok`],
    ["no length: until the end", `${line}\r\nhello`],
    ["no length and nothing: until the end", `${line}\r\n`],
    ["Connection: close, no length", `${line}Connection: close\r\n\r\nhello`],
    ["Connection: close with a length", `${line}Connection: close\r\n${sized}`],
    ["close among other options, in capitals", `${line}connection: TE,  CLOSE\r\n${sized}`],
    ["close in a second header", `${line}Connection: keep-alive\r\nConnection: close\r\n${sized}`],
    ["close as part of a word, which it is not", `${line}Connection: enclose\r\n${sized}`],
    ["a byte that only Unicode takes for a blank before close", `${line}Connection: \xa0close\r\n${sized}`],
    ["HTTP/1.0", `HTTP/1.0 200 OK\r\n${sized}`],
    ["HTTP/1.0 kept alive", `HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n${sized}`],
    ["an offer to upgrade that is none of ours", `${line}Connection: upgrade\r\nUpgrade: h2c\r\n${sized}`],
    ["100 Continue before", `HTTP/1.1 100 Continue\r\n\r\n${line}${sized}`],
    ["two Early Hints before", `HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 103\r\n\r\n${line}${sized}`],
    [
      "an interim response with a length, which means nothing",
      `HTTP/1.1 102 Processing\r\nContent-Length: 9\r\n\r\n${line}${sized}`,
    ],
    ["204 with a length, which means nothing", "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n"],
    ["204 that says chunked", "HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n"],
    ["304 with the length of what it stands for", "HTTP/1.1 304 Not Modified\r\nContent-Length: 5000\r\nETag: x\r\n\r\n"],
    ["205 with a body", `HTTP/1.1 205 Reset\r\n${sized}`],
    ["HEAD with the length of what GET would bring", `${line}Content-Length: 5000\r\n\r\n`, "HEAD"],
    ["HEAD that says chunked", chunkedHead, "HEAD"],
    ["no reason", `HTTP/1.1 200\r\n${sized}`],
    ["a blank and no reason", `HTTP/1.1 200 \r\n${sized}`],
    ["a reason of any bytes", `HTTP/1.1 200 \x01\t\x7f\xff\r\n${sized}`],
    ["a status beyond those that are known", `HTTP/1.1 999 Odd\r\n${sized}`],
    ["values empty, blank, with tabs and bytes above ASCII", `${line}A:\r\nB: \t \r\nC: a\tb \xe9\xff\r\n${sized}`],
    ["every character that a name may have", `${line}!#$%&'*+-.^_\`|~09azAZ: x\r\n${sized}`],
    ["line ends before the response", `\r\n\n\r\n${line}${sized}`],
    ["a head of 63 KiB", `${line}A: ${"b".repeat(63 * 1024)}\r\n${sized}`],
    ["two hundred headers", `${line}${"A: b\r\n".repeat(200)}${sized}`],
    ["surplus that is a response", `${line}${sized}${line}${sized}`],
    ["surplus that is none", `${line}${sized}GARBAGE`],
  ])("%s", async (_, text, method = "GET") => {
    const bytes = bytesOf(text);
    const theirs = await nodeReadingOverSocket(bytes, method);
    expect(theirs.outcome).toBe("complete");
    expect(await nodeReading(bytes, method)).toEqual(theirs);
    expect(ourReading([bytes], method)).toEqual(theirs);
    expectInEverySplit(bytes, method, theirs);
  });
});

describe("finds malformed what node:http does, in every split", () => {
  it.each<[string, string]>([
    ["another protocol", "SSH-2.0-OpenSSH_9.6\r\n"],
    ["another protocol without a line end", "220 smtp ready"],
    ["a protocol that only starts alike", `HTTPS/1.1 200 OK\r\n${sized}`],
    ["the protocol in lower case", `http/1.1 200 OK\r\n${sized}`],
    ["an unknown minor version", `HTTP/1.2 200 OK\r\n${sized}`],
    ["a version of one number", `HTTP/1 200 OK\r\n${sized}`],
    ["a status of two digits", `HTTP/1.1 20 OK\r\n${sized}`],
    ["a status of four digits", `HTTP/1.1 2000 OK\r\n${sized}`],
    ["a status with a letter", `HTTP/1.1 20a OK\r\n${sized}`],
    ["a status stuck to its reason", `HTTP/1.1 200OK\r\n${sized}`],
    ["two blanks before the status", `HTTP/1.1  200 OK\r\n${sized}`],
    ["a tab before the status", `HTTP/1.1\t200 OK\r\n${sized}`],
    ["a tab after the status", `HTTP/1.1 200\tOK\r\n${sized}`],
    ["a bare CR in the status line", `HTTP/1.1 200 O\rK\r\n${sized}`],
    ["a bare LF after the status line", `HTTP/1.1 200 OK\n${sized}`],
    ["a bare LF after a header", `${line}A: b\n${sized}`],
    ["a bare LF for the empty line", `${line}Content-Length: 2\r\n\nok`],
    ["bare LFs throughout", "HTTP/1.1 200 OK\nContent-Length: 2\n\nok"],
    ["a bare CR in a value", `${line}A: a\rb\r\n${sized}`],
    ["a blank in a name", `${line}A b: c\r\n${sized}`],
    ["a blank before the colon", `${line}A : b\r\n${sized}`],
    ["a name without a colon", `${line}Abc\r\n${sized}`],
    ["no name", `${line}: b\r\n${sized}`],
    ["a delimiter in a name", `${line}A(b: c\r\n${sized}`],
    ["a byte above ASCII in a name", `${line}A\xe9: c\r\n${sized}`],
    ["NUL in a value", `${line}A: x\0y\r\n${sized}`],
    ["a control character in a value", `${line}A: \x01\r\n${sized}`],
    ["DEL in a value", `${line}A: \x7f\r\n${sized}`],
    ["a folded header", `${line}A: b\r\n c\r\n${sized}`],
    ["a folded header by a tab", `${line}A: b\r\n\tc\r\n${sized}`],
    ["a first header that is folded", `${line} A: b\r\n${sized}`],
    ["a length and chunked", `${line}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n`],
    ["chunked and a length", `${line}Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n2\r\nok\r\n0\r\n\r\n`],
    ["a length and another coding", `${line}Content-Length: 2\r\nTransfer-Encoding: gzip\r\n\r\nok`],
    ["an empty coding", `${line}Transfer-Encoding: \r\n\r\nok`],
    ["two lengths that differ", `${line}Content-Length: 2\r\nContent-Length: 3\r\n\r\nok`],
    ["two lengths that agree", `${line}Content-Length: 2\r\nContent-Length: 2\r\n\r\nok`],
    ["a list of lengths", `${line}Content-Length: 2, 2\r\n\r\nok`],
    ["a signed length", `${line}Content-Length: +2\r\n\r\nok`],
    ["a negative length", `${line}Content-Length: -2\r\n\r\nok`],
    ["a hexadecimal length", `${line}Content-Length: 0x2\r\n\r\nok`],
    ["a fractional length", `${line}Content-Length: 2.0\r\n\r\nok`],
    ["a length with a blank inside", `${line}Content-Length: 1 2\r\n\r\nok`],
    ["an empty length", `${line}Content-Length:\r\n\r\nok`],
    ["a length beyond 64 bits", `${line}Content-Length: 99999999999999999999\r\n\r\nok`],
    ["a byte that only Unicode takes for a blank before a length", `${line}Content-Length: \xa02\r\n\r\nok`],
    ["a chunk size that is none", `${chunkedHead}xyz\r\nok\r\n0\r\n\r\n`],
    ["an empty chunk size", `${chunkedHead}\r\nok\r\n0\r\n\r\n`],
    ["a chunk size with 0x", `${chunkedHead}0x2\r\nok\r\n0\r\n\r\n`],
    ["a signed chunk size", `${chunkedHead}-2\r\nok\r\n0\r\n\r\n`],
    ["a blank before a chunk size", `${chunkedHead} 2\r\nok\r\n0\r\n\r\n`],
    ["a blank after a chunk size", `${chunkedHead}2 \r\nok\r\n0\r\n\r\n`],
    ["a chunk size beyond 64 bits", `${chunkedHead}fffffffffffffffff\r\nok`],
    ["a bare LF after a chunk size", `${chunkedHead}2\nok\r\n0\r\n\r\n`],
    ["a bare CR after a chunk size", `${chunkedHead}2\rok\r\n0\r\n\r\n`],
    ["a chunk longer than its size", `${chunkedHead}2\r\nokk\r\n0\r\n\r\n`],
    ["no CRLF after a chunk", `${chunkedHead}2\r\nok0\r\n\r\n`],
    ["a bare LF after a chunk", `${chunkedHead}2\r\nok\n0\r\n\r\n`],
    ["an extension without a name", `${chunkedHead}2;\r\nok\r\n0\r\n\r\n`],
    ["blanks in an extension", `${chunkedHead}2; a = b\r\nok\r\n0\r\n\r\n`],
    ["NUL in an extension", `${chunkedHead}2;a\0\r\nok\r\n0\r\n\r\n`],
    ["an extension whose quotes do not end", `${chunkedHead}2;a="b\r\nok\r\n0\r\n\r\n`],
    ["text after an extension's quotes", `${chunkedHead}2;a="b"c\r\nok\r\n0\r\n\r\n`],
    ["extensions above 16 KiB", `${chunkedHead}2;a=${"b".repeat(17 * 1024)}\r\nok\r\n0\r\n\r\n`],
    ["a trailer with a blank in its name", `${chunkedHead}0\r\nA b: c\r\n\r\n`],
    ["a folded trailer", `${chunkedHead}0\r\nA: b\r\n c\r\n\r\n`],
    ["a bare LF after a trailer", `${chunkedHead}0\r\nA: b\n\r\n`],
    ["a length among the trailers", `${chunkedHead}0\r\nContent-Length: 5\r\n\r\n`],
    ["a head above 64 KiB", `${line}A: ${"b".repeat(64 * 1024)}\r\n${sized}`],
    ["a head above 64 KiB that never ends", `${line}A: ${"b".repeat(80 * 1024)}`],
    ["a response after an interim one that closes", `HTTP/1.1 100 Continue\r\nConnection: close\r\n\r\n${line}${sized}`],
    ["a response after an interim one of HTTP/1.0", `HTTP/1.0 100 Continue\r\n\r\n${line}${sized}`],
    ["an answer that changes the protocol", "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n"],
  ])("%s", async (_, text) => {
    const bytes = bytesOf(text);
    const theirs = await nodeReadingOverSocket(bytes);
    expect(theirs.outcome).toBe("malformed");
    expect(await nodeReading(bytes)).toEqual(theirs);
    expect(ourReading([bytes])).toEqual(theirs);
    expectInEverySplit(bytes, "GET", theirs);
  });
});

describe("finds truncated what node:http does, in every split", () => {
  it.each<[string, string]>([
    ["nothing at all", ""],
    ["part of a status line", "HTTP/1.1 2"],
    ["part of a head", `${line}Content-Le`],
    ["a head without its empty line", `${line}Content-Length: 0\r\n`],
    ["part of a body", `${line}Content-Length: 9\r\n\r\nok`],
    ["a length without a body", `${line}Content-Length: 9\r\n\r\n`],
    ["part of a chunk size", `${chunkedHead}5`],
    ["part of a chunk", `${chunkedHead}5\r\nok`],
    ["chunks without the last", `${chunkedHead}2\r\nok\r\n`],
    ["a last chunk without the end", `${chunkedHead}2\r\nok\r\n0\r\n`],
    ["part of the trailers", `${chunkedHead}0\r\nA: b\r\n`],
    ["an interim response alone", "HTTP/1.1 100 Continue\r\n\r\n"],
  ])("%s", async (_, text) => {
    const bytes = bytesOf(text);
    const theirs = await nodeReadingOverSocket(bytes);
    expect(theirs.outcome).toBe("truncated");
    expect(await nodeReading(bytes)).toEqual(theirs);
    expect(ourReading([bytes])).toEqual(theirs);
    expectInEverySplit(bytes, "GET", theirs);
  });
});

describe("differs from node:http where", () => {
  const complete = (parts: Partial<Reading>) => ({ outcome: "complete", status: 200, body: "ok", reusable: true, ...parts });
  const malformed = { outcome: "malformed" };
  const truncated = { outcome: "truncated" };

  it.each<[string, string, object, object]>([
    ["another major version answers: we speak HTTP/1", `HTTP/2.0 200 OK\r\n${sized}`, malformed, complete({ reusable: false })],
    ["HTTP/0.9 has a status line, which it never had", `HTTP/0.9 200 OK\r\n${sized}`, malformed, complete({ reusable: false })],
    ["a status below 100 has no class to be counted in", `HTTP/1.1 099 Odd\r\n${sized}`, malformed, complete({ status: 99 })],
    ["101 comes without an upgrade", "HTTP/1.1 101 Odd\r\n\r\n", malformed, complete({ status: 101, body: "" })],
    [
      "a tab follows `chunked`: white space all the same (RFC 9110 section 5.6.3), and chunks to every other client",
      `${line}Transfer-Encoding: chunked\t\r\n\r\n2\r\nok\r\n0\r\n\r\n`,
      complete({}),
      complete({ body: "2\r\nok\r\n0\r\n\r\n", reusable: false }),
    ],
    [
      "close and keep-alive contradict each other in HTTP/1.0: close wins (RFC 9112 section 9.3)",
      `HTTP/1.0 200 OK\r\nConnection: close, keep-alive\r\n${sized}`,
      complete({ reusable: false }),
      complete({}),
    ],
    [
      "Proxy-Connection, which is no standard, says close",
      `${line}Proxy-Connection: close\r\n${sized}`,
      complete({}),
      complete({ reusable: false }),
    ],
    [
      "a length is beyond what a number counts exactly",
      `${line}Content-Length: 9007199254740993\r\n\r\nok`,
      malformed,
      truncated,
    ],
    ["a chunk is", `${chunkedHead}20000000000001\r\nok`, malformed, truncated],
    ["a head breaks off after a violation: told when it is whole, or by the end", `${line}A b: c\r\nD`, truncated, malformed],
  ])("%s", async (_, text, ours, theirs) => {
    const bytes = bytesOf(text);
    expect(ourReading([bytes])).toMatchObject(ours);
    expect(await nodeReadingOverSocket(bytes)).toMatchObject(theirs);
    expectInEverySplit(bytes, "GET", ourReading([bytes]));
  });

  it("HEAD has no length: the response is whole, so that the connection goes on", async () => {
    const bytes = bytesOf(`${line}\r\n`);
    expect(ourReading([bytes], "HEAD")).toMatchObject(complete({ body: "" }));
    expect(await nodeReadingOverSocket(bytes, "HEAD")).toMatchObject(complete({ body: "", reusable: false }));
  });
});

describe("on one connection", () => {
  it("reads a thousand different responses one after the other, and tells where each ends", () => {
    const parser = new ResponseParser(null);
    const kinds = [
      `${line}${sized}`,
      `${chunkedHead}2\r\nok\r\n0\r\n\r\n`,
      `${line}X: y\r\n${sized}`,
      "HTTP/1.1 204 Gone\r\n\r\n",
    ];
    for (let n = 0; n < 1000; n++) {
      const bytes = bytesOf(kinds[(n * 7) % 4] as string);
      parser.reset(false);
      const cut = n % bytes.length;
      expect(parser.push(bytes.subarray(0, cut), cut)).toBe(cut);
      expect(parser.push(bytes.subarray(cut), bytes.length - cut)).toBe(bytes.length - cut);
      expect([parser.done, parser.head.status, parser.head.keepAlive]).toEqual([true, (n * 7) % 4 === 3 ? 204 : 200, true]);
    }
  });

  it("takes no more than the response's own bytes", () => {
    const parser = new ResponseParser(null);
    const own = bytesOf(`${line}${sized}`);
    parser.reset(false);
    expect(parser.push(Buffer.concat([own, own]), own.length * 2)).toBe(own.length);
    expect(parser.done).toBe(true);
  });

  it("recognises a head it knows only where every byte is the same", () => {
    const parser = new ResponseParser(null);
    const read = (text: string) => {
      parser.reset(false);
      const bytes = bytesOf(text);
      parser.push(bytes, bytes.length);
      return [parser.done, parser.head.status, parser.head.contentLength, parser.head.keepAlive];
    };
    for (let n = 0; n < 3; n++) {
      expect(read(`${line}${sized}`)).toEqual([true, 200, 2, true]);
      expect(read(`HTTP/1.1 500 OK\r\n${sized}`)).toEqual([true, 500, 2, true]);
      expect(read(`${line}Content-Length: 3\r\n\r\nyes`)).toEqual([true, 200, 3, true]);
      expect(read(`${line}Content-Length: 2\r\nConnection: close\r\n\r\nok`)).toEqual([true, 200, 2, false]);
      expect(read(`${line}Content-Length: 2\r\n`)[0]).toBe(false);
    }
  });
});
