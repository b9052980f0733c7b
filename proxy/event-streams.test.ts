import { expect, test } from "vitest";
import { useEdge } from "./testing/edge-case.ts";
import { ok, type RawRequest } from "./testing/raw-upstream.ts";

const edge = useEdge({ UPSTREAM_CONNECTIONS: "2", EDGE_MAX_QUEUED: "0", EDGE_MAX_EVENT_STREAMS: "5" });

const accept = "Accept: text/event-stream";
const get = (path: string, ...lines: string[]) =>
  `GET ${path} HTTP/1.1\r\nHost: edge.test\r\n${lines.map((line) => `${line}\r\n`).join("")}\r\n`;
const head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\nTransfer-Encoding: chunked\r\n\r\n";
const chunk = (text: string) => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;

/** A stream for every request of /events, whose events a test sends; anything else is answered at once. */
function streams(): RawRequest[] {
  const open: RawRequest[] = [];
  edge.upstream.respond = (request) => {
    if (!request.head.startsWith("GET /events ")) return ok("hello");
    open.push(request);
    return head;
  };
  return open;
}

async function receive(socket: { once(event: "data", listener: (bytes: Buffer) => void): unknown }): Promise<string> {
  return new Promise((resolve) => socket.once("data", (bytes) => resolve(bytes.toString())));
}

test("head and events reach the client when they are sent, not when there are enough of them", async () => {
  const open = streams();
  const client = await edge.open();
  const headed = receive(client.socket);
  client.send(get("/events", accept));
  expect(await headed).toMatch(/^HTTP\/1\.1 200 OK\r\ncontent-type: text\/event-stream; charset=utf-8\r\n/i);
  for (const event of ["data: one\n\n", "data: two\n\n"]) {
    const received = receive(client.socket);
    open[0]?.socket.write(chunk(event));
    expect(await received).toBe(chunk(event));
  }
  expect(await edge.metric("edge_event_streams")).toBe(1);
  client.socket.destroy();
  await expect.poll(() => edge.metric("edge_event_streams")).toBe(0);
});

test("open streams take no place of the requests in flight, nor a connection of their pool", async () => {
  const open = streams();
  for (let i = 0; i < 5; i++) {
    const client = await edge.open();
    const headed = receive(client.socket);
    client.send(get("/events", accept));
    expect(await headed).toContain("200 OK");
  }
  expect(open.length).toBe(5);
  expect([await edge.metric("edge_in_flight"), await edge.metric("edge_event_streams")]).toEqual([0, 5]);
  const answers = await Promise.all([1, 2].map(() => edge.send(get("/plain"))));
  expect(answers.map(({ status }) => status)).toEqual([200, 200]);
});

test("beyond the places for streams: 503 with Retry-After, and the upstream's stream is cancelled", async () => {
  const open = streams();
  const ended: unknown[] = [];
  edge.upstream.onDisconnect = (socket) => ended.push(socket);
  for (let i = 0; i < 5; i++) (await edge.open()).send(get("/events", accept));
  await expect.poll(() => edge.metric("edge_event_streams")).toBe(5);
  const refused = await edge.send(get("/events", accept));
  expect([refused.status, refused.headers["retry-after"]]).toEqual([503, ["1"]]);
  await expect.poll(() => ended.includes(open[5]?.socket)).toBe(true);
  expect(await edge.metric("edge_in_flight")).toBe(0);
});

test("an answer that is no stream, to a client that would take one, keeps its connection", async () => {
  streams();
  for (let i = 0; i < 3; i++) {
    const answer = await edge.send(get("/plain", "Accept: application/json, text/event-stream"));
    expect([answer.status, answer.body.toString()]).toEqual([200, "hello"]);
  }
  expect(edge.upstream.connections).toBe(1);
  expect(await edge.metric("edge_in_flight")).toBe(0);
});

test("a stream that nobody asked for is an answer like any other", async () => {
  streams();
  const client = await edge.open();
  const headed = receive(client.socket);
  client.send(get("/events"));
  expect(await headed).toContain("200 OK");
  expect([await edge.metric("edge_in_flight"), await edge.metric("edge_event_streams")]).toEqual([1, 0]);
});

test("no timeout of a request ends a stream that goes on; silence does", async () => {
  await edge.restart({
    EDGE_REQUEST_TIMEOUT_MS: "200",
    EDGE_HEADERS_TIMEOUT_MS: "200",
    EDGE_KEEP_ALIVE_TIMEOUT_MS: "200",
    EDGE_QUEUE_TIMEOUT_MS: "100",
    UPSTREAM_IDLE_TIMEOUT_MS: "200",
    UPSTREAM_HEADERS_TIMEOUT_MS: "200",
    UPSTREAM_BODY_TIMEOUT_MS: "200",
    EDGE_SOCKET_TIMEOUT_MS: "1500",
  });
  const open = streams();
  const client = await edge.open();
  client.send(get("/events", accept));
  await expect.poll(() => open.length).toBe(1);
  let received = "";
  client.socket.on("data", (bytes) => {
    received += bytes.toString();
  });
  // Node looks for expired connections once a second.
  for (let n = 0; n < 6; n++) {
    await new Promise((resolve) => setTimeout(resolve, 500));
    open[0]?.socket.write(chunk(`data: ${n}\n\n`));
  }
  await expect.poll(() => received).toContain("data: 5\n\n");
  await client.closed;
  expect(received).not.toContain("\r\n0\r\n\r\n");
});

test("a client that does not read stops the upstream, with bounded memory", async () => {
  const open = streams();
  const client = await edge.open();
  client.send(get("/events", accept));
  await expect.poll(() => open.length).toBe(1);
  client.socket.pause();
  const upstream = open[0]?.socket;
  const event = chunk(`data: ${"x".repeat(65_536)}\n\n`);
  let sent = 0;
  while (sent < 2_000 && upstream?.write(event)) sent++;
  await new Promise((resolve) => setTimeout(resolve, 200));
  for (let i = 0; i < 400; i++) upstream?.write(event);
  await new Promise((resolve) => setTimeout(resolve, 500));
  // Beyond what sockets and the edge hold, bytes stay with the upstream.
  expect(upstream?.writableLength).toBeGreaterThan(1_000_000);
  client.socket.destroy();
});

test("a truncated stream is a broken transfer at the client, and its end a proper end", async () => {
  const open = streams();
  const [cut, whole] = [await edge.open(), await edge.open()];
  for (const client of [cut, whole]) client.send(get("/events", accept));
  await expect.poll(() => open.length).toBe(2);
  open[0]?.socket.write(chunk("data: 1\n\n"));
  open[0]?.socket.end();
  open[1]?.socket.write(`${chunk("data: 1\n\n")}0\r\n\r\n`);
  expect([(await cut.response()).complete, (await whole.response()).complete]).toEqual([false, true]);
});
