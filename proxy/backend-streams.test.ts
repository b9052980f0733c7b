import { afterEach, beforeEach, expect, test } from "vitest";
import { WebSocket } from "ws";
import { createBackend } from "./backend.ts";
import { parseBackendConfig } from "./config.ts";
import { createLog } from "./log.ts";
import type { Service } from "./service.ts";
import { RawClient } from "./testing/raw-client.ts";

const env = { BACKEND_BODY_LIMIT_BYTES: "2000000", BACKEND_KEEP_ALIVE_TIMEOUT_MS: "500" };

let backend: Service;
let port: number;

beforeEach(async () => {
  backend = createBackend(parseBackendConfig(env), createLog("backend", "silent"));
  port = await backend.listen({ host: "127.0.0.1", port: 0, setting: "BACKEND_PORT" });
});
afterEach(async () => {
  await backend.drain();
});

const events = async (query: string, headers: Record<string, string> = {}) => {
  const response = await fetch(`http://127.0.0.1:${port}/events?${query}`, { headers });
  return { response, text: await response.text() };
};

async function socket(path = "/ws"): Promise<WebSocket> {
  const client = new WebSocket(`ws://127.0.0.1:${port}${path}`);
  await new Promise((resolve, reject) => client.once("open", resolve).once("error", reject));
  return client;
}

const closed = (client: WebSocket) =>
  new Promise<[number, string]>((resolve) => client.once("close", (code, reason) => resolve([code, reason.toString()])));

test("/events are numbered, as long as asked for, and end after their count", async () => {
  const { response, text } = await events("intervalMs=1&count=3&bytes=5&retryMs=250");
  expect(["content-type", "cache-control", "x-accel-buffering"].map((name) => response.headers.get(name))).toEqual([
    "text/event-stream",
    "no-store",
    "no",
  ]);
  expect(text).toBe("retry: 250\n\nid: 0\ndata: 01234\n\nid: 1\ndata: 01234\n\nid: 2\ndata: 01234\n\n");
});

test("/events go on after the id that a client saw last", async () => {
  const { text } = await events("intervalMs=1&count=1&bytes=0", { "last-event-id": "41" });
  expect(text).toBe("id: 42\ndata: \n\n");
});

test("/events due while a client did not read come when it does, and none is lost", async () => {
  const client = await RawClient.open(port);
  client.send("GET /events?intervalMs=1&count=2000&bytes=65536 HTTP/1.1\r\nHost: a\r\n\r\n");
  client.socket.pause();
  await new Promise((resolve) => setTimeout(resolve, 300));
  client.socket.resume();
  const response = await client.response();
  const ids = [...response.body.toString().matchAll(/^id: (\d+)$/gm)].map(([, id]) => Number(id));
  expect(ids).toEqual(Array.from({ length: 2000 }, (_, id) => id));
});

test.each(["intervalMs=0", "count=0", "bytes=65537", "intervalMs=x", "retryMs=-1"])("/events?%s is refused", async (query) => {
  const { response, text } = await events(query);
  expect([response.status, JSON.parse(text).error]).toEqual([400, expect.stringContaining(query.split("=")[0] as string)]);
});

test("/ws sends back text as text and bytes as bytes", async () => {
  const client = await socket();
  const bytes = Buffer.alloc(1_000_000, 7);
  const received: [string, boolean][] = [];
  client.on("message", (data, isBinary) => received.push([data.toString("latin1"), isBinary]));
  client.send("grüße");
  client.send(bytes);
  await expect.poll(() => received.length).toBe(2);
  expect(received).toEqual([
    [Buffer.from("grüße").toString("latin1"), false],
    [bytes.toString("latin1"), true],
  ]);
  client.terminate();
});

test("/ws ends a client whose message is longer than a body may be: 1009", async () => {
  const client = await socket();
  client.on("error", () => {});
  client.send(Buffer.alloc(2_000_001));
  expect((await closed(client))[0]).toBe(1009);
});

test("a WebSocket elsewhere is not found; another upgrade is served as if it had not asked", async () => {
  const lines = "Host: a\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
  const client = await RawClient.open(port);
  expect((await client.request(`GET /health HTTP/1.1\r\nUpgrade: websocket\r\n${lines}\r\n`)).status).toBe(404);
  const other = await RawClient.open(port);
  expect((await other.request(`GET /healthz HTTP/1.1\r\nUpgrade: h2c\r\n${lines}\r\n`)).status).toBe(200);
});

test("a drain ends streams properly, and at once", async () => {
  const stream = await RawClient.open(port);
  stream.send("GET /events?intervalMs=1000 HTTP/1.1\r\nHost: a\r\n\r\n");
  const client = await socket();
  const goodbye = closed(client);
  // Upgraded and answered: both are open.
  await new Promise((resolve) => stream.socket.once("data", resolve));
  expect(await backend.drain()).toBe(0);
  expect(await goodbye).toEqual([1001, "draining"]);
  expect((await stream.response()).complete).toBe(true);
});

test("a retired process keeps streams as long as idle connections, then ends them properly", async () => {
  const stream = await RawClient.open(port);
  stream.send("GET /events?intervalMs=100 HTTP/1.1\r\nHost: a\r\n\r\n");
  await new Promise((resolve) => stream.socket.once("data", resolve));
  expect(await backend.retire()).toBe(0);
  const { complete, body } = await stream.response();
  expect([complete, body.toString().includes("id: 3\n")]).toEqual([true, true]);
});
