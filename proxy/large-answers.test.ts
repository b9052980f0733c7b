import { randomBytes } from "node:crypto";
import type { Socket } from "node:net";
import { setTimeout as sleep, setImmediate as turn } from "node:timers/promises";
import { expect, test } from "vitest";
import { useEdge } from "./testing/edge-case.ts";

const edge = useEdge();

const chunkedHead = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
const chunk = (bytes: Buffer) => Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from("\r\n")]);

/** The upstream's side of the next request, once its head has been answered. */
function nextAnswer(head: string): Promise<Socket> {
  return new Promise((resolve) => {
    edge.upstream.respond = ({ socket }) => {
      setImmediate(resolve, socket);
      return head;
    };
  });
}

test("an answer whose next piece comes while the last is being written goes on to its end", async () => {
  const client = await edge.open();
  const [first, second, third] = [randomBytes(230_000), randomBytes(40_000), randomBytes(1_000)];
  // Where a write ends within a turn is not ours to say: of ten tries some meet it.
  for (let i = 0; i < 10; i++) {
    const answering = nextAnswer(chunkedHead);
    client.send("GET / HTTP/1.1\r\nHost: edge.test\r\n\r\n");
    const response = client.response();
    const upstream = await answering;
    await sleep(20);
    await turn();
    upstream.write(chunk(first));
    await turn();
    upstream.write(chunk(second));
    await sleep(50);
    upstream.write(Buffer.concat([chunk(third), Buffer.from("0\r\n\r\n")]));
    expect((await response).body.equals(Buffer.concat([first, second, third]))).toBe(true);
  }
});

test.for([
  ["with a length", (length: number) => `HTTP/1.1 200 OK\r\nContent-Length: ${length}\r\n\r\n`, (bytes: Buffer) => bytes, ""],
  ["in chunks", () => chunkedHead, chunk, "0\r\n\r\n"],
] as const)("a body in pieces of all sizes, %s, is the same at the client", async ([, head, piece, end]) => {
  const sizes = [1, 65_536, 3, 300_000, 16_384, 262_144, 262_143, 2, 700_000, ...Array.from({ length: 200 }, () => 1)];
  const pieces = sizes.map((size) => randomBytes(size));
  const whole = Buffer.concat(pieces);
  const answering = nextAnswer(head(whole.length));
  const client = await edge.open();
  client.send("GET / HTTP/1.1\r\nHost: edge.test\r\n\r\n");
  const response = client.response();
  const upstream = await answering;
  for (const [i, bytes] of pieces.entries()) {
    upstream.write(piece(bytes));
    if (i % 3 === 0) await turn();
  }
  upstream.write(end);
  expect((await response).body.equals(whole)).toBe(true);
});
