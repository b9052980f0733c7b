import { connect } from "node:net";
import { expect, test } from "vitest";
import { useEdge } from "./testing/edge-case.ts";
import type { RawClient } from "./testing/raw-client.ts";

const edge = useEdge();

const patience = { timeout: 20_000 };

/** The edge's answer to a request that it stopped waiting for, and the end of the connection. */
async function expectTimedOut(client: RawClient): Promise<void> {
  const response = await client.response();
  expect([response.status, JSON.parse(response.body.toString()).error, response.headers.connection]).toEqual([
    408,
    "REQUEST_TIMEOUT",
    ["close"],
  ]);
  expect((await client.rest()).length).toBe(0);
}

test("a TLS handshake that does not come: the connection ends, nothing is forwarded", async () => {
  await edge.restart({ EDGE_HANDSHAKE_TIMEOUT_MS: "100" });
  const silent = connect(edge.edge.port, "127.0.0.1");
  silent.on("error", () => {});
  silent.resume();
  await new Promise((resolve) => silent.once("close", resolve));
  await expect.poll(() => edge.metric("edge_connections")).toBe(0);
  expect([silent.bytesRead, edge.upstream.connections]).toEqual([0, 0]);
  expect(await edge.metric("edge_tls_failures_total")).toBe(1);
});

test.each([
  ["nothing of the first request", ""],
  ["half a request line", "GET /x"],
  ["half a head", "GET /x HTTP/1.1\r\nHost: edge.test\r\n"],
])("%s within the time for headers: 408 or the end, nothing is forwarded", async (_name, bytes) => {
  await edge.restart({ EDGE_HEADERS_TIMEOUT_MS: "100" });
  const client = await edge.open();
  client.send(bytes);
  await expectTimedOut(client);
  expect(edge.upstream.connections).toBe(0);
});

test("a small body that does not come whole in time: 408, nothing is forwarded", async () => {
  await edge.restart({ EDGE_REQUEST_TIMEOUT_MS: "200" });
  const client = await edge.open();
  client.send("POST /x HTTP/1.1\r\nHost: edge.test\r\nContent-Length: 9\r\n\r\nhello");
  await expectTimedOut(client);
  expect(edge.upstream.connections).toBe(0);
});

test.each([
  ["a length", "Content-Length: 90000\r\n\r\nhello"],
  ["chunks", "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"],
])("a streamed body with %s that does not come whole in time: the upstream's request ends with it", async (_name, rest) => {
  await edge.restart({ EDGE_REQUEST_TIMEOUT_MS: "500" });
  const gone = new Promise<void>((resolve) => {
    edge.upstream.onDisconnect = () => resolve();
  });
  const client = await edge.open();
  client.send(`POST /x HTTP/1.1\r\nHost: edge.test\r\n${rest}`);
  await expect.poll(() => edge.upstream.bytesReceived, patience).toBeGreaterThan(50);
  await expectTimedOut(client);
  await gone;
  // What has come of it never became a request.
  expect(edge.upstream.requests).toHaveLength(0);
  await expect.poll(() => edge.metric("edge_in_flight"), patience).toBe(0);
});

const post = (rest: string) => `POST /x HTTP/1.1\r\nHost: edge.test\r\n${rest}`;

test.each([
  ["a head", "GET /x HTTP/1.1\r\nHost: edge.test\r\n", "\r\n"],
  ["a small body", post("Content-Length: 9\r\n\r\nhello"), "late"],
  ["a streamed body", post("Content-Length: 90000\r\n\r\nhello"), "x".repeat(89_995)],
  ["a body in chunks", post("Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"), "0\r\n\r\n"],
  ["bytes that are no request", "EHLO edge.test\r\n\r\n", ""],
])("%s that goes on after it was refused: never forwarded, and the connection ends all the same", async (_name, bytes, rest) => {
  await edge.restart({ EDGE_REQUEST_TIMEOUT_MS: "500", EDGE_HEADERS_TIMEOUT_MS: "500" });
  const client = await edge.openWith({ allowHalfOpen: true });
  const refused = await client.request(bytes);
  expect([400, 408]).toContain(refused.status);
  client.send(`${rest}GET /more HTTP/1.1\r\nHost: edge.test\r\n\r\n`);
  const dripping = setInterval(() => client.send("x"), 50);
  await expect
    .poll(() => edge.metric("edge_connections"), patience)
    .toBe(0)
    .finally(() => clearInterval(dripping));
  expect(edge.requestLines).toEqual([]);
  await expect.poll(() => edge.metric("edge_in_flight"), patience).toBe(0);
});

test("a connection idle for longer than was announced ends without a word", async () => {
  await edge.restart({ EDGE_KEEP_ALIVE_TIMEOUT_MS: "1000" });
  const client = await edge.open();
  const response = await client.get("/");
  expect([response.status, response.headers["keep-alive"]]).toEqual([200, ["timeout=1"]]);
  expect((await client.rest()).length).toBe(0);
  expect(edge.upstream.requests).toHaveLength(1);
});

test.each([
  ["an answer", ""],
  ["the answer to a handshake", "Connection: Upgrade\r\nUpgrade: websocket\r\n"],
])("a client that has stopped reading %s is let go, and the upstream's answer with it", async (_name, headers) => {
  await edge.restart({ EDGE_SOCKET_TIMEOUT_MS: "500", UPSTREAM_HEADERS_TIMEOUT_MS: "200", EDGE_QUEUE_TIMEOUT_MS: "200" });
  const gone = new Promise<void>((resolve) => {
    edge.upstream.onDisconnect = () => resolve();
  });
  edge.upstream.respond = ({ socket }) => {
    socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${2 ** 30}\r\n\r\n`);
    const block = Buffer.alloc(1024 * 1024);
    const pump = () => {
      while (!socket.destroyed && socket.write(block));
    };
    socket.on("drain", pump);
    pump();
    return null;
  };
  const client = await edge.open();
  client.socket.removeAllListeners("data");
  client.socket.pause();
  client.send(`GET / HTTP/1.1\r\nHost: edge.test\r\n${headers}\r\n`);
  await gone;
  await expect.poll(() => edge.metric("edge_connections"), patience).toBe(0);
});

test("a request that waits too long for a place: 503 with Retry-After, never forwarded", async () => {
  await edge.restart({ UPSTREAM_CONNECTIONS: "1", EDGE_QUEUE_TIMEOUT_MS: "100" });
  edge.upstream.respond = () => null;
  const [first, second] = [await edge.open(), await edge.open()];
  first.send("GET /first HTTP/1.1\r\nHost: edge.test\r\n\r\n");
  await expect.poll(() => edge.upstream.requests.length, patience).toBe(1);
  const response = await second.get("/second");
  expect([response.status, response.headers["retry-after"], response.headers.connection]).toEqual([503, ["1"], ["keep-alive"]]);
  expect(edge.requestLines).toEqual(["GET /first HTTP/1.1"]);
  expect(await edge.metric("edge_queue_timeouts_total")).toBe(1);
});
