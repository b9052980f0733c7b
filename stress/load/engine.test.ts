import { describe, expect, it } from "vitest";
import { rate, requests, runTest, type TestRun, testProfile, users } from "./test-run.ts";
import { ok, TestServer } from "./test-server.ts";

/** What was counted is what the server counted, and nothing is counted twice or lost. */
function expectWhole(run: TestRun, server: TestServer): void {
  const { totals, profile, recording } = run;
  const all = totals.all();
  const sum = (counts: readonly number[]) => counts.reduce((total, count) => total + count, 0);
  expect(totals.sent).toBe(server.requests);
  expect(totals.connectionsOpened).toBe(server.connections);
  expect(all.ok.count + all.failed).toBe(all.requests);
  expect(sum(totals.checkPasses) + sum(totals.checkFails)).toBe(profile.checks.length * all.requests);
  expect(recording.metrics(1000).get("http_reqs")).toMatchObject({ count: all.requests });
  if (profile.load.model === "open") expect(all.requests + all.dropped).toBe(totals.due);
}

describe("counts are the server's, exactly", () => {
  it.each([
    [1, 1],
    [1, 8],
    [7, 3],
    [9, 1],
    [2000, 50],
    [1999, 100],
  ])("for %d requests by %d users", async (total, count) => {
    await using server = await TestServer.listen();
    const run = await runTest(testProfile(server.url, requests(total, count)));
    expectWhole(run, server);
    expect(server.requests).toBe(total);
    expect(run.totals.all().ok.count).toBe(total);
    expect(run.totals.connectionsOpened).toBeLessThanOrEqual(count);
  });

  it("for a rate above what the target can do: answers to the backlog count, and are in no rate", async () => {
    await using server = await TestServer.listen(({ socket }) => setTimeout(() => socket.write(ok), 100));
    const run = await runTest(testProfile(server.url, rate(250, 1000)));
    expectWhole(run, server);
    const { recording, times } = run;
    const requests = recording.metrics(times.loadToMs - times.loadFromMs).get("http_reqs");
    expect(requests).toMatchObject({ count: 250 });
    // ten connections of ten answers a second each
    expect(requests?.type === "counter" && requests.rate).toBeLessThan(130);
    expect(recording.carried().answered).toBeLessThan(130);
    expect(times.drainedMs - times.loadToMs).toBeGreaterThan(1000);
  });

  it("and only what succeeded is carried, however fast the errors come", async () => {
    await using server = await TestServer.listen(({ n, socket }) => {
      socket.write(n % 4 === 0 ? ok : "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n");
    });
    const run = await runTest(testProfile(server.url, users(4, 1000)));
    expectWhole(run, server);
    const [phase] = run.recording.phaseRows();
    const { requests = 0, failed = 0, rps = 0, durationMs = 0 } = phase ?? {};
    expect(failed / requests).toBeGreaterThan(0.7);
    expect(rps).toBeCloseTo(((requests - failed) * 1000) / durationMs, 6);
    const { answered, attempts } = run.recording.carried();
    expect(attempts).toBe(run.totals.all().requests);
    expect(answered).toBeLessThanOrEqual(run.totals.all().ok.count);
  });

  it("and every run is told to drain once, also where nothing is under way at its end", async () => {
    await using server = await TestServer.listen();
    for (let n = 0; n < 6; n++) {
      const { phases } = await runTest(testProfile(server.url, rate(20, 300)));
      expect(phases.map(({ kind }) => kind)).toEqual(["settle", "connect", "load", "drain", "after"]);
    }
  });

  it("when the duration is over, for 100 users", async () => {
    await using server = await TestServer.listen();
    const run = await runTest(testProfile(server.url, users(100, 1500)));
    expectWhole(run, server);
    expect(run.totals.connectionsOpened).toBe(100);
    expect(run.totals.all().failed).toBe(0);
  });

  it("at a rate", async () => {
    await using server = await TestServer.listen();
    const run = await runTest(testProfile(server.url, rate(400, 1500)));
    expectWhole(run, server);
    expect(server.requests).toBe(600);
    expect(run.totals.all().response.count).toBe(600);
  });

  it("when users are ended in the middle", async () => {
    await using server = await TestServer.listen(({ socket }) => setTimeout(() => socket.write(ok), 20));
    const run = await runTest(testProfile(server.url, users(20, 60_000)), { stopAfterMs: 700 });
    expectWhole(run, server);
    expect(run.failures).toEqual({});
    expect(run.times.endMs).toBeLessThan(30_000);
  });

  it("when a rate is ended in the middle, with requests in flight longer than arrivals are apart", async () => {
    await using server = await TestServer.listen(({ socket }) => setTimeout(() => socket.write(ok), 100));
    const run = await runTest(testProfile(server.url, rate(100, 60_000, { connections: 50, maxConnections: 50 })), {
      stopAfterMs: 700,
    });
    expectWhole(run, server);
    expect(run.failures).toEqual({});
    expect(run.times.endMs).toBeLessThan(30_000);
  });
});
