import { afterEach, beforeEach, expect, test } from "vitest";
import { useEdge } from "./testing/edge-case.ts";
import { ok, type RawUpstream, type Respond, startUpstream } from "./testing/raw-upstream.ts";

const edge = useEdge();
let other: RawUpstream;

const isCheck = (head: string) => head.startsWith("GET /readyz");
/** Answers what users ask, and counts it; health checks are answered as told. */
const serve =
  (text: string, healthy = () => true): Respond =>
  ({ head }) => {
    if (!isCheck(head)) return ok(text);
    return healthy() ? ok("ready") : "HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n";
  };
const asked = (upstream: RawUpstream) => upstream.requests.filter(({ head }) => !isCheck(head)).length;

beforeEach(async () => {
  other = await startUpstream(serve("other"));
  edge.upstream.respond = serve("first");
});
afterEach(() => other.close());

const start = (env: Record<string, string> = {}) =>
  edge.restart({
    UPSTREAM_URL: `${edge.upstream.origin},${other.origin}`,
    UPSTREAM_EJECT_MS: "60000",
    UPSTREAM_CHECK_INTERVAL_MS: "3600000",
    ...env,
  });

async function answers(count: number): Promise<string[]> {
  const client = await edge.open();
  const bodies: string[] = [];
  for (let i = 0; i < count; i++) {
    const response = await client.get("/");
    bodies.push(response.status === 200 ? response.body.toString() : String(response.status));
  }
  return bodies;
}

test("an upstream that nobody listens at is ejected, and no request of any method fails for it", async () => {
  await start();
  await other.close();
  expect(await answers(10)).toEqual(Array(10).fill("first"));
  const client = await edge.open();
  const post = "POST / HTTP/1.1\r\nHost: edge.test\r\nContent-Length: 5\r\n\r\nhello";
  for (let i = 0; i < 4; i++) expect((await client.request(post)).status).toBe(200);
  expect(await edge.metric(`edge_upstream_ejections_total{upstream="${other.origin}"}`)).toBe(1);
  expect(await edge.metric(`edge_upstream_connect_failures_total{upstream="${other.origin}"}`)).toBe(3);
  expect(edge.edge.logged).toContainEqual(
    expect.objectContaining({ event: "upstream-ejected", upstream: other.origin, by: "requests" }),
  );
});

test("failures in a row eject; afterwards it is not asked", async () => {
  await start();
  other.respond = ({ socket }) => {
    socket.destroy();
    return null;
  };
  const bodies = await answers(20);
  expect(bodies.filter((body) => body === "502")).toHaveLength(3);
  expect([asked(other), bodies.slice(-10)]).toEqual([3, Array(10).fill("first")]);
});

test("errors that the upstream answers by itself do not eject it", async () => {
  await start();
  other.respond = () => "HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n";
  expect((await answers(20)).filter((body) => body === "500")).toHaveLength(10);
});

test("an ejected upstream comes back after its time, and again when it has recovered", async () => {
  await start({ UPSTREAM_EJECT_MS: "300" });
  const healthy = other.respond;
  other.respond = ({ socket }) => {
    socket.destroy();
    return null;
  };
  await answers(10);
  expect(asked(other)).toBe(3);
  other.respond = healthy;
  await expect.poll(async () => (await answers(2)).includes("other"), { timeout: 10_000 }).toBe(true);
  expect(new Set(await answers(4))).toEqual(new Set(["first", "other"]));
});

test("never all at once: where all are ejected all are asked", async () => {
  await start();
  for (const upstream of [edge.upstream, other]) {
    upstream.respond = ({ socket }) => {
      socket.destroy();
      return null;
    };
  }
  expect(await answers(8)).toEqual(Array(8).fill("502"));
  const before = asked(edge.upstream) + asked(other);
  edge.upstream.respond = serve("first");
  other.respond = serve("other");
  expect(new Set(await answers(4))).toEqual(new Set(["first", "other"]));
  expect(asked(edge.upstream) + asked(other)).toBe(before + 4);
});

test("failing health checks eject without a request lost, and a good one readmits", async () => {
  let healthy = true;
  other.respond = serve("other", () => healthy);
  await start({ UPSTREAM_CHECK_INTERVAL_MS: "50" });
  healthy = false;
  const ejected = `edge_upstream_ejected{upstream="${other.origin}"}`;
  await expect.poll(() => edge.metric(ejected), { timeout: 10_000 }).toBe(1);
  expect(await answers(6)).toEqual(Array(6).fill("first"));
  healthy = true;
  await expect.poll(() => edge.metric(ejected), { timeout: 10_000 }).toBe(0);
  expect(new Set(await answers(4))).toEqual(new Set(["first", "other"]));
});

test("checks of an upstream that does not answer do not pile up, and each counts once", async () => {
  const hang: Respond = ({ head }) => (isCheck(head) ? null : ok("other"));
  await start({ UPSTREAM_CHECK_INTERVAL_MS: "50" });
  other.respond = hang;
  const checks = () => other.requests.filter(({ head }) => isCheck(head)).length;
  await expect.poll(checks).toBeGreaterThan(0);
  await new Promise((resolve) => setTimeout(resolve, 500));
  const before = checks();
  await edge.edge.admin("/readyz");
  expect(checks()).toBeLessThanOrEqual(before + 1);
  // The second that fails in a row ejects.
  const ejected = `edge_upstream_ejected{upstream="${other.origin}"}`;
  expect(await edge.metric(ejected)).toBe(0);
  await expect.poll(() => edge.metric(ejected), { timeout: 10_000 }).toBe(1);
  expect(checks()).toBeGreaterThanOrEqual(before + 1);
});

test("a backend that restarts beside another one costs no request, kept connections and all", async () => {
  await start({ UPSTREAM_EJECT_MS: "200" });
  expect(new Set(await answers(4))).toEqual(new Set(["first", "other"]));
  const { port } = other;
  await other.close();
  expect(await answers(6)).toEqual(Array(6).fill("first"));
  other = await startUpstream(serve("back"), port);
  await expect
    .poll(
      async () => {
        const bodies = await answers(2);
        expect(bodies.join()).toMatch(/^(first|back),(first|back)$/);
        return bodies.includes("back");
      },
      { timeout: 10_000 },
    )
    .toBe(true);
});

test.each([
  ["half way through", "Content-Length: 90000\r\n\r\nhello"],
  ["half way through", "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"],
  ["at the end of", "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"],
])("clients that leave %s their bodies eject nobody: %j", async (_when, rest) => {
  await start();
  const upstreams = [edge.upstream, other];
  for (const upstream of upstreams) upstream.respond = () => null;
  const received = () => edge.upstream.bytesReceived + other.bytesReceived;
  for (let i = 0; i < 8; i++) {
    const client = await edge.open();
    const before = received();
    client.send(`POST /x HTTP/1.1\r\nHost: edge.test\r\n${rest}`);
    await expect.poll(received).toBeGreaterThan(before + 50);
    client.end();
    await expect.poll(() => edge.metric("edge_in_flight")).toBe(0);
  }
  await expect.poll(() => edge.upstream.sockets.size + other.sockets.size).toBe(0);
  for (const { origin } of upstreams) expect(await edge.metric(`edge_upstream_ejections_total{upstream="${origin}"}`)).toBe(0);
  expect(edge.edge.logged.map(({ event }) => event)).not.toContain("upstream-failed");
});
