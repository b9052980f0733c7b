import { createServer } from "node:net";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { makeTestCertificate, type TestCertificate } from "./testing/edge.ts";
import { startMain, type TestProcess } from "./testing/process.ts";
import { RawClient } from "./testing/raw-client.ts";
import { ok, startUpstream } from "./testing/raw-upstream.ts";

let certificate: TestCertificate;
const processes: TestProcess[] = [];

beforeAll(async () => {
  certificate = await makeTestCertificate();
});
afterAll(() => certificate.remove());
afterEach(async () => {
  for (const started of processes.splice(0)) {
    started.child.kill("SIGKILL");
    await started.exited;
  }
});

function start(service: string, env: Record<string, string> = {}): TestProcess {
  const started = startMain([service], env);
  processes.push(started);
  return started;
}

const startBackend = (port = 0) => start("backend", { BACKEND_PORT: String(port) });

const startEdge = (upstream: string, env: Record<string, string> = {}) =>
  start("edge", {
    EDGE_HOST: "127.0.0.1",
    EDGE_PORT: "0",
    EDGE_ADMIN_PORT: "0",
    EDGE_CERT_FILE: certificate.certFile,
    EDGE_KEY_FILE: certificate.keyFile,
    UPSTREAM_URL: upstream,
    ...env,
  });

const openTls = (port: number) => RawClient.open(port, { ca: certificate.ca, host: "127.0.0.1", servername: "localhost" });

test("edge and backend say where they listen, and /health comes through TLS", async () => {
  const backend = await startBackend().listening;
  expect(backend).toEqual({ event: "listening", service: "backend", port: expect.any(Number) });
  const edge = await startEdge(`http://127.0.0.1:${backend.port}`).listening;
  expect(edge).toEqual({ event: "listening", service: "edge", port: expect.any(Number), adminPort: expect.any(Number) });
  const client = await openTls(edge.port);
  const response = await client.get("/health");
  expect([response.status, response.headers["content-type"], JSON.parse(response.body.toString()).status]).toEqual([
    200,
    ["application/json"],
    "ok",
  ]);
  client.end();
});

test("by default the edge listens on IPv4 and IPv6", async () => {
  const edge = startEdge("http://127.0.0.1:1", { EDGE_HOST: "" });
  const { port } = await edge.listening;
  for (const host of ["127.0.0.1", "::1"]) {
    const client = await RawClient.open(port, { ca: certificate.ca, host, servername: "localhost" });
    expect((await client.get("/")).status).toBe(502);
    client.end();
  }
});

test("configuration errors: one line each on stderr, exit code 104, nothing started", async () => {
  const edge = start("edge", { EDGE_PORT: "x", UPSTREAM_URL: "nowhere" });
  expect(await edge.exited).toEqual({ code: 104, signal: null });
  expect(edge.stdout).toBe("");
  expect(
    edge.stderr
      .trim()
      .split("\n")
      .map((line) => line.split(/[= ]/)[0]),
  ).toEqual(["EDGE_PORT", "UPSTREAM_URL", "EDGE_CERT_FILE", "EDGE_KEY_FILE"]);
});

test("a certificate that cannot be used: exit code 104 and the reason", async () => {
  const edge = startEdge("http://127.0.0.1:1", { EDGE_KEY_FILE: certificate.caFile });
  expect((await edge.exited).code).toBe(104);
  expect(edge.stderr).toMatch(/^EDGE_CERT_FILE, EDGE_KEY_FILE: the key file holds no unencrypted PEM private key .*\n$/);
});

test.each([[[]], [["proxy"]], [["edge", "backend"]]])("arguments %j: exit code 104 and one line", async (args) => {
  const started = startMain(args, {});
  processes.push(started);
  expect((await started.exited).code).toBe(104);
  expect(started.stderr).toMatch(/^got ".*": expected "edge" or "backend", and nothing else\n$/);
});

