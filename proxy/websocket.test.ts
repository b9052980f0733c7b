import type { Socket } from "node:net";
import { expect, test } from "vitest";
import { useEdge } from "./testing/edge-case.ts";
import { ok, type RawRequest } from "./testing/raw-upstream.ts";

const edge = useEdge();

const key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==";
const handshake = (...lines: string[]) =>
  `GET /chat HTTP/1.1\r\nHost: edge.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n${[key, ...lines].map((line) => `${line}\r\n`).join("")}\r\n`;
const switching =
  "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

/** Accepts handshakes and sends every later byte back. */
function echo({ socket }: RawRequest): string {
  socket.removeAllListeners("data");
  socket.on("data", (chunk) => socket.write(chunk));
  return switching;
}

const next = (socket: { once(event: "data", listener: (chunk: Buffer) => void): unknown }) =>
  new Promise<string>((resolve) => socket.once("data", (chunk) => resolve(chunk.toString("latin1"))));

test("the client hears 101 only after the upstream has said it, and then bytes pass both ways", async () => {
  let accept = () => {};
  edge.upstream.respond = (received) => {
    accept = () => received.socket.write(echo(received));
    return null;
  };
  const client = await edge.open();
  client.send(handshake("Sec-WebSocket-Protocol: chat", "X-Forwarded-For: 1.1.1.1"));
  await expect.poll(() => edge.upstream.requests.length).toBe(1);
  let heard = 0;
  client.socket.on("data", (chunk) => {
    heard += chunk.length;
  });
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(heard).toBe(0);
  accept();
  const response = await client.response();
  expect([response.status, response.headers.upgrade, response.headers.connection]).toEqual([101, ["websocket"], ["Upgrade"]]);
  expect(response.headers["sec-websocket-accept"]).toEqual(["s3pPLMBiTxaQ9kYGzzhZRbK+xOo="]);
  const head = edge.upstream.requests[0]?.head ?? "";
  expect(head).toMatch(/^GET \/chat HTTP\/1\.1\r\n/);
  expect(head).toMatch(/^connection: upgrade\r\nupgrade: websocket\r$/im);
  expect(head).toMatch(/^x-forwarded-for: 127\.0\.0\.1\r$/m);
  expect(head).toContain("Sec-WebSocket-Protocol: chat");
  for (const text of ["\x81\x05hello", "\x00\xff"]) {
    const answer = next(client.socket);
    client.send(Buffer.from(text, "latin1"));
    expect(await answer).toBe(text);
  }
  expect(await edge.metric('edge_requests_total{status="101"}')).toBe(1);
  expect(await edge.metric("edge_in_flight")).toBe(0);
});

test("bytes that come with the handshake are not lost", async () => {
  edge.upstream.respond = echo;
  const client = await edge.open();
  client.send(`${handshake()}early`);
  expect((await client.response()).status).toBe(101);
  await expect.poll(() => edge.upstream.bytesReceived).toBeGreaterThan(0);
  client.end();
});

test.each([401, 403, 404, 503])("a %s of the upstream reaches the client as it is", async (status) => {
  edge.upstream.respond = () => `HTTP/1.1 ${status} No\r\nWWW-Authenticate: Basic\r\nContent-Length: 4\r\n\r\nnope`;
  const client = await edge.open();
  const response = await client.request(handshake());
  expect([response.status, response.headers["www-authenticate"], response.body.toString()]).toEqual([status, ["Basic"], "nope"]);
  await client.closed;
});

test.each([
  ["refuses by closing", 502],
  ["does not answer", 504],
])("an upstream that %s: %s", async (name, status) => {
  await edge.restart({ UPSTREAM_HEADERS_TIMEOUT_MS: "150" });
  edge.upstream.respond = ({ socket }) => {
    if (name !== "does not answer") socket.destroy();
    return null;
  };
  const client = await edge.open();
  const response = await client.request(handshake());
  expect(response.status).toBe(status);
  expect(response.head + response.body).not.toMatch(/127\.0\.0\.1/);
  await client.closed;
  await expect.poll(() => edge.metric("edge_in_flight")).toBe(0);
});

const refusals = [
  { by: "the edge at once", status: 400, line: "Host: evil.test" },
  { by: "the edge before its body", status: 400, line: "Content-Length: 5" },
  { by: "the upstream", status: 404, line: "X: y" },
];
test.each(["never closes", "closes with a byte unread"].flatMap((how) => refusals.map((refusal) => ({ how, ...refusal }))))(
  "a handshake is refused by $by, and its client $how: the connection ends",
  async ({ how, status, line }) => {
    edge.upstream.respond = () => "HTTP/1.1 404 No\r\nContent-Length: 4\r\n\r\nnope";
    const client = await edge.openWith({ allowHalfOpen: true });
    expect((await client.request(handshake(line))).status).toBe(status);
    if (how !== "never closes") client.socket.end("x");
    await expect.poll(() => edge.metric("edge_connections"), { timeout: 10_000 }).toBe(0);
  },
);

test("the end of one side is the end of the other", async () => {
  edge.upstream.respond = echo;
  const first = await edge.open();
  expect((await first.request(handshake())).status).toBe(101);
  const gone = new Promise<void>((resolve) => {
    edge.upstream.onDisconnect = () => resolve();
  });
  first.end();
  await gone;
  const second = await edge.open();
  expect((await second.request(handshake())).status).toBe(101);
  for (const socket of edge.upstream.sockets) socket.end();
  await second.closed;
});

