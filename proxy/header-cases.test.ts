import { describe, expect, test } from "vitest";
import { useEdge } from "./testing/edge-case.ts";
import { ok } from "./testing/raw-upstream.ts";

const edge = useEdge();

/** Values of the upstream's request headers of that name, in order. */
const sent = (name: string) =>
  edge.sentHeaders
    .filter((line) => line.toLowerCase().startsWith(`${name.toLowerCase()}:`))
    .map((line) => line.slice(name.length + 1).trim());

describe("request headers", () => {
  test.each([
    ["Keep-Alive", "timeout=5"],
    ["Proxy-Connection", "keep-alive"],
    ["Proxy-Authorization", "Basic c2VjcmV0"],
    ["Proxy-Authenticate", "Basic"],
    ["TE", "trailers"],
    ["Trailer", "X-Sum"],
    ["Upgrade", "h2c"],
    ["HTTP2-Settings", "AAMAAABkAAQCAAAAAAIAAAAA"],
    ["X-Request-Id", "made-up"],
    ["Client-Cert", ":MIIB:"],
    ["Client-Cert-Chain", ":MIIB:"],
    ["X-Client-Cert", "MIIB"],
    ["X-Forwarded-Client-Cert", "Hash=1"],
    ["X-SSL-Client-Cert", "MIIB"],
    ["SSL_CLIENT_CERT", "MIIB"],
    ["X_Forwarded_For", "1.1.1.1"],
    ["X_Real_Ip", "1.1.1.1"],
    ["Transfer_Encoding", "chunked"],
  ])("%s does not pass", async (name, value) => {
    expect((await edge.get("/", `${name}: ${value}`)).status).toBe(200);
    expect(sent(name)).not.toContain(value);
    if (name !== "X-Request-Id") expect(sent(name)).toEqual([]);
  });

  test("Connection is the edge's own, and every header it names stays behind", async () => {
    const lines = ["Connection: close, X-A ,x-b,, Cookie", "X-A: 1", "X-B: 2", "Cookie: c=3", "X-C: 4"];
    const response = await edge.get("/", ...lines);
    expect(response.headers.connection).toEqual(["close"]);
    expect([sent("connection"), sent("x-a"), sent("x-b"), sent("cookie"), sent("x-c")]).toEqual([
      ["keep-alive"],
      [],
      [],
      [],
      ["4"],
    ]);
  });

  test("a client cannot strip what the edge adds by naming it in Connection", async () => {
    const added = [
      "x-forwarded-for",
      "x-forwarded-proto",
      "x-forwarded-host",
      "x-real-ip",
      "forwarded",
      "x-request-id",
      "via",
      "host",
    ];
    await edge.get("/", `Connection: ${added.join(", ")}`);
    for (const name of added) expect([name, sent(name).length]).toEqual([name, 1]);
    expect(sent("x-forwarded-for")).toEqual(["127.0.0.1"]);
  });

  test("a client cannot take the length of its body away by naming it in Connection", async () => {
    const bytes = "POST / HTTP/1.1\r\nHost: edge.test\r\nConnection: Content-Length\r\nContent-Length: 5\r\n\r\nhello";
    expect((await edge.send(bytes)).status).toBe(200);
    expect([sent("content-length"), edge.upstream.requests[0]?.body]).toEqual([["5"], "hello"]);
  });

  const lies = [
    "X-Forwarded-For: 1.1.1.1",
    "X-Forwarded-Proto: gopher",
    "X-Forwarded-Host: evil.test",
    "X-Forwarded-Port: 1",
    "X-Real-IP: 1.1.1.1",
    "Forwarded: for=1.1.1.1;host=evil.test",
  ];

  test("what a stranger says of itself is overwritten", async () => {
    await edge.get("/", ...lies);
    expect(edge.upstream.requests[0]?.head).not.toMatch(/1\.1\.1\.1|evil|gopher|x-forwarded-port/i);
    expect(sent("forwarded")).toEqual(['for=127.0.0.1;host="edge.test";proto=https']);
    expect([sent("x-forwarded-proto"), sent("x-forwarded-host"), sent("x-real-ip")]).toEqual([
      ["https"],
      ["edge.test"],
      ["127.0.0.1"],
    ]);
  });

  test("what a trusted proxy says is kept, and the proxy added to it", async () => {
    await edge.restart({ EDGE_TRUSTED_PROXIES: "127.0.0.0/8" });
    await edge.get("/", ...lies);
    expect([sent("x-forwarded-for"), sent("x-forwarded-proto"), sent("x-forwarded-host"), sent("x-forwarded-port")]).toEqual([
      ["1.1.1.1, 127.0.0.1"],
      ["gopher"],
      ["evil.test"],
      ["1"],
    ]);
    expect(sent("x-real-ip")).toEqual(["1.1.1.1"]);
    expect(sent("forwarded")).toEqual(['for=1.1.1.1;host=evil.test, for=127.0.0.1;host="edge.test";proto=https']);
  });

  test("all else passes with its spelling, order, repetitions and bytes", async () => {
    const lines = ["X-B: 1", "aCCEPT: */*", "X-B: 2", "Cookie: a=1", "cookie: b=2", "X-Latin: caf\xe9", "X-Empty:", "X_Under: 1"];
    await edge.get("/", ...lines);
    expect(edge.sentHeaders.filter((line) => lines.some((own) => own.trim() === line.trim())).map((line) => line.trim())).toEqual(
      lines,
    );
  });

  test("Expect: 100-continue is answered by the edge and not passed", async () => {
    const client = await edge.open();
    client.send("POST / HTTP/1.1\r\nHost: edge.test\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
    expect((await client.response()).status).toBe(100);
    client.send("hello");
    expect((await client.response()).status).toBe(200);
    expect([sent("expect"), edge.upstream.requests[0]?.body]).toEqual([[], "hello"]);
  });

  test("another expectation: 417, nothing forwarded", async () => {
    expect((await edge.get("/", "Expect: a-miracle")).status).toBe(417);
    expect(edge.requestLines).toEqual([]);
  });

  test("trailers of a request are dropped whole", async () => {
    const head = "POST / HTTP/1.1\r\nHost: edge.test\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n";
    expect((await edge.send(`${head}5\r\nhello\r\n0\r\nX-Sum: 1\r\nX-Forwarded-For: 1.1.1.1\r\n\r\n`)).status).toBe(200);
    const { head: received = "", body = "" } = edge.upstream.requests[0] ?? {};
    expect(received + body).not.toMatch(/x-sum|trailer|1\.1\.1\.1/i);
  });
});

describe("response headers", () => {
  test.each([
    ["Connection", "close"],
    ["Keep-Alive", "timeout=1, max=1"],
    ["Proxy-Connection", "close"],
    ["Proxy-Authenticate", "Basic"],
    ["Proxy-Authentication-Info", "x"],
    ["TE", "trailers"],
    ["Trailer", "X-Sum"],
  ])("%s does not reach the client, and its connection stays", async (name, value) => {
    edge.upstream.respond = () => ok("x", `${name}: ${value}`);
    const client = await edge.open();
    for (let i = 0; i < 2; i++) {
      const response = await client.get("/");
      expect([response.status, response.headers.connection]).toEqual([200, ["keep-alive"]]);
      expect(response.headers[name.toLowerCase()] ?? []).not.toContain(value);
    }
  });

  test("every header that Connection names stays behind, save the length", async () => {
    edge.upstream.respond = () => ok("hello", "Connection: X-A, Content-Length", "X-A: 1", "X-B: 2");
    const response = await edge.get("/");
    expect([response.headers["x-a"], response.headers["x-b"], response.headers["content-length"]]).toEqual([
      undefined,
      ["2"],
      ["5"],
    ]);
  });

  test("security headers are added, and the upstream's own choice is kept", async () => {
    edge.upstream.respond = () => ok("x", "X-Frame-Options: SAMEORIGIN");
    expect((await edge.get("/")).headers).toMatchObject({
      "strict-transport-security": ["max-age=31536000"],
      "x-content-type-options": ["nosniff"],
      "x-frame-options": ["SAMEORIGIN"],
      "referrer-policy": ["no-referrer"],
    });
  });

  test.each([
    ["a parser's refusal", "EHLO edge.test\r\n\r\n", 400],
    ["a refusal of ours", "TRACE / HTTP/1.1\r\nHost: edge.test\r\n\r\n", 405],
    ["a failed upstream", "GET / HTTP/1.1\r\nHost: edge.test\r\n\r\n", 502],
  ])("security headers are on the edge's own answers, too: %s", async (_name, bytes, status) => {
    edge.upstream.respond = () => "SMTP ready\r\n\r\n";
    const response = await edge.send(bytes);
    expect(response.status).toBe(status);
    expect(response.headers).toMatchObject({
      "strict-transport-security": ["max-age=31536000"],
      "x-content-type-options": ["nosniff"],
      "x-frame-options": ["DENY"],
      "referrer-policy": ["no-referrer"],
    });
    expect(edge.upstream.requests).toHaveLength(status === 502 ? 1 : 0);
  });

  test("repetitions and bytes pass as they are", async () => {
    edge.upstream.respond = () => Buffer.from(ok("x", "Set-Cookie: a=1", "Set-Cookie: b=2", "X-Latin: caf\xe9"), "latin1");
    const response = await edge.get("/");
    expect([response.headers["set-cookie"], response.headers["x-latin"]]).toEqual([["a=1", "b=2"], ["caf\xe9"]]);
  });

  test("interim answers are stripped whole", async () => {
    edge.upstream.respond = () =>
      `HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n${ok("final", "X-Final: 1")}`;
    const client = await edge.open();
    for (let i = 0; i < 2; i++) {
      const response = await client.get("/");
      expect([response.status, response.body.toString(), response.headers.link]).toEqual([200, "final", undefined]);
    }
    expect(edge.upstream.connections).toBe(1);
  });

  test("trailers of an answer are dropped whole", async () => {
    edge.upstream.respond = () =>
      "HTTP/1.1 200 OK\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n";
    const client = await edge.open();
    for (let i = 0; i < 2; i++) {
      const response = await client.get("/");
      expect([response.body.toString(), response.headers.trailer]).toEqual(["hello", undefined]);
      expect(response.head).not.toContain("X-Sum");
    }
  });

  test("an answer in chunks that is whole at once gets a length", async () => {
    edge.upstream.respond = () => "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
    const response = await edge.get("/");
    expect([response.headers["content-length"], response.headers["transfer-encoding"]]).toEqual([["5"], undefined]);
  });

  test("an answer in chunks that takes its time is streamed in chunks, the head first", async () => {
    edge.upstream.respond = ({ socket }) => {
      socket.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
      return null;
    };
    const client = await edge.open();
    client.send("GET / HTTP/1.1\r\nHost: edge.test\r\n\r\n");
    await new Promise((resolve) => client.socket.once("data", resolve));
    for (const socket of edge.upstream.sockets) socket.write("5\r\nhello\r\n0\r\n\r\n");
    const response = await client.response();
    expect([response.headers["transfer-encoding"], response.body.toString()]).toEqual([["chunked"], "hello"]);
  });
});

describe("answers without content", () => {
  test.each([
    ["204", "HTTP/1.1 204 No Content\r\n\r\n", undefined],
    ["204 with a length", "HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n", undefined],
    ["304", "HTTP/1.1 304 Not Modified\r\nETag: x\r\n\r\n", undefined],
    ["304 with the length of what it stands for", "HTTP/1.1 304 Not Modified\r\nContent-Length: 99\r\n\r\n", ["99"]],
  ])("%s has no body, and the connection stays", async (_name, bytes, length) => {
    edge.upstream.respond = () => bytes;
    const client = await edge.open();
    for (let i = 0; i < 2; i++) {
      const response = await client.get("/");
      expect([String(response.status), response.headers["content-length"]]).toEqual([bytes.slice(9, 12), length]);
      expect(response.headers["transfer-encoding"]).toBeUndefined();
    }
  });

  test("HEAD has the headers, no body, and costs no connection", async () => {
    edge.upstream.respond = () => "HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nContent-Length: 1234\r\n\r\n";
    const client = await edge.open();
    for (let i = 0; i < 5; i++) {
      const response = await client.request("HEAD / HTTP/1.1\r\nHost: edge.test\r\n\r\n");
      expect([response.status, response.headers["content-length"], response.headers["transfer-encoding"]]).toEqual([
        200,
        ["1234"],
        undefined,
      ]);
    }
    expect(edge.upstream.connections).toBe(1);
    expect(edge.requestLines).toEqual(Array(5).fill("HEAD / HTTP/1.1"));
  });

  test("a body sent with HEAD all the same reaches nobody", async () => {
    edge.upstream.respond = ({ head }) =>
      head.startsWith("HEAD") ? ok("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil", "Connection: keep-alive") : ok("good");
    const client = await edge.open();
    for (let i = 0; i < 3; i++) {
      expect((await client.request("HEAD / HTTP/1.1\r\nHost: edge.test\r\n\r\n")).status).toBe(200);
      expect((await client.get("/")).body.toString()).toBe("good");
    }
  });

  test("an empty answer has length 0", async () => {
    edge.upstream.respond = () => "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
    expect((await edge.get("/")).headers["content-length"]).toEqual(["0"]);
  });

  test("a client of HTTP/1.0 gets no chunks", async () => {
    edge.upstream.respond = ({ socket }) => {
      socket.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
      setTimeout(() => socket.write("1\r\n!\r\n0\r\n\r\n"), 20);
      return null;
    };
    const response = await edge.send("GET / HTTP/1.0\r\n\r\n");
    expect([response.headers["transfer-encoding"], response.body.toString()]).toEqual([undefined, "hello!"]);
  });
});
