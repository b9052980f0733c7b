import type { ConnectionOptions } from "node:tls";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { makeTestCertificate, startEdge, type TestCertificate, type TestEdge } from "./testing/edge.ts";
import { ok, type RawUpstream, startUpstream } from "./testing/raw-upstream.ts";

let certificate: TestCertificate;
let upstream: RawUpstream;
let edge: TestEdge;

beforeAll(async () => {
  certificate = await makeTestCertificate();
});
afterAll(() => certificate.remove());
beforeEach(async () => {
  upstream = await startUpstream();
});
afterEach(async () => {
  await upstream.close();
});

const start = async (env: Record<string, string>) => {
  edge = await startEdge(certificate, { UPSTREAM_URL: upstream.origin, ...env });
};

/** Answers /slow when told to. */
function holdSlow(): { asked: Promise<void>; answer: () => void } {
  const asked = Promise.withResolvers<void>();
  let answer = () => {};
  upstream.respond = ({ head, socket }) => {
    if (!head.startsWith("GET /slow")) return ok("x");
    answer = () => socket.write(ok("late"));
    asked.resolve();
    return null;
  };
  return { asked: asked.promise, answer: () => answer() };
}

test("a drain fails readiness first, finishes what is in flight, closes idle connections and refuses new ones", async () => {
  await start({});
  const slow = holdSlow();
  const [busy, idle] = [await edge.open(), await edge.open()];
  expect((await idle.get("/")).status).toBe(200);
  busy.send("GET /slow HTTP/1.1\r\nHost: edge.test\r\n\r\n");
  await slow.asked;

  const drained = edge.drain();
  await idle.closed;
  expect(await edge.admin("/readyz")).toMatchObject({ status: 503, text: expect.stringContaining('"accepting":"draining"') });
  await expect(edge.open()).rejects.toThrow(/ECONNREFUSED/);

  slow.answer();
  const response = await busy.response();
  expect([response.status, response.body.toString(), response.headers.connection]).toEqual([200, "late", ["close"]]);
  await busy.closed;
  expect(await drained).toBe(0);
});

test("during the delay requests are still served, and told to be the last of their connection", async () => {
  await start({ EDGE_DRAIN_DELAY_MS: "1000" });
  const client = await edge.open();
  const drained = edge.drain();
  const response = await client.get("/");
  expect([response.status, response.headers.connection]).toEqual([200, ["close"]]);
  expect(await drained).toBe(0);
});

test("a connection whose answer had begun before the drain is closed when that answer ends", async () => {
  await start({});
  let finish = () => {};
  upstream.respond = ({ socket }) => {
    finish = () => socket.write("done!");
    return "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nbegun";
  };
  const client = await edge.open();
  client.send("GET / HTTP/1.1\r\nHost: edge.test\r\n\r\n");
  await new Promise((resolve) => client.socket.once("data", resolve));
  const drained = edge.drain();
  finish();
  const response = await client.response();
  expect([response.body.toString(), response.headers.connection]).toEqual(["begundone!", ["keep-alive"]]);
  await client.closed;
  expect(await drained).toBe(0);
});

test("what is left at the deadline is cut, and counted", async () => {
  await start({ EDGE_DRAIN_TIMEOUT_MS: "200" });
  const slow = holdSlow();
  const client = await edge.open();
  client.send("GET /slow HTTP/1.1\r\nHost: edge.test\r\n\r\n");
  await slow.asked;
  expect(await edge.drain()).toBe(1);
  await client.closed;
});

test("a request on an idle connection after the drain began is answered, and told to be the last", async () => {
  await start({});
  const client = await edge.open();
  expect((await client.get("/")).headers.connection).toEqual(["keep-alive"]);
  const drained = edge.drain();
  await expect(edge.open()).rejects.toThrow(/ECONNREFUSED/);
  const response = await client.get("/");
  expect([response.status, response.headers.connection]).toEqual([200, ["close"]]);
  expect(await drained).toBe(0);
});

test("clients that ask again and again lose no request to a drain", async () => {
  await start({});
  const answered = await Promise.all(
    Array.from({ length: 20 }, async (_, index) => {
      const client = await edge.open();
      let drained: Promise<number> | null = null;
      for (let count = 1; ; count++) {
        const response = await client.get("/");
        if (response.headers.connection?.[0] === "close") return drained === null || (await drained) === 0 ? count : -1;
        if (index === 0 && count === 10) drained = edge.drain();
      }
    }),
  );
  for (const count of answered) expect(count).toBeGreaterThan(0);
});

test("a request that crosses the end of its idle connection has no effect, and meets an end, not a reset", async () => {
  await start({ EDGE_DRAIN_IDLE_MS: "0" });
  // half-open: it learns of the end, and sends all the same, as a client does whose request is under way by then
  const client = await edge.open({ allowHalfOpen: true } as ConnectionOptions);
  const errors: Error[] = [];
  client.socket.on("error", (error) => errors.push(error));
  await client.get("/");
  const before = upstream.requests.length;
  const drained = edge.drain();
  await client.closed;
  client.send("POST / HTTP/1.1\r\nHost: edge.test\r\nContent-Length: 1\r\n\r\nx");
  expect(await drained).toBe(0);
  expect([upstream.requests.length, errors]).toEqual([before, []]);
});

test("half a request's head keeps its connection from being idle", async () => {
  await start({ EDGE_DRAIN_IDLE_MS: "1000" });
  const client = await edge.open();
  await client.get("/");
  const drained = edge.drain();
  await expect(edge.open()).rejects.toThrow(/ECONNREFUSED/);
  client.send("GET /second HTTP/1.1\r\n");
  client.send("Host: edge.test\r\n\r\n");
  expect((await client.response()).status).toBe(200);
  expect(await drained).toBe(0);
});
