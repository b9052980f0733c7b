import { readFileSync } from "node:fs";
import type { AddressInfo, Socket } from "node:net";
import { createServer } from "node:tls";
import { describe, expect, test } from "vitest";
import { useEdge } from "./testing/edge-case.ts";
import type { RawClient } from "./testing/raw-client.ts";
import { ok, type RawRequest, type Respond } from "./testing/raw-upstream.ts";

const edge = useEdge();

const request = (method: string, ...lines: string[]) =>
  `${method} /x HTTP/1.1\r\nHost: edge.test\r\n${lines.map((line) => `${line}\r\n`).join("")}\r\n`;
const error = (body: Buffer): unknown => JSON.parse(body.toString()).error;
const destroy: Respond = ({ socket }) => {
  socket.destroy();
  return null;
};
const reset: Respond = ({ socket }) => {
  socket.resetAndDestroy();
  return null;
};
/** Kept connections fail on their second request as told; new ones serve. */
const failWhenKept =
  (fail: Respond): Respond =>
  (received) =>
    received.onConnection === 1 ? ok("served") : fail(received);

/** A client whose edge holds one kept upstream connection. */
async function openKept(fail: Respond): Promise<RawClient> {
  edge.upstream.respond = failWhenKept(fail);
  const client = await edge.open();
  expect((await client.get("/first")).status).toBe(200);
  return client;
}

describe("failures", () => {
  test.each([
    ["the connection is closed", destroy, 502, "UPSTREAM_CLOSED"],
    ["the connection is reset", reset, 502, "UPSTREAM_CLOSED"],
    ["the answer is no HTTP", () => "SMTP ready\r\n\r\n", 502, "UPSTREAM_INVALID"],
    [
      "the answer has two lengths",
      () => "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx",
      502,
      "UPSTREAM_INVALID",
    ],
    [
      "the answer switches protocols unasked",
      () => "HTTP/1.1 101 Go\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
      502,
      "UPSTREAM_CLOSED",
    ],
    ["the headers are too large", () => ok("x", `X-A: ${"a".repeat(200_000)}`), 502, "UPSTREAM_INVALID"],
  ] as [string, Respond, number, string][])("%s: an answer with an id and no address", async (_name, respond, status, code) => {
    edge.upstream.respond = respond;
    const client = await edge.open();
    const response = await client.get("/x?token=hunter2");
    const body = JSON.parse(response.body.toString());
    expect([response.status, body.error, response.headers.connection]).toEqual([status, code, ["keep-alive"]]);
    expect(Object.keys(body)).toEqual(["error", "message", "requestId"]);
    expect(response.head + response.body).not.toMatch(new RegExp(`127\\.0\\.0\\.1|${edge.upstream.port}|hunter2`));
    expect(edge.edge.logged).toContainEqual(expect.objectContaining({ requestId: body.requestId, code }));
    expect(edge.upstream.requests).toHaveLength(1);
    edge.upstream.respond = () => ok("well again");
    expect((await client.get("/")).body.toString()).toBe("well again");
  });

  test("nobody listens: 502", async () => {
    await edge.upstream.close();
    const response = await edge.get("/");
    expect([response.status, error(response.body)]).toEqual([502, "UPSTREAM_REFUSED"]);
  });

  test("no answer in time: 504, and the upstream's connection is given up", async () => {
    await edge.restart({ UPSTREAM_HEADERS_TIMEOUT_MS: "150" });
    const gone = new Promise<void>((resolve) => {
      edge.upstream.onDisconnect = () => resolve();
    });
    edge.upstream.respond = () => null;
    const response = await edge.get("/");
    expect([response.status, error(response.body)]).toEqual([504, "UPSTREAM_TIMEOUT"]);
    await gone;
    expect(edge.upstream.requests).toHaveLength(1);
  });

  test("silence within the body: the transfer breaks", async () => {
    await edge.restart({ UPSTREAM_BODY_TIMEOUT_MS: "150" });
    edge.upstream.respond = () => "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nbegun";
    const response = await edge.get("/");
    expect([response.status, response.complete]).toEqual([200, false]);
  });
});

