import { Readable } from "node:stream";
import { describe, expect, it } from "vitest";
import * as ws from "ws";
import { closeFrame, frame, Opcode } from "./frame.ts";
import { FrameParser } from "./frame-parser.ts";
import { seededRandom } from "./random.ts";
import { Utf8Check } from "./utf8.ts";

// Exported, and not in its types.
const { Receiver, Sender } = ws as unknown as {
  Receiver: new (options: object) => NodeJS.WritableStream;
  Sender: { frame(data: Buffer, options: object): Buffer[] };
};

/** What a parser tells of bytes that come in pieces of at most `piece`. */
function parse(bytes: Uint8Array, piece = 1e9): { told: string[]; parser: FrameParser } {
  const told: string[] = [];
  let message: Buffer[] = [];
  let kind = "";
  const parser = new FrameParser({
    onMessageStart: (isText) => {
      kind = isText ? "text" : "binary";
      message = [];
    },
    onMessageData: (data, start, end) => message.push(Buffer.from(data.subarray(start, end))),
    onMessageEnd: () => told.push(`${kind} ${Buffer.concat(message).toString("latin1")}`),
    onPing: (payload) => told.push(`ping ${payload}`),
    onPong: (payload) => told.push(`pong ${payload}`),
    onClose: (code, reason) => told.push(`close ${code} ${reason}`),
  });
  for (let i = 0; i < bytes.length; i += piece) parser.push(bytes, i, Math.min(bytes.length, i + piece));
  return { told, parser };
}

const bytes = (...parts: (number | string)[]) =>
  Buffer.concat(parts.map((part) => (typeof part === "number" ? Buffer.from([part]) : Buffer.from(part))));
const hex = (text: string) => Buffer.from(text.replaceAll(" ", ""), "hex");

describe("frames of a server", () => {
  it.each<[name: string, bytes: Uint8Array, told: string[]]>([
    ["RFC 6455 §5.7: a single-frame unmasked text message", hex("81 05 48 65 6c 6c 6f"), ["text Hello"]],
    ["RFC 6455 §5.7: a fragmented unmasked text message", hex("01 03 48 65 6c 80 02 6c 6f"), ["text Hello"]],
    ["RFC 6455 §5.7: an unmasked ping", hex("89 05 48 65 6c 6c 6f"), ["ping Hello"]],
    ["RFC 6455 §5.7: 256 bytes in a single frame", bytes(0x82, 0x7e, 1, 0, "x".repeat(256)), [`binary ${"x".repeat(256)}`]],
    [
      "RFC 6455 §5.7: 64 KiB in a single frame",
      bytes(0x82, 0x7f, 0, 0, 0, 0, 0, 1, 0, 0, "x".repeat(65_536)),
      [`binary ${"x".repeat(65_536)}`],
    ],
    ["an empty message", hex("81 00"), ["text "]],
    ["an empty message in three fragments", hex("01 00 00 00 80 00"), ["text "]],
    ["a ping between fragments", bytes(0x01, 1, "a", 0x89, 1, "!", 0x80, 1, "b"), ["ping !", "text ab"]],
    ["a pong that nobody asked for", hex("8a 00"), ["pong "]],
    ["a character cut by fragments", bytes(0x01, 1, 0xc3, 0x80, 1, 0xa9), ["text Ã©"]],
    ["bytes that are no text", bytes(0x82, 2, 0xff, 0xfe), ["binary ÿþ"]],
    ["a close without a code", hex("88 00"), ["close 1005 "]],
    ["a close with a reason", bytes(0x88, 5, 0x03, 0xe9, "bye"), ["close 1001 bye"]],
    ["what follows a close: nothing", bytes(0x88, 0, 0x81, 1, "a"), ["close 1005 "]],
  ])("%s", (_, given, told) => {
    for (const piece of [1e9, 1, 3, 1000]) {
      const parsed = parse(given, piece);
      expect([parsed.told, parsed.parser.problem]).toEqual([told, ""]);
    }
  });

  it.each<[problem: string, bytes: Uint8Array]>([
    ["a masked frame from the server", hex("81 85 37 fa 21 3d 7f 9f 4d 51 58")],
    ["a reserved bit is set", hex("c1 00")],
    ["a reserved bit is set", hex("91 00")],
    ["unknown opcode 3", hex("83 00")],
    ["unknown opcode 11", hex("8b 00")],
    ["a fragmented control frame", hex("09 00")],
    ["a control frame above 125 bytes", hex("89 7e 00 7e")],
    ["a continuation of no message", hex("80 00")],
    ["a message within a message", hex("01 00 81 00")],
    ["a length in more bytes than it needs", hex("82 7e 00 7d")],
    ["a length in more bytes than it needs", hex("82 7f 00 00 00 00 00 00 ff ff")],
    ["a frame above 8 PiB", hex("82 7f ff ff ff ff ff ff ff ff")],
    ["a close frame of one byte", hex("88 01 03")],
    ["close code 999", hex("88 02 03 e7")],
    ["close code 1005", hex("88 02 03 ed")],
    ["close code 1006", hex("88 02 03 ee")],
    ["close code 1015", hex("88 02 03 f7")],
    ["close code 5000", hex("88 02 13 88")],
    ["a close reason that is not UTF-8", hex("88 03 03 e8 ff")],
    ["text that is not UTF-8", hex("81 01 ff")],
    ["text that is not UTF-8", hex("81 01 c3")],
    ["text that is not UTF-8", hex("01 01 c3 80 01 41")],
  ])("fail the connection: %s", (problem, given) => {
    for (const piece of [1e9, 1]) expect(parse(given, piece).parser.problem).toBe(problem);
  });
});

