import { describe, expect, it } from "vitest";
import { getRequest, rate, requests, runTest, testProfile, users } from "./test-run.ts";
import { ok, okBody, TestServer, testCertificates } from "./test-server.ts";

describe("connections", () => {
  it("are kept alive for all requests, one a user", async () => {
    await using server = await TestServer.listen();
    const { totals } = await runTest(testProfile(server.url, requests(600, 6)));
    expect([totals.connectionsOpened, server.connections, server.requests]).toEqual([6, 6, 600]);
  });

  it.each([1, 7])("are opened anew after every %d requests where the profile says so", async (limit) => {
    let most = 0;
    await using server = await TestServer.listen(({ nth, socket }) => {
      most = Math.max(most, nth + 1);
      socket.write(ok);
    });
    const profile = testProfile(server.url, requests(140, 4), { session: { requestsPerConnection: limit, resumption: false } });
    const { totals, failures } = await runTest(profile);
    expect(failures).toEqual({});
    expect([most, server.requests, totals.connectionsOpened]).toEqual([limit, 140, server.connections]);
    // Users share the requests as they come, so that each may end in the middle of a connection.
    expect(server.connections).toBeGreaterThanOrEqual(140 / limit);
    expect(server.connections).toBeLessThanOrEqual(140 / limit + 4);
  });

  it("are opened anew when the server says `Connection: close`", async () => {
    await using server = await TestServer.listen(({ socket }) =>
      socket.end(`HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok`),
    );
    const { totals, failures } = await runTest(testProfile(server.url, requests(200, 8)));
    expect(failures).toEqual({});
    expect([totals.connectionsOpened, server.connections, server.requests]).toEqual([200, 200, 200]);
  });

  it("that are told to close are, though the server leaves them open", async () => {
    await using server = await TestServer.listen(({ socket }) =>
      socket.write(`HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok`),
    );
    const { totals, failures } = await runTest(testProfile(server.url, requests(50, 5)));
    expect(failures).toEqual({});
    expect([totals.connectionsOpened, server.connections]).toEqual([50, 50]);
  });

  it("are not used again after bytes that nobody asked for", async () => {
    await using server = await TestServer.listen(({ socket }) => socket.write(ok + ok));
    const { totals, failures } = await runTest(testProfile(server.url, requests(50, 5)));
    expect(failures).toEqual({});
    expect([totals.all().ok.count, server.requests, server.connections]).toEqual([50, 50, 50]);
  });

  it("reach IPv6", async () => {
    await using server = await TestServer.listen(undefined, { host: "::1" });
    const { totals } = await runTest(testProfile(server.url, requests(100, 4)));
    expect([totals.all().ok.count, server.requests]).toEqual([100, 100]);
  });

  it("of the open model are opened before the load, and no more than the cap", async () => {
    await using server = await TestServer.listen(({ socket }) => setTimeout(() => socket.write(ok), 100));
    const load = rate(200, 1000, { connections: 3, maxConnections: 9 });
    const { totals } = await runTest(testProfile(server.url, load));
    expect([totals.connectionsOpened, server.connections]).toEqual([9, 9]);
    expect(totals.blocked).toBeGreaterThan(0);
    expect(totals.sent).toBe(server.requests);
    expect(totals.due).toBe(200);
  });

  it("serve every arrival where there are fewer of them than workers", async () => {
    await using server = await TestServer.listen();
    const load = rate(100, 1000, { connections: 1, maxConnections: 1 });
    const { totals } = await runTest(testProfile(server.url, load, { workers: 3 }));
    expect([totals.due, server.requests, totals.all().dropped, server.connections]).toEqual([100, 100, 0, 1]);
  });
});

