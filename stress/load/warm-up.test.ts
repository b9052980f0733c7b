import { describe, expect, it } from "vitest";
import { rate, requests, runTest, testProfile, users } from "./test-run.ts";
import { ok, TestServer } from "./test-server.ts";
import { warmUpLoad } from "./warm-up.ts";

const warmUp = { loadMs: 400, restMs: 100 };
const settle = { beforeMs: 50, afterMs: 50 };

describe("a warm-up", () => {
  it("comes before everything that is measured, on connections of its own, and counts nowhere", async () => {
    await using server = await TestServer.listen();
    const { totals, phases, recording } = await runTest(testProfile(server.url, requests(300, 3), { warmUp, settle }));
    expect(phases.map(({ kind }) => kind)).toEqual(["cold", "warm-up", "rest", "settle", "connect", "load", "after"]);
    expect([totals.sent, totals.all().requests, totals.connectionsOpened]).toEqual([300, 300, 3]);
    expect(recording.metrics(1000).get("http_reqs")).toMatchObject({ count: 300 });
    expect(server.requests).toBeGreaterThan(300);
    // three users of the warm-up and three of the load
    expect(server.connections).toBe(6);
  });

  it("has left no connection open when the load begins", async () => {
    const openAt: number[] = [];
    await using server = await TestServer.listen();
    await runTest(testProfile(server.url, users(4, 300), { warmUp, settle }), {
      onPhase: ({ kind }) => {
        if (kind === "settle") openAt.push(server.sockets.size);
      },
    });
    expect(openAt).toEqual([0]);
  });

  it("ends early when the run is interrupted, and then nothing is measured", async () => {
    const stop = new AbortController();
    await using server = await TestServer.listen(({ socket }) => {
      socket.write(ok);
      stop.abort();
    });
    const profile = testProfile(server.url, users(2, 60_000), { warmUp: { loadMs: 60_000, restMs: 60_000 }, settle });
    const run = await runTest(profile, { stop });
    expect(server.requests).toBeGreaterThan(0);
    expect(run.phases.map(({ kind }) => kind)).not.toContain("load");
    expect(run.totals.sent).toBe(0);
    expect(run.times.endMs).toBeLessThan(30_000);
  });
});

describe("the load of a warm-up", () => {
  it("is the highest level of the profile, held", () => {
    const stages = [
      { durationMs: 10, from: 0, to: 50 },
      { durationMs: 10, from: 50, to: 20 },
    ];
    expect(warmUpLoad({ model: "closed", stages, thinkTime: null }, 700)).toEqual({
      model: "closed",
      stages: [{ durationMs: 700, from: 50, to: 50 }],
      thinkTime: null,
    });
  });

  it("keeps the connections of a rate", () => {
    const load = rate(100, 5000, { connections: 7, maxConnections: 9 });
    expect(warmUpLoad(load, 700)).toEqual({ ...load, stages: [{ durationMs: 700, from: 100, to: 100 }] });
  });
});
