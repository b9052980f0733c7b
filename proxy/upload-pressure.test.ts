import { type AddressInfo, createServer, type Socket } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { useEdge } from "./testing/edge-case.ts";
import { ok } from "./testing/raw-upstream.ts";

const totalBytes = 64 * 1024 * 1024;
/** A byte that no head and no framing has. */
const mark = 0xfe;
const edge = useEdge({ EDGE_BODY_LIMIT_BYTES: String(2 * totalBytes) });

/** Reads nothing until it is told to; then everything, and answers at the end of the body. */
const upstream = createServer({ pauseOnConnect: true }, (socket) => {
  held = socket;
  socket.on("error", () => {});
});
let held: Socket | null = null;

beforeEach(() => new Promise<void>((resolve) => upstream.listen(0, "127.0.0.1", resolve)));
afterEach(async () => {
  held?.destroy();
  held = null;
  await new Promise((resolve) => upstream.close(resolve));
});

test.each([
  ["a length", (body: Buffer) => [`Content-Length: ${body.length}\r\n\r\n`, body]],
  ["chunks", (body: Buffer) => [`Transfer-Encoding: chunked\r\n\r\n${body.length.toString(16)}\r\n`, body, "\r\n0\r\n\r\n"]],
])(
  "an upstream that stops reading holds an upload with %s up: bounded memory, and every byte in the end",
  async (_name, parts) => {
    await edge.restart({ UPSTREAM_URL: `http://127.0.0.1:${(upstream.address() as AddressInfo).port}` });
    const client = await edge.open();
    client.send("POST /x HTTP/1.1\r\nHost: edge.test\r\n");
    for (const part of parts(Buffer.alloc(totalBytes, mark))) client.send(part);
    let before = -1;
    const still = () => {
      const same = held !== null && client.socket.bytesWritten === before;
      before = client.socket.bytesWritten;
      return same;
    };
    await expect.poll(still, { interval: 500, timeout: 20_000 }).toBe(true);
    // Most of it is still the client's own: between it and the upstream there is room for a few MiB.
    expect(client.socket.writableLength).toBeGreaterThan(totalBytes / 2);
    const socket = held as unknown as Socket;
    let received = 0;
    let answered = false;
    socket.on("data", (chunk: Buffer) => {
      for (const byte of chunk) if (byte === mark) received++;
      if (received === totalBytes && !answered) {
        answered = true;
        socket.write(ok("got it"));
      }
    });
    socket.resume();
    expect((await client.response()).body.toString()).toBe("got it");
  },
);
