import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { makeTestCertificate, startEdge, type TestCertificate, type TestEdge } from "./testing/edge.ts";
import type { RawClient } from "./testing/raw-client.ts";
import { ok, type RawUpstream, startUpstream } from "./testing/raw-upstream.ts";

let certificate: TestCertificate;
let upstream: RawUpstream;
let edge: TestEdge;
const clients: RawClient[] = [];

beforeAll(async () => {
  certificate = await makeTestCertificate();
});
afterAll(() => certificate.remove());

/** Replaces the edge of the test by one with other settings. */
async function restartEdge(env: Record<string, string>): Promise<void> {
  await edge?.drain();
  edge = await startEdge(certificate, { UPSTREAM_URL: upstream.origin, EDGE_DRAIN_TIMEOUT_MS: "500", ...env });
}

async function open(): Promise<RawClient> {
  const client = await edge.open();
  clients.push(client);
  return client;
}

beforeEach(async () => {
  upstream = await startUpstream();
  edge = await startEdge(certificate, { UPSTREAM_URL: upstream.origin, EDGE_DRAIN_TIMEOUT_MS: "500" });
});
afterEach(async () => {
  for (const client of clients.splice(0)) client.end();
  await edge.drain();
  await upstream.close();
});

const json = (body: Buffer): Record<string, unknown> => JSON.parse(body.toString());
const post = (path: string, body: string, ...headers: string[]) =>
  `POST ${path} HTTP/1.1\r\nHost: edge.test\r\n${headers.map((line) => `${line}\r\n`).join("")}Content-Length: ${body.length}\r\n\r\n${body}`;

describe("connections", () => {
  test("200 requests use one TLS connection and one upstream connection, whatever the upstream says of its own", async () => {
    upstream.respond = ({ onConnection }) => ok(String(onConnection), "Connection: keep-alive", "Keep-Alive: timeout=5");
    const client = await open();
    for (let i = 1; i <= 200; i++) {
      const response = await client.get("/health");
      expect([response.status, response.body.toString()]).toEqual([200, String(i)]);
      expect(response.headers["keep-alive"]).toEqual(["timeout=75"]);
    }
    expect(upstream.connections).toBe(1);
    const { text } = await edge.admin("/metrics");
    expect(text).toContain("edge_tls_handshakes_total 1\n");
    for (const [name, value] of [
      ["connections_opened", 1],
      ["connections_reused", 199],
    ]) {
      expect(text).toContain(`edge_upstream_${name}_total{upstream="${upstream.origin}"} ${value}\n`);
    }
    expect(text).toMatch(/^edge_nodejs_eventloop_lag_p99_seconds \d/m);
    expect(text).toContain("edge_connections 1\n");
  });

  test("an upstream that closes each connection does not make the client reconnect", async () => {
    upstream.respond = ({ socket }) => {
      socket.end(ok("bye", "Connection: close"));
      return null;
    };
    const client = await open();
    for (let i = 0; i < 5; i++) {
      const response = await client.get("/");
      expect([response.status, response.headers.connection]).toEqual([200, ["keep-alive"]]);
    }
    expect(upstream.connections).toBe(5);
  });

  test("an upstream connection carries no more than its number of requests", async () => {
    await restartEdge({ UPSTREAM_REQUESTS_PER_CONNECTION: "10" });
    upstream.respond = ({ head, socket }) => {
      if (!/^connection: close\r?$/m.test(head)) return ok("x");
      socket.end(ok("x"));
      return null;
    };
    const client = await open();
    for (let i = 0; i < 30; i++) expect((await client.get("/")).status).toBe(200);
    expect(upstream.connections).toBe(3);
    expect(Math.max(...upstream.requests.map((request) => request.onConnection))).toBe(10);
  });

  test("TLS 1.2 and 1.3 are spoken, and a second connection resumes the first one's session", async () => {
    const { RawClient } = await import("./testing/raw-client.ts");
    const tls = { ca: certificate.ca, host: "127.0.0.1", servername: "localhost" };
    for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
      const first = await RawClient.open(edge.port, {
        ...tls,
        minVersion: version,
        maxVersion: version,
        ALPNProtocols: ["h2", "http/1.1"],
      });
      clients.push(first);
      expect([first.tls.getProtocol(), first.tls.alpnProtocol]).toEqual([version, "http/1.1"]);
      const session = new Promise<Buffer>((resolve) => first.tls.once("session", resolve));
      expect((await first.get("/")).status).toBe(200);
      const ticket = version === "TLSv1.3" ? await session : (first.tls.getSession() ?? Buffer.alloc(0));
      const second = await RawClient.open(edge.port, { ...tls, minVersion: version, maxVersion: version, session: ticket });
      clients.push(second);
      expect(second.tls.isSessionReused()).toBe(true);
    }
    await expect(
      RawClient.open(edge.port, { ...tls, minVersion: "TLSv1.1", maxVersion: "TLSv1.1", ciphers: "DEFAULT@SECLEVEL=0" }),
    ).rejects.toThrow();
  });

  test("a client that speaks HTTP/2 alone is told so in the handshake (RFC 7301, 3.2), not left to guess", async () => {
    const { RawClient } = await import("./testing/raw-client.ts");
    const tls = { ca: certificate.ca, host: "127.0.0.1", servername: "localhost", ALPNProtocols: ["h2"] };
    await expect(RawClient.open(edge.port, tls)).rejects.toMatchObject({ code: "ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL" });
    expect(upstream.connections).toBe(0);
  });

  test("without TLS the edge speaks plain HTTP, and says so upstream", async () => {
    await restartEdge({ EDGE_TLS: "off" });
    const response = await (await open()).get("/");
    expect(response.status).toBe(200);
    expect(response.headers["strict-transport-security"]).toBeUndefined();
    expect(upstream.requests[0]?.head).toContain("x-forwarded-proto: http");
  });
});

