import net from "node:net";
import { describe, expect, it } from "vitest";
import { rate, requests, runTest, testProfile, users } from "./test-run.ts";
import { ok, TestServer } from "./test-server.ts";

describe("every failure has its class, and each is counted once", () => {
  it.each([
    [404, "status-4xx"],
    [429, "status-4xx"],
    [500, "status-5xx"],
    [503, "status-5xx"],
  ])("%d", async (status, failure) => {
    await using server = await TestServer.listen(({ n, socket }) =>
      socket.write(n % 4 === 3 ? `HTTP/1.1 ${status} No\r\nContent-Length: 2\r\n\r\nno` : ok),
    );
    const { totals, failures, recording } = await runTest(testProfile(server.url, requests(400, 10)));
    expect(failures).toEqual({ [failure]: 100 });
    expect([totals.all().ok.count, totals.all().bad.count, totals.checkPasses, totals.checkFails]).toEqual([
      300,
      100,
      [300],
      [100],
    ]);
    expect(totals.connectionsOpened).toBe(server.connections);
    expect(recording.failures()).toEqual([{ class: failure, count: 100, example: `HTTP ${status}` }]);
    expect(recording.metrics(1000).get("http_req_failed")).toEqual({ type: "rate", passes: 100, fails: 300 });
  });

  it("a reset before the response: `reset` on a new connection, `stale-connection` on one that carried others", async () => {
    let fresh = 0;
    await using server = await TestServer.listen(({ n, nth, socket }) => {
      if (n % 10 !== 0) return void socket.write(ok);
      if (nth === 0) fresh++;
      socket.resetAndDestroy();
    });
    const { totals, failures } = await runTest(testProfile(server.url, requests(1000, 10)));
    expect(server.requests).toBe(1000);
    expect(totals.sent).toBe(1000);
    expect(failures).toEqual({ reset: fresh, "stale-connection": 100 - fresh });
    expect(totals.all().ok.count).toBe(900);
  });

  it.each([
    ["half a body", `HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n${"x".repeat(50)}`],
    ["half a head", "HTTP/1.1 200 OK\r\nContent-Le"],
    ["a chunked body without its end", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"],
    ["an interim response alone", "HTTP/1.1 100 Continue\r\n\r\n"],
  ])("%s, then the end: `reset` though the connection carried others", async (_, text) => {
    await using server = await TestServer.listen(({ n, socket }) => (n % 5 === 4 ? socket.end(text) : socket.write(ok)));
    const { totals, failures } = await runTest(testProfile(server.url, requests(100, 2)));
    expect(failures).toEqual({ reset: 20 });
    expect([totals.sent, server.requests, totals.all().ok.count]).toEqual([100, 100, 80]);
  });

  it("what is no HTTP: `malformed`, and the connection is closed", async () => {
    await using server = await TestServer.listen(({ n, socket }) => socket.write(n % 5 === 4 ? "SSH-2.0-OpenSSH_9.6\r\n" : ok));
    const { totals, failures } = await runTest(testProfile(server.url, requests(100, 2)));
    expect(failures).toEqual({ malformed: 20 });
    expect([totals.sent, totals.connectionsOpened]).toEqual([100, server.connections]);
    expect(server.connections).toBeGreaterThanOrEqual(20);
  });

  it("a connection closed in the moment it is used again: `stale-connection`, never sent twice", async () => {
    let answered = 0;
    await using server = await TestServer.listen(({ socket }) => {
      if (!socket.writable) return;
      if (++answered % 7 === 0) socket.end(ok);
      else socket.write(ok);
    });
    const { totals, failures } = await runTest(testProfile(server.url, users(20, 1000)));
    const stale = failures["stale-connection"] ?? 0;
    expect(Object.keys(failures)).toEqual(["stale-connection"]);
    expect(totals.all().ok.count).toBe(answered);
    expect(totals.sent).toBe(answered + stale);
    expect(totals.connectionsOpened).toBe(server.connections);
  });

  it("a connection closed while idle costs nothing but a new one", async () => {
    await using server = await TestServer.listen(({ nth, socket }) => {
      socket.write(ok);
      if (nth === 1) setTimeout(() => socket.end(), 5);
    });
    const profile = testProfile(server.url, users(4, 1000, { minMs: 40, maxMs: 60 }));
    const { totals, failures } = await runTest(profile);
    expect(failures).toEqual({});
    expect(totals.sent).toBe(server.requests);
    expect(totals.connectionsOpened).toBe(server.connections);
    expect(server.connections).toBeGreaterThan(4);
  });

  it("a target that dies half way: each request in flight `reset` or `stale-connection`, the rest `refused`", async () => {
    await using server = await TestServer.listen(({ n, socket }) => (n === 999 ? server.die() : socket.write(ok)));
    const { totals, failures, times } = await runTest(testProfile(server.url, users(10, 1500)));
    const all = totals.all();
    const { refused = 0, reset = 0, "stale-connection": stale = 0, ...others } = failures;
    expect(others).toEqual({});
    expect(all.ok.count).toBe(999);
    expect(reset + stale).toBe(totals.sent - 999);
    expect(reset + stale).toBeLessThanOrEqual(10);
    expect(refused).toBeGreaterThan(0);
    expect(all.requests).toBe(999 + reset + stale + refused);
    // A dead target is not met with a loop as hot as the CPU.
    expect(refused).toBeLessThan(10 * 150);
    expect(times.loadToMs - times.loadFromMs).toBe(1500);
  });

  it("a TLS server that is none: `tls`", async () => {
    await using server = await TestServer.listen(() => {}, { onConnection: (socket) => void socket.write("220 ready\r\n") });
    const url = server.url.replace("http:", "https:");
    const { totals, failures } = await runTest(testProfile(url, requests(10, 2)));
    expect(failures).toEqual({ tls: 10 });
    expect([totals.sent, totals.connectionsOpened, totals.handshakes]).toEqual([0, server.connections, 0]);
  });
});

describe("a response that does not come", () => {
  it("is a timeout, censored at the limit; percentiles among the censored are beyond it", async () => {
    await using server = await TestServer.listen(({ n, socket }) => n % 5 !== 4 && socket.write(ok));
    const profile = testProfile(server.url, requests(50, 5), { timeoutMs: 300 });
    const { totals, failures, recording } = await runTest(profile);
    expect(failures).toEqual({ timeout: 10 });
    expect([totals.sent, server.requests]).toEqual([50, 50]);
    const duration = recording.metrics(1000).get("http_req_duration");
    const histogram = duration?.type === "trend" ? duration.histogram : null;
    expect([histogram?.count, histogram?.censored]).toEqual([40, 10]);
    expect(histogram?.percentile(80).beyond).toBe(false);
    expect(histogram?.percentile(81)).toEqual({ us: 300_000, beyond: true });
    expect(recording.metrics(1000).get("http_req_duration{expected_response:true}")).toMatchObject({
      histogram: { censored: 0 },
    });
  });

  it("in the open model is censored at what service and response time are known to exceed, each its own", async () => {
    // The one connection is taken for 300 ms; the arrival behind it is then sent, and cut off 100 ms later.
    await using server = await TestServer.listen(({ n, socket }) => n === 0 && setTimeout(() => socket.write(ok), 300));
    const load = rate(10, 200, { connections: 1, maxConnections: 1 });
    const { totals, failures } = await runTest(testProfile(server.url, load, { timeoutMs: 400, workers: 1 }));
    const all = totals.all();
    expect(failures).toEqual({ timeout: 1 });
    expect([all.ok.count, all.bad.censored, all.response.count, all.response.censored]).toEqual([1, 1, 1, 1]);
    expect(all.response.max()).toEqual({ us: 400_000, beyond: true });
    expect(all.bad.max().us).toBeLessThan(350_000);
    expect(all.bad.max().beyond).toBe(true);
  });

  it("leaves arrivals that were never sent, dropped and censored, and all of them offered", async () => {
    await using server = await TestServer.listen(() => {});
    const load = rate(200, 500, { connections: 2, maxConnections: 2 });
    const { totals, failures } = await runTest(testProfile(server.url, load, { timeoutMs: 300 }));
    const all = totals.all();
    expect(totals.due).toBe(100);
    expect(all.requests + all.dropped).toBe(100);
    expect(all.dropped).toBeGreaterThan(0);
    expect(failures).toEqual({ timeout: all.requests });
    expect(totals.sent).toBe(server.requests);
    expect([all.response.count, all.response.censored]).toEqual([0, 100]);
    expect(all.response.percentile(50)).toEqual({ us: 300_000, beyond: true });
    expect(totals.pacerLag.count).toBe(100);
  });

  it("with --when-busy drop is dropped as it arrives", async () => {
    await using server = await TestServer.listen(({ socket }) => setTimeout(() => socket.write(ok), 200));
    const load = rate(100, 1000, { connections: 2, maxConnections: 2, whenBusy: "drop" });
    const { totals } = await runTest(testProfile(server.url, load));
    const all = totals.all();
    expect([totals.due, all.requests + all.dropped]).toEqual([100, 100]);
    expect(all.requests).toBe(server.requests);
    // Two connections carry at most five a second each, and the two that are in flight at the end.
    expect(all.requests).toBeLessThanOrEqual(12);
    expect(all.response.censored).toBe(all.dropped);
  });

  it("is cut off a while after the run was ended, and stays in the distribution as far as it is known", async () => {
    await using server = await TestServer.listen(() => {});
    const run = await runTest(testProfile(server.url, users(3, 60_000), { timeoutMs: 60_000 }), { stopAfterMs: 300 });
    const all = run.totals.all();
    expect(run.failures).toEqual({ interrupted: 3 });
    expect(all.bad.censored).toBe(3);
    expect(all.bad.max().beyond).toBe(true);
    expect(all.bad.max().us).toBeGreaterThan(4_000_000);
    expect(all.bad.max().us).toBeLessThan(60_000_000);
  });
});

describe("a connection that does not open", () => {
  /** Accepts, and never says a word. */
  async function silentServer(): Promise<{ url: string } & AsyncDisposable> {
    const sockets = new Set<net.Socket>();
    const server = net.createServer((socket) => void sockets.add(socket.on("error", () => {})));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return {
      url: `https://127.0.0.1:${(server.address() as net.AddressInfo).port}`,
      async [Symbol.asyncDispose]() {
        for (const socket of sockets) socket.destroy();
        await new Promise((resolve) => server.close(resolve));
      },
    };
  }

  it("in time is given up before the load, which then runs and fails", async () => {
    await using server = await silentServer();
    const { failures, totals } = await runTest(testProfile(server.url, rate(20, 500), { timeoutMs: 400 }));
    expect(failures).toEqual({ timeout: totals.all().requests });
    expect(totals.due).toBe(10);
    expect(totals.sent).toBe(0);
  });

  it("does not keep an interrupted run", async () => {
    await using server = await silentServer();
    const startedMs = performance.now();
    const stop = new AbortController();
    setTimeout(() => stop.abort(), 1500);
    const run = await runTest(testProfile(server.url, rate(20, 60_000), { timeoutMs: 60_000 }), { stop });
    expect(run.totals.all().requests).toBe(0);
    expect(performance.now() - startedMs).toBeLessThan(20_000);
  });
});
