import { describe, expect, test } from "vitest";
import { useEdge } from "./testing/edge-case.ts";
import { startMain } from "./testing/process.ts";
import { RawClient } from "./testing/raw-client.ts";
import { ok } from "./testing/raw-upstream.ts";

const edge = useEdge({ EDGE_BODY_LIMIT_BYTES: "1000" });

const head = (...lines: string[]) => `POST /x HTTP/1.1\r\nHost: edge.test\r\n${lines.map((line) => `${line}\r\n`).join("")}\r\n`;
/** What an attacker wants the upstream to take for a request of its own. */
const smuggled = "GET /smuggled HTTP/1.1\r\nHost: edge.test\r\n\r\n";
const chunked = "Transfer-Encoding: chunked";

describe("length", () => {
  test.each([
    ["with Transfer-Encoding", `${head("Content-Length: 5", chunked)}0\r\n\r\n`],
    ["after Transfer-Encoding", `${head(chunked, "Content-Length: 5")}0\r\n\r\n`],
    ["two that differ", `${head("Content-Length: 5", "Content-Length: 6")}hello!`],
    ["two that are equal", `${head("Content-Length: 5", "Content-Length: 5")}hello`],
    ["a list", `${head("Content-Length: 5, 5")}hello`],
    ["with a sign", `${head("Content-Length: +5")}hello`],
    ["negative", head("Content-Length: -1")],
    ["hexadecimal", `${head("Content-Length: 0x5")}hello`],
    ["empty", head("Content-Length:")],
    ["with a space within", `${head("Content-Length: 5 5")}hello`],
    ["beyond 64 bits", head("Content-Length: 99999999999999999999")],
  ])("%s: 400, nothing forwarded", (_name, bytes) => edge.expectRefused(bytes + smuggled, 400));
});

describe("transfer coding", () => {
  test.each([
    ["unknown", "Transfer-Encoding: xchunked"],
    ["identity", "Transfer-Encoding: identity"],
    ["chunked twice", "Transfer-Encoding: chunked, chunked"],
    ["chunked before another", "Transfer-Encoding: chunked, identity"],
    ["chunked after another", "Transfer-Encoding: gzip, chunked"],
    ["in two headers", "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity"],
    ["with a vertical tab", "Transfer-Encoding: \x0bchunked"],
    ["with a form feed behind", "Transfer-Encoding: chunked\x0c"],
    ["in quotes", 'Transfer-Encoding: "chunked"'],
    ["with a space before the colon", "Transfer-Encoding : chunked"],
    ["folded", "Transfer-Encoding:\r\n chunked"],
    ["empty", "Transfer-Encoding:"],
  ])("%s: 400, nothing forwarded", (_name, line) => edge.expectRefused(`${head(line)}0\r\n\r\n${smuggled}`, 400));

  test("in a request of HTTP/1.0: 400, nothing forwarded", () =>
    edge.expectRefused(`POST /x HTTP/1.0\r\nHost: edge.test\r\n${chunked}\r\n\r\n0\r\n\r\n`, 400));

  test("with GET: 411, nothing forwarded", () =>
    edge.expectRefused(`GET /x HTTP/1.1\r\nHost: edge.test\r\n${chunked}\r\n\r\n5\r\nhello\r\n0\r\n\r\n`, 411));

  test("in other letters is the same coding, and arrives in a framing of ours", async () => {
    const response = await edge.send(`${head("Transfer-Encoding: CHUNKED")}5\r\nhello\r\n0\r\n\r\n`);
    expect(response.status).toBe(200);
    // Which of the two depends on how much of the body has come before the upstream connection is ready.
    expect(edge.sentHeaders.filter((line) => /^(transfer-encoding: chunked|content-length: 5)$/.test(line))).toHaveLength(1);
    expect(edge.upstream.requests[0]?.body).toMatch(/^(hello|\s*5\r\nhello\r\n0\r\n\r\n)$/);
  });
});