describe("headers", () => {
  test("hop-by-hop headers stop at the edge in both directions, security headers are added", async () => {
    upstream.respond = () =>
      ok("x", "Connection: X-Hop", "X-Hop: 1", "Keep-Alive: timeout=1", "Proxy-Authenticate: Basic", "X-Kept: yes");
    const response = await (await open()).get(
      "/",
      "Connection: keep-alive, X-Gone, X-Forwarded-For",
      "X-Gone: 1",
      "TE: trailers",
      "X-Stays: 1",
    );
    expect(response.head.toLowerCase()).not.toMatch(/x-hop|proxy-authenticate|timeout=1\b/);
    expect(response.headers).toMatchObject({
      "x-kept": ["yes"],
      "strict-transport-security": ["max-age=31536000"],
      "x-content-type-options": ["nosniff"],
    });
    const { head = "" } = upstream.requests[0] ?? {};
    expect(head).not.toMatch(/x-gone|^te:|^trailer/im);
    expect(head).toMatch(/^x-forwarded-for: 127\.0\.0\.1\r?$/m);
    expect(head).toMatch(/^X-Stays: 1\r?$/m);
  });

  test("repeated response headers stay repeated", async () => {
    upstream.respond = () => ok("x", "Set-Cookie: a=1", "Set-Cookie: b=2");
    expect((await (await open()).get("/")).headers["set-cookie"]).toEqual(["a=1", "b=2"]);
  });

  test("Expect: 100-continue is answered by the edge and not passed on", async () => {
    const client = await open();
    client.send("POST /up HTTP/1.1\r\nHost: edge.test\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
    expect((await client.response()).status).toBe(100);
    client.send("hello");
    expect((await client.response()).status).toBe(200);
    expect(upstream.requests[0]?.head).not.toMatch(/expect/i);
    expect(upstream.requests[0]?.body).toBe("hello");
  });

  test("HEAD keeps the length and has no body; 204 has neither", async () => {
    const client = await open();
    upstream.respond = () => "HTTP/1.1 200 OK\r\nContent-Length: 1234\r\n\r\n";
    const head = await client.request("HEAD /big HTTP/1.1\r\nHost: edge.test\r\n\r\n");
    expect([head.status, head.headers["content-length"]]).toEqual([200, ["1234"]]);
    upstream.respond = () => "HTTP/1.1 204 No Content\r\n\r\n";
    const none = await client.get("/none");
    expect([none.status, none.headers["content-length"], none.headers["transfer-encoding"]]).toEqual([204, undefined, undefined]);
    expect((await client.get("/none")).status).toBe(204);
  });
});

describe("bodies", () => {
  test("a body and a query string arrive as they were sent", async () => {
    const response = await (await open()).request(post("/a%20b?q=1&q=%2F+x", '{"a": 1}', "Content-Type: application/json"));
    expect(response.status).toBe(200);
    expect(upstream.requests[0]?.head.split("\r\n")[0]).toBe("POST /a%20b?q=1&q=%2F+x HTTP/1.1");
    expect(upstream.requests[0]?.body).toBe('{"a": 1}');
  });

  test("a chunked upload is streamed on while it arrives", async () => {
    const client = await open();
    client.send(`POST /up HTTP/1.1\r\nHost: edge.test\r\nTransfer-Encoding: chunked\r\n\r\n10000\r\n${"x".repeat(65_536)}\r\n`);
    await expect.poll(() => upstream.bytesReceived, { timeout: 10_000 }).toBeGreaterThan(65_536);
    expect(upstream.requests).toHaveLength(0);
    client.send("6\r\n world\r\n0\r\n\r\n");
    expect((await client.response()).status).toBe(200);
    expect(upstream.requests[0]?.head).toMatch(/^transfer-encoding: chunked\r?$/m);
    expect(upstream.requests[0]?.body).toMatch(/\r\n6\r\n world\r\n0\r\n\r\n$/);
  });

  test("an announced body above the limit is refused with 413 before a byte of it is forwarded", async () => {
    await restartEdge({ EDGE_BODY_LIMIT_BYTES: "1000" });
    const client = await open();
    client.send("POST /up HTTP/1.1\r\nHost: edge.test\r\nContent-Length: 1001\r\n\r\n");
    const response = await client.response();
    expect([response.status, json(response.body).error, response.headers.connection]).toEqual([413, "BODY_TOO_LARGE", ["close"]]);
    await client.closed;
    expect(upstream.requests).toHaveLength(0);
    expect(upstream.connections).toBe(0);
  });

  test("a chunked body above the limit is refused with 413 while it is streamed", async () => {
    await restartEdge({ EDGE_BODY_LIMIT_BYTES: "1000" });
    const client = await open();
    client.send("POST /up HTTP/1.1\r\nHost: edge.test\r\nTransfer-Encoding: chunked\r\n\r\n");
    client.send(`400\r\n${"x".repeat(1024)}\r\n`);
    const response = await client.response();
    expect([response.status, response.headers.connection]).toEqual([413, ["close"]]);
    expect(upstream.requests).toHaveLength(0);
  });

  test("a response that the upstream cuts short is cut short for the client, never a short success", async () => {
    upstream.respond = ({ socket }) => {
      socket.end("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this");
      return null;
    };
    const response = await (await open()).get("/");
    expect([response.status, response.complete]).toEqual([200, false]);
  });

  test("a close-delimited response arrives whole, and the client's connection stays", async () => {
    upstream.respond = ({ socket }) => {
      socket.end("HTTP/1.1 200 OK\r\n\r\nuntil the end");
      return null;
    };
    const client = await open();
    for (let i = 0; i < 2; i++) expect((await client.get("/")).body.toString()).toBe("until the end");
  });
});

describe("upstream failures", () => {
  test("refused: 502 with the request's id and without the upstream's address", async () => {
    await upstream.close();
    const client = await open();
    const response = await client.get("/health?token=hunter2");
    expect(response.status).toBe(502);
    expect(Object.keys(json(response.body)).sort()).toEqual(["error", "message", "requestId"]);
    expect(json(response.body).error).toBe("UPSTREAM_REFUSED");
    expect(response.head + response.body).not.toMatch(new RegExp(`127\\.0\\.0\\.1|${upstream.port}`));
    expect(edge.logged.find((line) => line.requestId === json(response.body).requestId)).toMatchObject({
      code: "UPSTREAM_REFUSED",
    });
    expect((await client.get("/health")).status).toBe(502);
  });

  test("closed before an answer: 502 and, because the connection was new, no repetition", async () => {
    upstream.respond = ({ socket }) => {
      socket.destroy();
      return null;
    };
    const response = await (await open()).get("/");
    expect([response.status, json(response.body).error]).toEqual([502, "UPSTREAM_CLOSED"]);
    expect(upstream.requests).toHaveLength(1);
  });

  test("an answer that is not HTTP: 502", async () => {
    upstream.respond = () => "SMTP ready\r\n\r\n";
    expect((await (await open()).get("/")).status).toBe(502);
  });

  test("no answer in time: 504, and the next request is served", async () => {
    await restartEdge({ UPSTREAM_HEADERS_TIMEOUT_MS: "150" });
    upstream.respond = () => null;
    const client = await open();
    const response = await client.get("/slow");
    expect([response.status, json(response.body).error]).toEqual([504, "UPSTREAM_TIMEOUT"]);
    upstream.respond = () => ok("fast");
    expect((await client.get("/")).status).toBe(200);
  });

  test("a 503 of the upstream is passed on once, as it is", async () => {
    upstream.respond = () => "HTTP/1.1 503 Busy\r\nRetry-After: 7\r\nContent-Length: 4\r\n\r\nbusy";
    const response = await (await open()).get("/");
    expect([response.status, response.headers["retry-after"], response.body.toString()]).toEqual([503, ["7"], "busy"]);
    expect(upstream.requests).toHaveLength(1);
  });

  test("a GET that meets a connection the upstream has just closed is repeated once on another", async () => {
    upstream.respond = ({ onConnection, socket }) => {
      if (onConnection === 1) return ok("x");
      socket.destroy();
      return null;
    };
    const client = await open();
    expect((await client.get("/1")).status).toBe(200);
    expect((await client.get("/2")).status).toBe(200);
    expect(upstream.requests.map(({ head }) => head.split(" ")[1])).toEqual(["/1", "/2", "/2"]);
  });

  test("a POST is never repeated", async () => {
    upstream.respond = ({ onConnection, socket }) => {
      if (onConnection === 1) return ok("x");
      socket.destroy();
      return null;
    };
    const client = await open();
    expect((await client.get("/1")).status).toBe(200);
    expect((await client.request(post("/2", "once"))).status).toBe(502);
    expect(upstream.requests).toHaveLength(2);
  });

  test("a client that leaves takes its upstream request with it", async () => {
    const disconnected = new Promise<void>((resolve) => {
      upstream.onDisconnect = () => resolve();
    });
    const asked = new Promise<void>((resolve) => {
      upstream.respond = () => {
        resolve();
        return null;
      };
    });
    const client = await open();
    client.send("GET /slow HTTP/1.1\r\nHost: edge.test\r\n\r\n");
    await asked;
    client.end();
    await disconnected;
    await expect.poll(async () => (await edge.admin("/metrics")).text).toContain("edge_in_flight 0\n");
  });

  test("two upstreams share the requests", async () => {
    const second = await startUpstream(() => ok("second"));
    await restartEdge({ UPSTREAM_URL: `${upstream.origin},${second.origin}` });
    const client = await open();
    for (let i = 0; i < 10; i++) expect((await client.get("/")).status).toBe(200);
    expect([upstream.requests.length, second.requests.length]).toEqual([5, 5]);
    await second.close();
  });
});

describe("bad requests", () => {
  test.each([
    ["a second length", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx", 400],
    ["length and chunked", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400],
    ["no Host", "GET / HTTP/1.1\r\n\r\n", 400],
    ["a bad escape", "GET /%zz?token=hunter2 HTTP/1.1\r\nHost: a\r\n\r\n", 400],
    ["not HTTP", "EHLO edge.test\r\n\r\n", 400],
    ["too many header bytes", `GET / HTTP/1.1\r\nHost: a\r\nX: ${"y".repeat(20_000)}\r\n\r\n`, 431],
  ])("%s", async (_name, bytes, status) => {
    const response = await (await open()).request(bytes);
    expect(response.status).toBe(status);
    expect(response.head + response.body).not.toContain("hunter2");
    expect(upstream.requests).toHaveLength(0);
  });

  test.each(["/../x", "/%2e%2e/x", "/a/%2e%2e%2fx", "/..%5cx", "//evil.test/x"])(
    "path %s stays with the upstream, or is refused",
    async (path) => {
      const response = await (await open()).get(path);
      expect([200, 400]).toContain(response.status);
      for (const { head } of upstream.requests) expect(head).not.toMatch(/^GET \S*\.\.|^host: evil/im);
    },
  );
});

describe("logs", () => {
  test("nothing per request by default", async () => {
    expect((await (await open()).get("/health")).status).toBe(200);
    expect(edge.logged).toEqual([]);
  });

  test("one line a request when sampled, without the query string", async () => {
    await restartEdge({ EDGE_LOG_SAMPLE: "1" });
    await (await open()).get("/health?token=hunter2", "Authorization: Bearer hunter2");
    await expect.poll(() => edge.logged.length).toBe(1);
    expect(edge.logged[0]).toMatchObject({
      event: "request",
      method: "GET",
      path: "/health",
      status: 200,
      client: "127.0.0.1",
      complete: true,
    });
    expect(JSON.stringify(edge.logged)).not.toContain("hunter2");
  });

  test("one line, too, for a handshake of a WebSocket and for bytes that are no request", async () => {
    await restartEdge({ EDGE_LOG_SAMPLE: "1" });
    upstream.respond = () => "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n";
    const upgrade =
      "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==";
    await (await open()).request(`GET /ws?token=hunter2 HTTP/1.1\r\nHost: edge.test\r\n${upgrade}\r\n\r\n`);
    await (await open()).request("GET / HTTP/1.1\r\nHost: a\r\nbad header\r\n\r\n");
    await expect.poll(() => edge.logged.length).toBe(2);
    const line = { event: "request", client: "127.0.0.1", complete: true };
    expect(edge.logged[0]).toMatchObject({ ...line, method: "GET", path: "/ws", status: 403 });
    expect(edge.logged[1]).toMatchObject({ ...line, requestId: "-", method: null, path: null, status: 400 });
    expect(JSON.stringify(edge.logged)).not.toContain("hunter2");
  });
});

test("readiness names what is wrong", async () => {
  expect(JSON.parse((await edge.admin("/readyz")).text)).toEqual({
    status: "ready",
    checks: { accepting: "ok", upstream: "ok" },
  });
  upstream.respond = () => "HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n";
  expect(await edge.admin("/readyz")).toMatchObject({
    status: 503,
    text: expect.stringContaining('"upstream":"/readyz answers 503"'),
  });
});
