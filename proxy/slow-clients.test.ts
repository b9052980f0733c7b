import type { Socket } from "node:net";
import { beforeEach, expect, test } from "vitest";
import { useEdge } from "./testing/edge-case.ts";
import type { RawClient } from "./testing/raw-client.ts";
import { ok, type RawRequest } from "./testing/raw-upstream.ts";

const edge = useEdge({ UPSTREAM_CONNECTIONS: "2", EDGE_MAX_SLOW_CLIENTS: "2", EDGE_BODY_LIMIT_BYTES: "1000000" });

const patience = { timeout: 20_000 };
const totalBytes = 32 * 1024 * 1024;

/** /large as fast as it is taken, everything else at once. */
function respond({ head, socket }: RawRequest): string | null {
  if (!head.startsWith("GET /large")) return ok("served");
  let left = totalBytes;
  const block = Buffer.alloc(256 * 1024, "x");
  const pump = () => {
    while (left > 0 && !socket.destroyed) {
      left -= block.length;
      if (!socket.write(block)) return;
    }
    socket.off("drain", pump);
  };
  socket.on("drain", pump);
  socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${totalBytes}\r\n\r\n`);
  pump();
  return null;
}

beforeEach(() => {
  edge.upstream.respond = respond;
});

const handshake = "Connection: Upgrade\r\nUpgrade: websocket\r\n";

/** A client that has asked for much, and reads nothing; resolves when the edge waits for it. */
async function slowReader(headers = ""): Promise<RawClient> {
  const client = await edge.open();
  const before = edge.upstream.requests.length;
  client.socket.removeAllListeners("data");
  client.socket.pause();
  client.send(`GET /large HTTP/1.1\r\nHost: edge.test\r\n${headers}\r\n`);
  await expect.poll(() => edge.upstream.requests.length, patience).toBe(before + 1);
  const upstream = edge.upstream.requests.at(-1)?.socket as Socket;
  let written = -1;
  const still = () => {
    const same = upstream.bytesWritten === written;
    written = upstream.bytesWritten;
    return same;
  };
  await expect.poll(still, { ...patience, interval: 300 }).toBe(true);
  return client;
}

/** Bytes that a slow reader gets when it reads on, to the end of the connection or of the answer. */
function readOn({ socket }: RawClient): Promise<number> {
  let received = 0;
  return new Promise((resolve) => {
    socket.on("data", (chunk: Buffer) => {
      received += chunk.length;
      if (received > totalBytes) resolve(received);
    });
    socket.once("close", () => resolve(received));
    socket.resume();
  });
}

test.each([
  ["answers", ""],
  ["answers to handshakes", handshake],
])("readers of %s that hold every place keep nobody out, and get every byte in the end", async (_name, headers) => {
  const slow = [await slowReader(headers), await slowReader(headers)];
  expect([await edge.metric("edge_in_flight"), await edge.metric("edge_slow_clients")]).toEqual([2, 0]);
  for (let i = 0; i < 5; i++) expect((await edge.get("/quick")).body.toString()).toBe("served");
  expect(await edge.metric("edge_slow_clients")).toBe(1);
  for (const received of await Promise.all(slow.map(readOn))) expect(received).toBeGreaterThan(totalBytes);
  for (const client of slow) client.end();
  await expect.poll(() => edge.metric("edge_slow_clients"), patience).toBe(0);
  expect([await edge.metric("edge_in_flight"), await edge.metric("edge_slow_clients_cut_total")]).toEqual([0, 0]);
});

test("readers that hold every place do not keep a handshake out", async () => {
  const slow = [await slowReader(), await slowReader()];
  const refused = await edge.get("/socket", handshake.trimEnd());
  expect([refused.status, refused.body.toString()]).toEqual([200, "served"]);
  expect(await edge.metric("edge_slow_clients")).toBe(1);
  for (const client of slow) client.end();
});

test.each([
  ["", ""],
  [" of answers to handshakes", handshake],
])("when the places beside are taken as well, the reader%s at it for longest is cut, and sees it", async (_name, headers) => {
  const slow = [];
  // The third and fourth move the first two.
  for (let i = 0; i < 4; i++) slow.push(await slowReader(headers));
  expect([await edge.metric("edge_in_flight"), await edge.metric("edge_slow_clients")]).toEqual([2, 2]);
  expect((await edge.get("/quick")).body.toString()).toBe("served");
  expect(await edge.metric("edge_slow_clients_cut_total")).toBe(1);
  const received = await Promise.all(slow.map(readOn));
  expect(received.map((bytes) => bytes > totalBytes)).toEqual([false, true, true, true]);
});

test.each([
  ["a length", "Content-Length: 90000\r\n\r\nhello"],
  ["chunks", "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"],
])("senders of bodies with %s that hold every place keep nobody out, and are served when they are done", async (name, rest) => {
  const slow = [await edge.open(), await edge.open()];
  for (const client of slow) {
    const before = edge.upstream.bytesReceived;
    client.send(`POST /slow HTTP/1.1\r\nHost: edge.test\r\n${rest}`);
    await expect.poll(() => edge.upstream.bytesReceived, patience).toBeGreaterThan(before + 50);
  }
  expect((await edge.get("/quick")).body.toString()).toBe("served");
  expect(edge.requestLines).toEqual(["GET /quick HTTP/1.1"]);
  for (const client of slow) {
    client.send(name === "chunks" ? "0\r\n\r\n" : "x".repeat(89_995));
    expect((await client.response()).body.toString()).toBe("served");
  }
  await expect.poll(() => edge.metric("edge_in_flight"), patience).toBe(0);
  expect(await edge.metric("edge_slow_clients")).toBe(0);
});

test("small bodies are awaited within bounded memory: beyond it they are streamed, and slow ones make room as others do", async () => {
  await edge.restart({ EDGE_TLS: "off", EDGE_REQUEST_TIMEOUT_MS: "60000" });
  const senders: RawClient[] = [];
  const send = async () => {
    const client = await edge.open();
    client.send("POST /slow HTTP/1.1\r\nHost: edge.test\r\nContent-Length: 65536\r\n\r\nhello");
    senders.push(client);
  };
  while (senders.length < 512) await send();
  await expect.poll(() => edge.metric("edge_connections"), patience).toBe(512);
  expect(edge.upstream.bytesReceived).toBe(0);
  await send();
  await expect.poll(() => edge.upstream.bytesReceived, patience).toBeGreaterThan(0);
  const [whole, left] = senders;
  whole?.send("x".repeat(65_531));
  expect((await whole?.response())?.body.toString()).toBe("served");
  left?.socket.destroy();
  await expect.poll(() => edge.metric("edge_connections"), patience).toBe(512);
  const before = edge.upstream.bytesReceived;
  await send();
  await send();
  expect((await edge.get("/quick")).body.toString()).toBe("served");
  expect(edge.upstream.bytesReceived - before).toBeLessThan(1_000);
  for (const client of senders) client.end();
});
