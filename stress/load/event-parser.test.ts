import { createParser } from "eventsource-parser";
import { describe, expect, it } from "vitest";
import { EventParser } from "./event-parser.ts";
import { seededRandom } from "./random.ts";

/** Id and length of the data of each event, the text given in pieces of at most `piece` bytes. */
function parse(text: string | Buffer, piece = 1e9): { events: [id: string, dataBytes: number][]; parser: EventParser } {
  const bytes = Buffer.from(text);
  const events: [string, number][] = [];
  const parser: EventParser = new EventParser({ onEvent: (dataBytes) => events.push([parser.lastEventId, dataBytes]) });
  for (let i = 0; i < bytes.length; i += piece) parser.push(bytes, i, Math.min(bytes.length, i + piece));
  return { events, parser };
}

describe("an event stream", () => {
  it.each<[name: string, text: string, events: [string, number][]]>([
    ["of one event", "data: hello\n\n", [["", 5]]],
    ["with an event that its end leaves incomplete", "data: one\n\ndata: two\n", [["", 3]]],
    ["with two data lines, joined by a line end", "data: YHOO\ndata: +2\ndata: 10\n\n", [["", 10]]],
    [
      "of WHATWG's example, ids and comments",
      ": test\n\ndata: first\nid: 1\n\ndata:second\nid\n\ndata:  third\n\n",
      [
        ["1", 5],
        ["", 6],
        ["", 6],
      ],
    ],
    [
      "whose events have empty data, with a colon or without",
      "data\n\ndata\ndata\n\ndata:\n\n",
      [
        ["", 0],
        ["", 1],
        ["", 0],
      ],
    ],
    [
      "with and without the space after the colon",
      "data:test\n\ndata: test\n\n",
      [
        ["", 4],
        ["", 4],
      ],
    ],
    ["that loses one space of two", "data:  test\n\n", [["", 5]]],
    [
      "with lines ended by CR",
      "data: a\rdata: b\r\rdata: c\r\r",
      [
        ["", 3],
        ["", 1],
      ],
    ],
    ["with lines ended by CRLF", "data: a\r\ndata: b\r\n\r\n", [["", 3]]],
    ["with lines ended by all three", "data: a\rdata: b\ndata: c\r\n\r\n", [["", 5]]],
    ["that begins with a byte order mark", "\ufeffdata: a\n\n", [["", 1]]],
    ["with a byte order mark where it is none", "data: a\n\n\ufeffdata: b\n\n", [["", 1]]],
    ["with fields of other names", "event: x\ndatum: 1\nDATA: 2\ndata : 3\n data: 4\n\n", []],
    ["with an id alone, which counts from then on", "id: 7\n\ndata: a\n\n", [["7", 1]]],
    [
      "with an id that holds NUL, which does not count",
      "id: 7\ndata: a\n\nid: 8\u0000\ndata: b\n\n",
      [
        ["7", 1],
        ["7", 1],
      ],
    ],
    ["with an id of an event that never ended", "id: 7\ndata: a\n\nid: 8\ndata: b\n", [["7", 1]]],
    ["with an id in UTF-8", "id: 日本\ndata: é\n\n", [["日本", 2]]],
    ["of comments", ":\n: ping\n:data: a\n\n", []],
    ["of nothing but line ends", "\n\r\n\r\n\n", []],
  ])("%s", (_, text, events) => {
    for (const piece of [1e9, 1, 2, 3, 7]) expect(parse(text, piece).events).toEqual(events);
  });

  it.each([
    ["retry: 1500\n", 1500],
    ["retry:0\n", 0],
    ["retry: 15a\n", null],
    ["retry: -1\n", null],
    ["retry:\n", null],
    ["retry: 1\nretry: 2\n", 2],
    ["retry: 1", null],
  ])("%j has the reconnection time %s", (text, retryMs) => {
    for (const piece of [1e9, 1]) expect(parse(text, piece).parser.retryMs).toBe(retryMs);
  });

  it("keeps no data, however long, and refuses an endless id", () => {
    const long = "x".repeat(1_000_000);
    expect(parse(`data: ${long}\ndata: ${long}\n\n`, 4096).events).toEqual([["", 2_000_001]]);
    expect(parse(`id: ${long}`).parser.problem).toBe("an event id above 8 KiB");
  });

  it("is read as eventsource-parser reads it, whatever it holds and however it is cut", () => {
    const random = seededRandom(7, 0);
    const lines = [
      "data: a",
      "data:b c",
      "data",
      "data:",
      "id: 1",
      "id",
      "id:x",
      "retry: 10",
      ": c",
      "event: e",
      "x: y",
      "datax",
      "é",
    ];
    const ends = ["\n", "\n", "\r\n", "\n\n", "\r\n\r\n", "", " "];
    const pick = (from: readonly string[]) => from[Math.floor(random() * from.length)] as string;
    let compared = 0;
    for (let round = 0; round < 3000; round++) {
      // Left out: CR alone, which the oracle takes for an end only when it has seen what follows, and the byte order mark, which
      // it does not find in text.
      const text = Array.from({ length: 1 + Math.floor(random() * 12) }, () => pick(lines) + pick(ends)).join("");
      const expected: [string, number][] = [];
      const oracle = createParser({
        onEvent: (event) => {
          expected.push([event.id ?? "", Buffer.byteLength(event.data)]);
        },
      });
      oracle.feed(text);
      const { events } = parse(text, 1 + Math.floor(random() * 9));
      // It tells an event's own id only, where ours is the last one.
      const ids = expected.map(([own]) => own);
      expect(
        events.map(([, bytes]) => bytes),
        JSON.stringify(text),
      ).toEqual(expected.map(([, bytes]) => bytes));
      events.forEach(([last], i) => {
        if (ids[i] !== "") expect(last, JSON.stringify(text)).toBe(ids[i]);
      });
      compared += events.length;
    }
    expect(compared).toBeGreaterThan(500);
  });
});