test("a taken port: EADDRINUSE on one line, exit code 1", async () => {
  const holder = createServer();
  await new Promise<void>((resolve) => holder.listen(0, "127.0.0.1", resolve));
  const { port } = holder.address() as { port: number };
  const backend = startBackend(port);
  expect(await backend.exited).toEqual({ code: 1, signal: null });
  expect(backend.stderr).toBe(`EADDRINUSE: port ${port} on 127.0.0.1 is taken; free it or set BACKEND_PORT\n`);
  const edge = startEdge("http://127.0.0.1:1", { EDGE_ADMIN_PORT: String(port) });
  expect((await edge.exited).code).toBe(1);
  expect(edge.stderr).toMatch(/^EADDRINUSE: .* set EDGE_ADMIN_PORT\n$/);
  await new Promise((resolve) => holder.close(resolve));
});

test.each(["SIGTERM", "SIGINT"] as const)(
  "%s finishes the request in flight, closes idle connections and exits 0",
  async (signal) => {
    const asked = Promise.withResolvers<() => void>();
    const upstream = await startUpstream(({ head, socket }) => {
      if (!head.startsWith("GET /slow")) return ok("x");
      asked.resolve(() => socket.write(ok("late")));
      return null;
    });
    const edge = startEdge(upstream.origin);
    const { port } = await edge.listening;
    const [busy, idle] = [await openTls(port), await openTls(port)];
    expect((await idle.get("/")).status).toBe(200);
    busy.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n");
    const answer = await asked.promise;

    edge.child.kill(signal);
    await idle.closed;
    answer();
    const response = await busy.response();
    expect([response.status, response.body.toString(), response.headers.connection]).toEqual([200, "late", ["close"]]);
    expect(await edge.exited).toEqual({ code: 0, signal: null });
    await upstream.close();
  },
);

test("a request that outlives the drain deadline is cut, and the exit code is still 0", async () => {
  const asked = Promise.withResolvers<void>();
  const upstream = await startUpstream(() => {
    asked.resolve();
    return null;
  });
  const edge = startEdge(upstream.origin, { EDGE_DRAIN_TIMEOUT_MS: "300" });
  const client = await openTls((await edge.listening).port);
  client.send("GET /never HTTP/1.1\r\nHost: a\r\n\r\n");
  await asked.promise;
  edge.child.kill("SIGTERM");
  expect(await edge.exited).toEqual({ code: 0, signal: null });
  expect(edge.stdout).toContain('"connectionsCut":1');
  await upstream.close();
});

test("a second signal ends the drain at once", async () => {
  const asked = Promise.withResolvers<void>();
  const upstream = await startUpstream(() => {
    asked.resolve();
    return null;
  });
  const edge = startEdge(upstream.origin, { EDGE_DRAIN_TIMEOUT_MS: "3600000" });
  const client = await openTls((await edge.listening).port);
  client.send("GET /never HTTP/1.1\r\nHost: a\r\n\r\n");
  await asked.promise;
  edge.child.kill("SIGTERM");
  await expect.poll(() => edge.stdout, { timeout: 10_000 }).toContain('"draining"');
  edge.child.kill("SIGTERM");
  expect((await edge.exited).code).toBe(0);
  await upstream.close();
});

test("a backend that is killed gives 502, and 200 again once it is back on its port", async () => {
  const backend = startBackend();
  const { port } = await backend.listening;
  const edge = await startEdge(`http://127.0.0.1:${port}`).listening;
  const client = await openTls(edge.port);
  expect((await client.get("/health")).status).toBe(200);
  backend.child.kill("SIGKILL");
  await backend.exited;
  expect((await client.get("/health")).status).toBe(502);
  const ready = await fetch(`http://127.0.0.1:${edge.adminPort}/readyz`);
  expect(ready.status).toBe(503);
  await startBackend(port).listening;
  expect((await client.get("/health")).status).toBe(200);
  client.end();
});

test("an edge that is killed leaves its port free for the next", async () => {
  const first = startEdge("http://127.0.0.1:1");
  const { port } = await first.listening;
  first.child.kill("SIGKILL");
  expect((await first.exited).signal).toBe("SIGKILL");
  expect((await startEdge("http://127.0.0.1:1", { EDGE_PORT: String(port) }).listening).port).toBe(port);
});