describe("TLS", () => {
  it.each([
    ["TLSv1.3", true],
    ["TLSv1.3", false],
    ["TLSv1.2", true],
    ["TLSv1.2", false],
  ] as const)("%s with resumption %s: handshakes and resumptions are the server's", async (version, resumption) => {
    using certificate = await testCertificates();
    const reused: boolean[] = [];
    const seen = new WeakSet<object>();
    await using server = await TestServer.listen(
      ({ socket }) => {
        if (!seen.has(socket)) reused.push((socket as import("node:tls").TLSSocket).isSessionReused());
        seen.add(socket);
        socket.write(ok);
      },
      { certificate, tls: { minVersion: version, maxVersion: version } },
    );
    const profile = testProfile(server.url, requests(60, 3), {
      target: { caFile: certificate.caFile },
      session: { requestsPerConnection: 2, resumption },
    });
    const { totals, failures } = await runTest(profile);
    expect(failures).toEqual({});
    expect([totals.connectionsOpened, totals.handshakes, server.requests]).toEqual([reused.length, reused.length, 60]);
    expect(totals.resumed).toBe(reused.filter(Boolean).length);
    expect(totals.handshaking.count).toBe(reused.length);
    // Every connection after a user's first one has a ticket to offer.
    if (resumption) expect(totals.resumed).toBeGreaterThanOrEqual(reused.length - 3 - 1);
    else expect(totals.resumed).toBe(0);
  });

  it("carries every kind of body end: length, chunks, and the end of the connection", async () => {
    using certificate = await testCertificates();
    const answers = [
      ok,
      `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n${okBody.slice(0, 5)}\r\na\r\n${okBody.slice(5)}\r\n0\r\n\r\n`,
    ];
    await using server = await TestServer.listen(
      ({ n, socket }) => {
        const answer = answers[n % 3];
        if (answer === undefined) socket.end(`HTTP/1.1 200 OK\r\n\r\n${okBody}`);
        else socket.write(answer);
      },
      { certificate },
    );
    const profile = testProfile(server.url, requests(90, 3), {
      target: { caFile: certificate.caFile },
      checks: [{ kind: "body", name: "whole body", contains: okBody }],
    });
    const { totals, failures } = await runTest(profile);
    expect(failures).toEqual({});
    expect([totals.all().ok.count, totals.checkPasses[0], totals.connectionsOpened]).toEqual([90, 90, server.connections]);
  });

  it("that asks for a certificate which is not given fails as `tls`", async () => {
    using certificate = await testCertificates();
    const tls = { requestCert: true, rejectUnauthorized: true };
    await using server = await TestServer.listen(undefined, { certificate, tls });
    const profile = testProfile(server.url, requests(20, 4), { target: { caFile: certificate.caFile } });
    const { failures } = await runTest(profile);
    expect(failures).toEqual({ tls: 20 });
  });

  it("checks the certificate against its CA and name, on every connection", async () => {
    using certificate = await testCertificates();
    await using server = await TestServer.listen(undefined, { certificate });
    const untrusted = await runTest(testProfile(server.url, requests(4, 2)));
    const misnamed = await runTest(
      testProfile(server.url, requests(4, 2), { target: { caFile: certificate.caFile, serverName: "another.example" } }),
    );
    const trusted = await runTest(testProfile(server.url, requests(4, 2), { target: { caFile: certificate.caFile } }));
    expect([untrusted.failures, misnamed.failures, trusted.failures]).toEqual([{ tls: 4 }, { tls: 4 }, {}]);
    expect(server.requests).toBe(4);
  });
});

describe("users", () => {
  it("that leave and come back within a pause send no more often than the pause allows", async () => {
    await using server = await TestServer.listen();
    const stages = [
      { durationMs: 300, from: 4, to: 4 },
      { durationMs: 300, from: 0, to: 0 },
      { durationMs: 2000, from: 4, to: 4 },
    ];
    const thinkTime = { minMs: 700, maxMs: 700 };
    await runTest(testProfile(server.url, { model: "closed", stages, thinkTime }));
    // Each at 0, 600, 1300 and 2000 ms.
    expect(server.requests).toBeLessThanOrEqual(16);
    expect(server.requests).toBeGreaterThanOrEqual(12);
  });

  it.each([
    ["fewer users than workers", [{ durationMs: 1500, from: 2, to: 2 }]],
    ["users that leave early", [{ durationMs: 1500, from: 3, to: 0 }]],
    [
      "a pause at the end",
      [
        { durationMs: 500, from: 2, to: 2 },
        { durationMs: 1000, from: 0, to: 0 },
      ],
    ],
  ])("%s: stages last what they last, and their rates are right", async (_, stages) => {
    await using server = await TestServer.listen(({ socket }) => setTimeout(() => socket.write(ok), 20));
    const run = await runTest(testProfile(server.url, { model: "closed", stages, thinkTime: null }, { workers: 3 }));
    const rows = run.recording.phaseRows();
    expect(rows.length).toBe(stages.length);
    for (const [i, row] of rows.entries()) {
      const planned = stages[i]?.durationMs ?? 0;
      expect(Math.abs(row.durationMs - planned)).toBeLessThan(200);
      expect(row.rps).toBeCloseTo((row.requests * 1000) / row.durationMs, 6);
    }
    // One that is in flight when its stage ends belongs to the next, or to none.
    const inStages = rows.reduce((sum, row) => sum + row.requests, 0);
    expect(server.requests - inStages).toBeLessThanOrEqual(2);
  });

  it("walk a sequence in order, each its own", async () => {
    const orders = new Map<object, string[]>();
    await using server = await TestServer.listen(({ path, socket }) => {
      orders.set(socket, [...(orders.get(socket) ?? []), path]);
      socket.write(ok);
    });
    const profile = testProfile(server.url, users(3, 500), {
      selection: "sequence",
      requests: ["/a", "/b", "/c"].map((path) => ({ ...getRequest, path, route: path })),
    });
    const { totals } = await runTest(profile);
    for (const paths of orders.values()) {
      expect(paths).toEqual(paths.map((_, i) => ["/a", "/b", "/c"][i % 3]));
    }
    const seen = (path: string) => [...orders.values()].flat().filter((one) => one === path).length;
    expect(totals.routes.map((route) => route.requests)).toEqual(["/a", "/b", "/c"].map(seen));
  });
});