describe("UTF-8", () => {
  it("is told from what is not as Node's decoder tells it", () => {
    const decoder = new TextDecoder("utf-8", { fatal: true });
    const isText = (given: Uint8Array) => {
      try {
        decoder.decode(given);
        return true;
      } catch {
        return false;
      }
    };
    const check = new Utf8Check();
    const random = seededRandom(3, 0);
    const edges = [
      0x00, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xed, 0xef, 0xf0, 0xf4, 0xf5, 0xff,
    ];
    let good = 0;
    for (let round = 0; round < 200_000; round++) {
      const given = Uint8Array.from({ length: 1 + (round % 4) }, () => edges[Math.floor(random() * edges.length)] as number);
      check.begin();
      const ours = check.push(given, 0, 1) && check.push(given, 1, given.length) && check.complete;
      if (ours !== isText(given)) expect(Buffer.from(given).toString("hex")).toBe(ours ? "refused" : "accepted");
      if (ours) good++;
    }
    expect(good).toBeGreaterThan(1000);
  });
});

/** `ws` on both sides: the oracle of what is sent and of what is received. */
describe("beside ws", () => {
  it("frames that we send are what it receives, masked, of every length", async () => {
    for (const length of [0, 1, 125, 126, 127, 65_535, 65_536, 100_000]) {
      const payload = Buffer.alloc(length, "grüße ");
      const sent = frame(Opcode.binary, payload);
      expect((sent[1] as number) & 0x80).toBe(0x80);
      const received = await receive(sent);
      expect(received).toEqual([`message ${payload.toString("latin1")}`]);
    }
    expect(await receive(Buffer.concat([frame(Opcode.ping, Buffer.from("a")), closeFrame(1000, "done")]))).toEqual([
      "ping a",
      "conclude 1000 done",
    ]);
  });

  it("no two frames have the same mask", () => {
    const keys = Array.from({ length: 2000 }, () => frame(Opcode.text, Buffer.alloc(0)).toString("hex", 2, 6));
    expect(new Set(keys).size).toBeGreaterThan(1990);
  });

  it("frames that it sends are what we receive, fragments and control frames between them, however they are cut", () => {
    const random = seededRandom(11, 0);
    for (let round = 0; round < 300; round++) {
      const out: Buffer[] = [];
      const expected: string[] = [];
      const options = (opcode: number, fin = true) => ({ fin, opcode, mask: false, rsv1: false, readOnly: false });
      const add = (data: Buffer, opcode: number, fin = true) => out.push(...Sender.frame(data, options(opcode, fin)));
      for (let n = 0; n < 5; n++) {
        const data = Buffer.alloc(Math.floor(random() * ([10, 200, 70_000][n % 3] as number)), "naïve ");
        const whole = data.subarray(0, data.length - (data.length % 7));
        const cut = Math.floor(random() * whole.length);
        if (random() < 0.5) add(whole, Opcode.binary);
        else {
          add(whole.subarray(0, cut), Opcode.binary, false);
          if (random() < 0.5) {
            add(Buffer.from("p"), Opcode.ping);
            expected.push("ping p");
          }
          add(whole.subarray(cut), Opcode.continuation);
        }
        expected.push(`binary ${whole.toString("latin1")}`);
      }
      const { told, parser } = parse(Buffer.concat(out), 1 + Math.floor(random() * 5000));
      expect([told, parser.problem]).toEqual([expected, ""]);
    }
  });
});

function receive(sent: Buffer): Promise<string[]> {
  const receiver = new Receiver({ isServer: true });
  const told: string[] = [];
  receiver.on("message", (data: Buffer) => told.push(`message ${Buffer.from(data).toString("latin1")}`));
  receiver.on("ping", (data: Buffer) => told.push(`ping ${data}`));
  receiver.on("conclude", (code: number, reason: Buffer) => told.push(`conclude ${code} ${reason}`));
  return new Promise((resolve, reject) => {
    receiver.on("error", reject);
    receiver.on("finish", () => resolve(told));
    Readable.from([sent]).pipe(receiver);
  });
}