describe("repetition", () => {
  const harmless = ["GET", "HEAD", "OPTIONS", "PUT", "DELETE"];
  test.each([
    ...harmless.map((method): [string, string, Respond] => [method, "closed", destroy]),
    ["GET", "reset", reset],
    ["PUT", "reset", reset],
  ] as [string, string, Respond][])(
    "%s without a body, on a kept connection that is %s: once more, on a new one",
    async (method, _how, fail) => {
      const client = await openKept(fail);
      expect((await client.request(request(method))).status).toBe(200);
      expect(edge.requestLines.slice(1)).toEqual([`${method} /x HTTP/1.1`, `${method} /x HTTP/1.1`]);
      expect(edge.upstream.connections).toBe(2);
    },
  );

  test.each([
    ["POST", request("POST")],
    ["PATCH", request("PATCH")],
    ["POST with a body", `${request("POST", "Content-Length: 5")}hello`],
    ["PUT with a body", `${request("PUT", "Content-Length: 5")}hello`],
    ["GET with a body", `${request("GET", "Content-Length: 5")}hello`],
    ["PUT in chunks", `${request("PUT", "Transfer-Encoding: chunked")}5\r\nhello\r\n0\r\n\r\n`],
  ])("%s: never", async (_name, bytes) => {
    for (const fail of [destroy, reset]) {
      const client = await openKept(fail);
      const before = edge.upstream.requests.length;
      expect((await client.request(bytes)).status).toBe(502);
      expect(edge.upstream.requests.length - before).toBe(1);
    }
  });

  test("never on a new connection", async () => {
    edge.upstream.respond = destroy;
    expect((await edge.get("/")).status).toBe(502);
    expect(edge.upstream.requests).toHaveLength(1);
  });

  test("never a third time", async () => {
    const client = await openKept(destroy);
    edge.upstream.respond = destroy;
    expect((await client.get("/x")).status).toBe(502);
    expect(edge.requestLines).toEqual(["GET /first HTTP/1.1", "GET /x HTTP/1.1", "GET /x HTTP/1.1"]);
  });

  test.each([
    ["a byte of the answer", "H"],
    ["half a head", "HTTP/1.1 200 OK\r\nContent-Le"],
  ])("never after %s", async (_name, bytes) => {
    const client = await openKept(({ socket }) => {
      socket.end(bytes);
      return null;
    });
    expect((await client.get("/x")).status).toBe(502);
    expect(edge.requestLines).toEqual(["GET /first HTTP/1.1", "GET /x HTTP/1.1"]);
  });

  test.each([500, 502, 503, 504])("never on a %s: it is passed on as it is", async (status) => {
    const client = await openKept(() => `HTTP/1.1 ${status} No\r\nRetry-After: 7\r\nContent-Length: 4\r\n\r\nbusy`);
    const response = await client.get("/x");
    expect([response.status, response.headers["retry-after"], response.body.toString()]).toEqual([status, ["7"], "busy"]);
    expect(edge.upstream.requests).toHaveLength(2);
  });

  test("never after a timeout", async () => {
    await edge.restart({ UPSTREAM_HEADERS_TIMEOUT_MS: "150" });
    const client = await openKept(() => null);
    expect((await client.get("/x")).status).toBe(504);
    expect(edge.upstream.requests).toHaveLength(2);
  });
});

