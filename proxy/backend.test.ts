import { afterAll, beforeAll, expect, test } from "vitest";
import { createBackend } from "./backend.ts";
import { parseBackendConfig } from "./config.ts";
import { createLog } from "./log.ts";
import type { Service } from "./service.ts";
import { RawClient } from "./testing/raw-client.ts";
import { version } from "./version.ts";

const log = createLog("backend", "silent");
const env = {
  BACKEND_PAYLOAD_LIMIT_BYTES: "5000000",
  BACKEND_BODY_LIMIT_BYTES: "1000",
  BACKEND_WORK_LIMIT_US: "20000",
};
const address = { host: "127.0.0.1", port: 0, setting: "BACKEND_PORT" };

let backend: Service;
let base: string;
let port: number;

beforeAll(async () => {
  backend = createBackend(parseBackendConfig(env), log);
  port = await backend.listen(address);
  base = `http://127.0.0.1:${port}`;
});
afterAll(async () => {
  await backend.drain();
});

test("/health is status and version, nothing else", async () => {
  const response = await fetch(`${base}/health`);
  expect([response.status, response.headers.get("content-type")]).toEqual([200, "application/json"]);
  expect(await response.text()).toBe(`{"status":"ok","version":"${version}"}`);
});

test("/health carries warnings only when there are any", async () => {
  const warned = createBackend(parseBackendConfig(env), log, ["few open files"]);
  const response = await fetch(`http://127.0.0.1:${await warned.listen(address)}/health`);
  expect(await response.json()).toEqual({ status: "ok", version, warnings: ["few open files"] });
  await warned.drain();
});

test("/healthz, /version and /readyz answer", async () => {
  expect(await (await fetch(`${base}/healthz`)).json()).toEqual({ status: "ok" });
  expect(await (await fetch(`${base}/version`)).json()).toEqual({ version });
  expect(await (await fetch(`${base}/readyz`)).json()).toEqual({ status: "ready", checks: { accepting: "ok", memory: "ok" } });
});

test.each(["/health", "/healthz", "/version"])("%s is the same with a query, and without its body for HEAD", async (path) => {
  const plain = await fetch(`${base}${path}`);
  const body = await plain.text();
  const asked = await fetch(`${base}${path}?probe=1`);
  expect([asked.status, await asked.text()]).toEqual([200, body]);
  const head = await fetch(`${base}${path}`, { method: "HEAD" });
  expect([head.status, head.headers.get("content-length"), await head.text()]).toEqual([200, String(body.length), ""]);
});

test("/health goes on during a drain, and tells the client to go", async () => {
  const draining = createBackend(parseBackendConfig(env), log);
  const client = await RawClient.open(await draining.listen(address));
  expect((await client.get("/health")).headers.connection).toEqual(["keep-alive"]);
  const ended = draining.drain();
  const last = await client.get("/health");
  expect([last.status, last.headers.connection]).toEqual([200, ["close"]]);
  await ended;
});

test.each([0, 1, 65_536, 65_537, 1_000_000, 5_000_000])("/payload/%i is exactly that long", async (bytes) => {
  const client = await RawClient.open(port);
  const response = await client.get(`/payload/${bytes}`);
  expect([response.status, response.headers["content-length"], response.body.length, response.complete]).toEqual([
    200,
    [String(bytes)],
    bytes,
    true,
  ]);
  // The connection is where it should be after the last byte.
  expect((await client.get("/healthz")).status).toBe(200);
  client.end();
});

test.each(["-1", "5000001", "1e3", "ten", "0x10", "9999999999999999"])("/payload/%s is refused", async (bytes) => {
  const response = await fetch(`${base}/payload/${bytes}`);
  expect(response.status).toBe(400);
  expect(await response.json()).toEqual({ error: `bytes: got "${bytes}", expected a whole number from 0 to 5000000` });
});

test("/payload goes at the reader's pace: a reader that stops does not make it buffer the rest", async () => {
  const client = await RawClient.open(port);
  client.socket.pause();
  client.send("GET /payload/5000000 HTTP/1.1\r\nHost: a\r\n\r\n");
  client.socket.resume();
  expect((await client.response()).body.length).toBe(5_000_000);
  client.end();
});

test("HEAD of a payload has its length and no body", async () => {
  const client = await RawClient.open(port);
  const response = await client.request("HEAD /payload/1000000 HTTP/1.1\r\nHost: a\r\n\r\n");
  expect([response.status, response.headers["content-length"]]).toEqual([200, ["1000000"]]);
  expect((await client.get("/healthz")).status).toBe(200);
  client.end();
});

test("/echo gives method, headers and body back", async () => {
  const response = await fetch(`${base}/echo?x=1`, {
    method: "PUT",
    headers: { "x-mark": "1", "content-type": "text/plain" },
    body: "héllo",
  });
  expect(await response.json()).toMatchObject({
    method: "PUT",
    url: "/echo?x=1",
    headers: { "x-mark": "1" },
    bodyBytes: 6,
    body: "héllo",
  });
});

test("/echo refuses a body above its limit", async () => {
  expect((await fetch(`${base}/echo`, { method: "POST", body: "x".repeat(1001) })).status).toBe(413);
});

test("/work burns the CPU it was asked for", async () => {
  const before = process.cpuUsage();
  let burnedUs = 0;
  for (let i = 0; i < 10; i++) {
    const answer = (await (await fetch(`${base}/work?cpuUs=20000`)).json()) as { cpuUs: number; burnedUs: number };
    expect(answer.cpuUs).toBe(20_000);
    expect(answer.burnedUs).toBeGreaterThanOrEqual(20_000);
    burnedUs += answer.burnedUs;
  }
  const { user, system } = process.cpuUsage(before);
  expect(user + system).toBeGreaterThan(burnedUs * 0.5);
});

test.each(["", "?cpuUs=", "?cpuUs=-1", "?cpuUs=20001", "?cpuUs=5.5", "?cpuUs=1&cpuUs=2"])("/work%s is refused", async (query) => {
  const response = await fetch(`${base}/work${query}`);
  expect(response.status).toBe(400);
  expect(await response.json()).toEqual({
    error: expect.stringMatching(/^cpuUs: got .*, expected a whole number from 0 to 20000$/),
  });
});

test("anything else is 404", async () => {
  expect((await fetch(`${base}/nothing`)).status).toBe(404);
});
