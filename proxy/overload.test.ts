import { expect, test } from "vitest";
import { useEdge } from "./testing/edge-case.ts";
import { ok } from "./testing/raw-upstream.ts";

const edge = useEdge();

test("beyond pool and queue a request gets 503 with Retry-After at once; health and metrics still answer", async () => {
  await edge.restart({ UPSTREAM_CONNECTIONS: "1", EDGE_MAX_QUEUED: "1" });
  const waiting: (() => void)[] = [];
  edge.upstream.respond = ({ head, socket }) => {
    if (head.startsWith("GET /readyz")) return ok("ready");
    waiting.push(() => socket.write(ok("done")));
    return null;
  };
  const [first, second, third] = [await edge.open(), await edge.open(), await edge.open()];
  first.send("GET /1 HTTP/1.1\r\nHost: edge.test\r\n\r\n");
  await expect.poll(() => waiting.length).toBe(1);
  second.send("GET /2 HTTP/1.1\r\nHost: edge.test\r\n\r\n");
  await expect.poll(async () => (await edge.edge.admin("/metrics")).text).toContain("edge_queued 1\n");

  const refused = await third.get("/3");
  expect([refused.status, refused.headers["retry-after"], JSON.parse(refused.body.toString()).error]).toEqual([
    503,
    ["1"],
    "OVERLOADED",
  ]);
  expect(await edge.edge.admin("/readyz")).toMatchObject({ status: 200 });
  expect((await edge.edge.admin("/healthz")).status).toBe(200);

  waiting[0]?.();
  expect((await first.response()).status).toBe(200);
  await expect.poll(() => waiting.length).toBe(2);
  waiting[1]?.();
  expect((await second.response()).status).toBe(200);
  expect(edge.upstream.requests.some(({ head }) => head.includes("/3"))).toBe(false);
  const { text } = await edge.edge.admin("/metrics");
  expect(text).toContain("edge_refused_total 1\n");
  expect(text).toContain("edge_in_flight 0\n");
});

test("health checks pass when every place is taken, so many at once and no more", async () => {
  await edge.restart({ UPSTREAM_CONNECTIONS: "1", EDGE_MAX_QUEUED: "0" });
  const waiting: (() => void)[] = [];
  edge.upstream.respond = ({ head, socket }) => {
    if (!/x-hang/i.test(head)) return ok("well");
    waiting.push(() => socket.write(ok("done")));
    return null;
  };
  const busy = await edge.open();
  busy.send("GET / HTTP/1.1\r\nHost: a\r\nX-Hang: yes\r\n\r\n");
  await expect.poll(() => waiting.length).toBe(1);

  const client = await edge.open();
  expect((await client.get("/healthz")).body.toString()).toBe("well");
  expect((await client.get("/healthz?deep")).status).toBe(503);
  expect((await client.get("/other")).status).toBe(503);
  const withBody = "POST /healthz HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi";
  expect((await (await edge.open()).request(withBody)).status).toBe(503);

  const checks = await Promise.all(Array.from({ length: 16 }, () => edge.open()));
  for (const check of checks) check.send("GET /healthz HTTP/1.1\r\nHost: a\r\nX-Hang: yes\r\n\r\n");
  await expect.poll(() => waiting.length).toBe(17);
  expect((await client.get("/healthz")).status).toBe(503);

  for (const answer of waiting) answer();
  for (const check of checks) expect((await check.response()).status).toBe(200);
  expect((await busy.response()).status).toBe(200);
  expect((await client.get("/healthz")).status).toBe(200);
});