describe("chunks", () => {
  test.each([
    ["a size that ends with a bare LF", "5\nhello\r\n0\r\n\r\n"],
    ["data that end with a bare LF", "5\r\nhello\n0\r\n\r\n"],
    ["a last chunk that ends with a bare LF", "5\r\nhello\r\n0\n\n"],
    ["a size of no digits", "\r\nhello\r\n0\r\n\r\n"],
    ["a size of other letters", "zz\r\nhello\r\n0\r\n\r\n"],
    ["a size with a sign", "+5\r\nhello\r\n0\r\n\r\n"],
    ["a size with a prefix", "0x5\r\nhello\r\n0\r\n\r\n"],
    ["a size beyond 64 bits", "fffffffffffffffff\r\nhello\r\n0\r\n\r\n"],
    ["more data than the size says", "3\r\nhello\r\n0\r\n\r\n"],
    ["a bare CR in an extension", "5;a\rb\r\nhello\r\n0\r\n\r\n"],
  ])("%s: 400, and no request completes upstream", (_name, body) => edge.expectRefused(head(chunked) + body + smuggled, 400));

  test("extensions are not forwarded", async () => {
    expect((await edge.send(`${head(chunked)}5;name=value\r\nhello\r\n0\r\n\r\n`)).status).toBe(200);
    expect(edge.upstream.requests[0]?.body).not.toContain("name");
  });
});

