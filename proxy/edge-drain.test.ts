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