test("an upstream that stops reading holds the client up, and every byte arrives in the end", async () => {
  const total = 48 * 1024 * 1024;
  let held: Socket | null = null;
  edge.upstream.respond = ({ socket }) => {
    socket.removeAllListeners("data");
    socket.pause();
    held = socket;
    return switching;
  };
  const client = await edge.open();
  expect((await client.request(handshake())).status).toBe(101);
  client.send(Buffer.alloc(total, "x"));
  let before = -1;
  const still = () => {
    // What node:tls has not been able to pass on is in writableLength.
    const same = client.socket.bytesWritten === before;
    before = client.socket.bytesWritten;
    return same;
  };
  await expect.poll(still, { interval: 500, timeout: 20_000 }).toBe(true);
  const upstream = held as unknown as Socket;
  let received = 0;
  upstream.on("data", (chunk: Buffer) => {
    received += chunk.length;
  });
  // Most of it is still the client's own: between it and the upstream there is room for a few MiB.
  expect(client.socket.writableLength).toBeGreaterThan(total / 2);
  upstream.resume();
  await expect.poll(() => received, { timeout: 30_000 }).toBe(total);
});

test("a client that stops reading holds the upstream up, and every byte arrives in the end", async () => {
  const total = 32 * 1024 * 1024;
  let written = 0;
  edge.upstream.respond = ({ socket }) => {
    const block = Buffer.alloc(256 * 1024, "x");
    const pump = () => {
      while (written < total) {
        written += block.length;
        if (!socket.write(block)) return;
      }
    };
    socket.on("drain", pump);
    setTimeout(pump, 10);
    return switching;
  };
  const client = await edge.open();
  expect((await client.request(handshake())).status).toBe(101);
  client.socket.removeAllListeners("data");
  client.socket.pause();
  let before = -1;
  const still = () => {
    const same = written > 0 && written === before;
    before = written;
    return same;
  };
  await expect.poll(still, { interval: 300, timeout: 20_000 }).toBe(true);
  expect(written).toBeLessThan(total);
  let received = 0;
  client.socket.on("data", (chunk: Buffer) => {
    received += chunk.length;
  });
  client.socket.resume();
  await expect.poll(() => received, { timeout: 30_000 }).toBeGreaterThan(total - 1024 * 1024);
});

test("beyond the limit: 503 with Retry-After, nothing forwarded", async () => {
  await edge.restart({ EDGE_MAX_WEBSOCKETS: "1" });
  edge.upstream.respond = echo;
  const first = await edge.open();
  expect((await first.request(handshake())).status).toBe(101);
  const refused = await (await edge.open()).request(handshake());
  expect([refused.status, refused.headers["retry-after"]]).toEqual([503, ["1"]]);
  expect(edge.upstream.requests).toHaveLength(1);
  first.end();
  await expect.poll(async () => (await (await edge.open()).request(handshake())).status, { timeout: 10_000 }).toBe(101);
});

test.each([
  [
    "h2c",
    "GET / HTTP/1.1\r\nHost: edge.test\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n",
  ],
  ["another protocol", "GET / HTTP/1.1\r\nHost: edge.test\r\nConnection: Upgrade\r\nUpgrade: tls/1.2\r\n\r\n"],
  [
    "websocket by POST",
    "POST / HTTP/1.1\r\nHost: edge.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 0\r\n\r\n",
  ],
])("%s is not upgraded to: the request is served as if it had not asked", async (_name, bytes) => {
  edge.upstream.respond = () => ok("plain");
  const response = await edge.send(bytes);
  expect([response.status, response.body.toString()]).toEqual([200, "plain"]);
  expect(edge.upstream.requests[0]?.head).not.toMatch(/upgrade|http2-settings/i);
});

test.each([
  ["two Hosts", handshake("Host: evil.test")],
  ["a body", handshake("Content-Length: 5")],
  ["a parent segment", handshake().replace("/chat", "/../chat")],
])("a handshake with %s: 400, nothing forwarded", (_name, bytes) => edge.expectRefused(bytes, 400));

test("more handshakes at once than may be in flight wait their turn, and one that leaves gives its turn up", async () => {
  await edge.restart({ UPSTREAM_CONNECTIONS: "1" });
  const held: RawRequest[] = [];
  edge.upstream.respond = (received) => {
    held.push(received);
    return null;
  };
  const clients = [await edge.open(), await edge.open(), await edge.open()];
  for (const [i, client] of clients.entries()) {
    client.send(handshake());
    await expect.poll(() => edge.metric("edge_in_flight")).toBe(1);
    await expect.poll(() => edge.metric("edge_queued")).toBe(i);
  }
  clients[1]?.socket.destroy();
  await expect.poll(() => edge.metric("edge_queued")).toBe(1);
  held[0]?.socket.write(echo(held[0]));
  expect((await clients[0]?.response())?.status).toBe(101);
  await expect.poll(() => held.length).toBe(2);
  held[1]?.socket.write(echo(held[1] as RawRequest));
  expect((await clients[2]?.response())?.status).toBe(101);
  expect(await edge.metric("edge_in_flight")).toBe(0);
});