describe("kept connections", () => {
  test("a POST sent across the upstream's idle timeout never fails: the edge lets go first", async () => {
    await edge.restart({ UPSTREAM_IDLE_TIMEOUT_MS: "100" });
    const idle = new Map<Socket, NodeJS.Timeout>();
    edge.upstream.respond = ({ socket }: RawRequest) => {
      clearTimeout(idle.get(socket));
      idle.set(
        socket,
        setTimeout(() => socket.destroy(), 400),
      );
      return ok("x");
    };
    const client = await edge.open();
    for (const pauseMs of [0, 90, 100, 110, 150, 390, 400, 410]) {
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
      expect([pauseMs, (await client.request(`${request("POST", "Content-Length: 5")}hello`)).status]).toEqual([pauseMs, 200]);
    }
    for (const timer of idle.values()) clearTimeout(timer);
  });

  test("an upstream's shorter hint is heeded, with a second to spare", async () => {
    const gone = new Promise<void>((resolve) => {
      edge.upstream.onDisconnect = () => resolve();
    });
    edge.upstream.respond = () => ok("x", "Keep-Alive: timeout=2");
    const client = await edge.open();
    expect((await client.get("/")).status).toBe(200);
    await gone;
    expect((await client.request(request("POST"))).status).toBe(200);
    expect(edge.upstream.connections).toBe(2);
  });

  test("one request at a time on each, whatever the load", async () => {
    await edge.restart({ UPSTREAM_CONNECTIONS: "3" });
    const busy = new Set<Socket>();
    edge.upstream.respond = ({ socket }) => {
      expect(busy.has(socket)).toBe(false);
      busy.add(socket);
      setTimeout(() => {
        busy.delete(socket);
        socket.write(ok("x"));
      }, 5);
      return null;
    };
    const clients = await Promise.all(Array.from({ length: 10 }, () => edge.open()));
    await Promise.all(
      clients.map(async (client) => {
        for (let i = 0; i < 10; i++) expect((await client.get("/")).status).toBe(200);
      }),
    );
    expect(edge.upstream.connections).toBe(3);
  });

  test("an upstream over TLS is verified: by its CA, and by its name", async () => {
    const { certFile, keyFile, caFile } = edge.certificate;
    const server = createServer({ cert: readFileSync(certFile), key: readFileSync(keyFile) }, (socket) => {
      socket.on("error", () => {});
      socket.once("data", () => socket.end(ok("secret")));
    });
    await new Promise<void>((resolve) => server.listen(0, "0.0.0.0", resolve));
    const { port } = server.address() as AddressInfo;
    try {
      const ask = async (host: string, env: Record<string, string>) => {
        await edge.restart({ UPSTREAM_URL: `https://${host}:${port}`, ...env });
        return (await edge.get("/")).status;
      };
      expect(await ask("127.0.0.1", {})).toBe(502);
      expect(await ask("127.0.0.2", { UPSTREAM_CA_FILE: caFile })).toBe(502);
      expect(await ask("127.0.0.1", { UPSTREAM_CA_FILE: caFile })).toBe(200);
    } finally {
      server.close();
    }
  });
});