describe("request line and headers", () => {
  const get = (...lines: string[]) => `GET / HTTP/1.1\r\n${lines.map((line) => `${line}\r\n`).join("")}\r\n`;
  test.each([
    ["a folded header", get("Host: edge.test", "X-A: 1\r\n 2")],
    ["a space before the colon", get("Host: edge.test", "X-A : 1")],
    ["a header without a name", get("Host: edge.test", ": 1")],
    ["a header without a colon", get("Host: edge.test", "X-A")],
    ["a name with a bracket", get("Host: edge.test", "X(A): 1")],
    ["NUL in a value", get("Host: edge.test", "X-A: 1\x002")],
    ["a bare CR in a value", get("Host: edge.test", "X-A: 1\r2")],
    ["a bare LF at the end of a line", "GET / HTTP/1.1\nHost: edge.test\n\n"],
    ["no Host", get()],
    ["two Hosts", get("Host: edge.test", "Host: evil.test")],
    ["two equal Hosts", get("Host: edge.test", "host: edge.test")],
    ["a Host with a path", get("Host: edge.test/x")],
    ["a Host with user information", get("Host: user@edge.test")],
    ["a Host with a space", get("Host: edge.test evil.test")],
    ["a Host with a comma", get("Host: edge.test,evil.test")],
    ["a target with a space", "GET /a b HTTP/1.1\r\nHost: edge.test\r\n\r\n"],
    ["a target without a slash", "GET edge HTTP/1.1\r\nHost: edge.test\r\n\r\n"],
    ["a target with a fragment", "GET /a#b HTTP/1.1\r\nHost: edge.test\r\n\r\n"],
    ["an asterisk", "OPTIONS * HTTP/1.1\r\nHost: edge.test\r\n\r\n"],
    ["no target", "GET HTTP/1.1\r\nHost: edge.test\r\n\r\n"],
    ["a method in small letters", "get / HTTP/1.1\r\nHost: edge.test\r\n\r\n"],
    ["an unknown method", "STEAL / HTTP/1.1\r\nHost: edge.test\r\n\r\n"],
    ["an unknown version", "GET / HTTP/3.0\r\nHost: edge.test\r\n\r\n"],
    ["HTTP/2 by prior knowledge", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"],
    ["no version", "GET /\r\n\r\n"],
    ["something else", "EHLO edge.test\r\n\r\n"],
  ])("%s: 400, nothing forwarded", (_name, bytes) => edge.expectRefused(bytes, 400));

  test("a block of headers that is too large: 431, nothing forwarded", () =>
    edge.expectRefused(get("Host: edge.test", `X-A: ${"a".repeat(20_000)}`), 431));

  test("thousands of headers pass whole, or the second Host among them would not be seen", async () => {
    const many = Array.from({ length: 2_500 }, () => "a:");
    await edge.expectRefused(get("Host: edge.test", ...many, "Host: evil.test"), 400);
    expect((await edge.send(get("Host: edge.test", ...many))).status).toBe(200);
    expect(edge.sentHeaders.filter((line) => line.startsWith("a:"))).toHaveLength(2_500);
  });

  test("what the parser refuses is counted", async () => {
    await edge.expectRefused("EHLO edge.test\r\n\r\n", 400);
    await edge.expectRefused(get("Host: edge.test", `X-A: ${"a".repeat(20_000)}`), 431);
    expect([
      await edge.metric('edge_requests_total{status="400"}'),
      await edge.metric('edge_requests_total{status="431"}'),
    ]).toEqual([1, 1]);
  });

  test("TRACE: 405, nothing forwarded", () => edge.expectRefused("TRACE / HTTP/1.1\r\nHost: edge.test\r\n\r\n", 405));

  test("CONNECT opens no tunnel", async () => {
    const client = await edge.open();
    client.send("CONNECT evil.test:443 HTTP/1.1\r\nHost: evil.test:443\r\n\r\n");
    expect((await client.rest()).toString()).not.toMatch(/^HTTP\/1.1 2/);
    expect(edge.upstream.connections).toBe(0);
  });

  test.each(["PROPFIND", "REPORT", "PURGE", "QUERY", "MKCOL"])("%s is the upstream's business", async (method) => {
    expect((await edge.send(`${method} /x HTTP/1.1\r\nHost: edge.test\r\n\r\n`)).status).toBe(200);
    expect(edge.requestLines).toEqual([`${method} /x HTTP/1.1`]);
  });
});

describe("bodies", () => {
  test("one that is announced too large: 413, nothing forwarded", () =>
    edge.expectRefused(`${head("Content-Length: 1001")}${"x".repeat(1001)}`, 413));

  test("one that is streamed too large: 413, and no request completes upstream", () =>
    edge.expectRefused(`${head(chunked)}3e9\r\n${"x".repeat(1001)}\r\n`, 413));

  test("one of the limit passes, announced and streamed", async () => {
    const body = "x".repeat(1000);
    expect((await edge.send(`${head("Content-Length: 1000")}${body}`)).status).toBe(200);
    expect((await edge.send(`${head(chunked)}3e8\r\n${body}\r\n0\r\n\r\n`)).status).toBe(200);
    expect(edge.upstream.requests.map((request) => request.body.includes(body))).toEqual([true, true]);
  });

  test("who asks before sending hears 413 instead of 100", async () => {
    await edge.expectRefused(head("Content-Length: 1001", "Expect: 100-continue"), 413);
  });

  test.each(["GET", "DELETE", "OPTIONS", "PUT", "PATCH", "PROPFIND"])("a body of %s arrives whole", async (method) => {
    const client = await edge.open();
    const bytes = `${method} /x HTTP/1.1\r\nHost: edge.test\r\nContent-Type: ???\r\nContent-Length: 5\r\n\r\nhello`;
    for (let i = 0; i < 2; i++) expect((await client.request(bytes)).status).toBe(200);
    expect(edge.upstream.requests.map(({ body }) => body)).toEqual(["hello", "hello"]);
    expect(edge.sentHeaders).toContain("content-length: 5");
  });

  test.each([
    ["POST", "Content-Type: text/plain"],
    ["POST", "Content-Type: application/json"],
    ["POST", "Content-Type: ???"],
    ["POST", ""],
    ["QUERY", ""],
  ])("a chunked body is streamed byte for byte: %s %s", async (method, type) => {
    const client = await edge.open();
    client.send(`${head(chunked, ...(type === "" ? [] : [type])).replace("POST", method)}5\r\n`);
    client.send(Buffer.from("h\xe9l\xff\0\r\n", "latin1"));
    // Before its end has come.
    await expect.poll(() => edge.upstream.bytesReceived).toBeGreaterThan(50);
    client.send("0\r\n\r\n");
    expect((await client.response()).status).toBe(200);
    expect(edge.upstream.requests[0]?.body).toContain("h\xe9l\xff\0\r\n");
    expect(edge.sentHeaders.map((line) => line.toLowerCase()).filter((line) => line.startsWith("content-type"))).toEqual(
      type === "" ? [] : [type.toLowerCase()],
    );
  });

  test("a POST without a body says so upstream", async () => {
    expect((await edge.send(head())).status).toBe(200);
    expect(edge.sentHeaders).toContain("content-length: 0");
  });

  test("pipelined requests are answered in their order", async () => {
    edge.upstream.respond = ({ head: received }) => ok(received.split(" ")[1] ?? "");
    const client = await edge.open();
    client.send(["/1", "/2", "/3"].map((path) => `GET ${path} HTTP/1.1\r\nHost: edge.test\r\n\r\n`).join(""));
    for (const path of ["/1", "/2", "/3"]) expect((await client.response()).body.toString()).toBe(path);
    expect(edge.requestLines.toSorted()).toEqual(["/1", "/2", "/3"].map((path) => `GET ${path} HTTP/1.1`));
  });

  test("an answer that comes before the body is whole ends the connection after it", async () => {
    await edge.restart({ EDGE_BODY_LIMIT_BYTES: "100000" });
    const client = await edge.open();
    client.send(`POST /x HTTP/1.1\r\nHost: edge.test\r\nContent-Length: 90000\r\n\r\n${"x".repeat(100)}`);
    await expect.poll(() => edge.upstream.bytesReceived).toBeGreaterThan(100);
    for (const socket of edge.upstream.sockets) socket.write("HTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\nno");
    const response = await client.response();
    expect([response.status, response.body.toString(), response.headers.connection]).toEqual([403, "no", ["close"]]);
    await client.closed;
  });
});

describe("an answer before the body is whole reaches a client that reads only when it has sent all", () => {
  const length = "Content-Length: 8000000";
  test.each([
    ["too large, with a length", 413, "4000000", length],
    ["too large, in chunks", 413, "4000000", chunked],
    ["refused by the upstream, with a length", 403, "9000000", length],
    ["refused by the upstream, in chunks", 403, "9000000", chunked],
    ["broken off by the upstream, with a length", 502, "9000000", length],
    ["broken off by the upstream, in chunks", 502, "9000000", chunked],
  ])("%s: %s", async (_name, status, limit, framing) => {
    await edge.restart({ EDGE_BODY_LIMIT_BYTES: limit });
    const client = await edge.open();
    const errors: Error[] = [];
    client.socket.on("error", (error) => errors.push(error));
    client.socket.pause();
    client.send(head(framing) + (framing === chunked ? "7a1200\r\n" : ""));
    client.send("x".repeat(1_000));
    if (status !== 413) {
      await expect.poll(() => edge.upstream.bytesReceived).toBeGreaterThan(1_000);
      for (const socket of edge.upstream.sockets) {
        socket.removeAllListeners("data");
        if (status === 403) socket.write("HTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\nno");
        else socket.destroy();
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    client.send("x".repeat(7_999_000) + (framing === chunked ? "\r\n0\r\n\r\n" : ""));
    await new Promise<void>((resolve) => client.socket.end(resolve));
    client.socket.resume();
    expect([(await client.response()).status, errors]).toEqual([status, []]);
    await expect.poll(() => edge.metric("edge_connections"), { timeout: 10_000 }).toBe(0);
    expect(edge.requestLines).toEqual([]);
  });
});

test("a lenient parser asked for on the command line stays off", async () => {
  const { certFile, keyFile, ca } = edge.certificate;
  const started = startMain(["edge"], {
    NODE_OPTIONS: "--insecure-http-parser",
    EDGE_HOST: "127.0.0.1",
    EDGE_PORT: "0",
    EDGE_ADMIN_PORT: "0",
    EDGE_CERT_FILE: certFile,
    EDGE_KEY_FILE: keyFile,
    UPSTREAM_URL: edge.upstream.origin,
  });
  try {
    const { port } = await started.listening;
    const client = await RawClient.open(port, { ca, host: "127.0.0.1", servername: "localhost" });
    expect((await client.request(`${head("Content-Length: 5", chunked)}0\r\n\r\n`)).status).toBe(400);
    client.end();
    expect(edge.requestLines).toEqual([]);
  } finally {
    started.child.kill("SIGKILL");
    await started.exited;
  }
});