describe("the client", () => {
  const disconnected = () =>
    new Promise<void>((resolve) => {
      edge.upstream.onDisconnect = () => resolve();
    });

  test("that leaves before the answer takes the upstream's request with it", async () => {
    const gone = disconnected();
    edge.upstream.respond = () => null;
    const client = await edge.open();
    client.send(request("GET"));
    await expect.poll(() => edge.upstream.requests.length).toBe(1);
    client.end();
    await gone;
    await expect.poll(() => edge.metric("edge_in_flight")).toBe(0);
  });

  test("that leaves within the answer takes it with it, too", async () => {
    const gone = disconnected();
    edge.upstream.respond = () => "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nbegun";
    const client = await edge.open();
    client.send(request("GET"));
    await new Promise((resolve) => client.socket.once("data", resolve));
    client.end();
    await gone;
  });

  test("that leaves within its upload takes it with it, too, with a length and in chunks", async () => {
    for (const bytes of [
      `${request("POST", "Content-Length: 90000")}hello`,
      `${request("POST", "Transfer-Encoding: chunked")}5\r\nhello\r\n`,
    ]) {
      const gone = disconnected();
      const before = edge.upstream.bytesReceived;
      const client = await edge.open();
      client.send(bytes);
      await expect.poll(() => edge.upstream.bytesReceived).toBeGreaterThan(before + 50);
      client.end();
      await gone;
      expect(edge.upstream.requests).toHaveLength(0);
      await expect.poll(() => edge.metric("edge_in_flight")).toBe(0);
    }
  });

  test("that sends a small body slowly holds no place: others are served, and it too once its body is whole", async () => {
    await edge.restart({ UPSTREAM_CONNECTIONS: "1" });
    edge.upstream.respond = () => ok("served");
    const slow = await edge.open();
    slow.send(`${request("POST", "Content-Length: 9")}hello`);
    const other = await edge.open();
    expect((await other.get("/other")).body.toString()).toBe("served");
    expect(await edge.metric("edge_in_flight")).toBe(0);
    expect(edge.upstream.requests).toHaveLength(1);
    slow.send(" you");
    expect((await slow.response()).body.toString()).toBe("served");
    expect(edge.upstream.requests.at(-1)?.body.toString()).toBe("hello you");
  });

  test("that leaves while it waits for a place is never forwarded", async () => {
    await edge.restart({ UPSTREAM_CONNECTIONS: "1" });
    let answer = () => {};
    edge.upstream.respond = ({ socket }) => {
      answer = () => socket.write(ok("x"));
      return null;
    };
    const [first, second] = [await edge.open(), await edge.open()];
    first.send(request("GET"));
    await expect.poll(() => edge.upstream.requests.length).toBe(1);
    second.send(request("POST"));
    await expect.poll(() => edge.metric("edge_queued")).toBe(1);
    second.end();
    await expect.poll(() => edge.metric("edge_queued")).toBe(0);
    answer();
    expect((await first.response()).status).toBe(200);
    expect(edge.requestLines).toEqual(["GET /x HTTP/1.1"]);
  });

  test("that reads slowly costs bounded memory, and gets every byte in the end", async () => {
    const total = 64 * 1024 * 1024;
    const block = Buffer.alloc(256 * 1024, "x");
    let written = 0;
    edge.upstream.respond = ({ socket }) => {
      const pump = () => {
        while (written < total) {
          written += block.length;
          if (!socket.write(block)) return;
        }
      };
      socket.on("drain", pump);
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${total}\r\n\r\n`);
      pump();
      return null;
    };
    const client = await edge.open();
    client.socket.removeAllListeners("data");
    client.socket.pause();
    client.send(request("GET"));
    let before = -1;
    // Until nothing moves any more: everything in between is full.
    await expect
      .poll(
        () => {
          const still = written > 0 && written === before;
          before = written;
          return still;
        },
        { interval: 300, timeout: 20_000 },
      )
      .toBe(true);
    // Most of it is the kernel's: buffers of four sockets, which grow to a few MiB each.
    expect(written).toBeLessThan(total / 2);
    let received = 0;
    const whole = new Promise<void>((resolve) => {
      client.socket.on("data", (chunk: Buffer) => {
        received += chunk.length;
        if (received > total) resolve();
      });
    });
    client.socket.resume();
    await whole;
    expect(written).toBe(total);
  });

  test.each([
    ["a length", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nbegun"],
    ["chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nbegun\r\n"],
    ["a chunk cut in two", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nbegun"],
    ["a bad chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nbegun\r\nzz\r\n"],
  ])("sees a broken transfer when an answer with %s is cut short, never a short success", async (_name, bytes) => {
    edge.upstream.respond = ({ socket }) => {
      socket.write(bytes);
      setTimeout(() => socket.destroy(), 50);
      return null;
    };
    const client = await edge.open();
    const response = await client.get("/");
    // What is wrong within the first read is known before anything was written.
    expect([response.status, response.complete]).toEqual(response.status === 502 ? [502, true] : [200, false]);
    if (response.status === 200) await client.closed;
  });
});
