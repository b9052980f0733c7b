import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { describe, expect, it } from "vitest";
import { getRequest, rate, runTest, testProfile, users } from "./test-run.ts";
import { ok, TestServer } from "./test-server.ts";

/** What a noisy machine may add to a time that is known. */
const noiseMs = 25;

describe("a target that takes a constant time", () => {
  const delayed = (delayMs: number) => TestServer.listen(({ socket }) => setTimeout(() => socket.write(ok), delayMs));

  it.each([
    ["users", users(10, 2000)],
    ["a rate", rate(100, 2000)],
    ["Poisson arrivals", rate(100, 2000, { arrivals: "poisson" as const, connections: 30, maxConnections: 30 })],
  ])("of 50 ms is reported as 50 ms: %s", async (_, load) => {
    await using server = await delayed(50);
    const { totals } = await runTest(testProfile(server.url, load));
    const all = totals.all();
    // The server's timer may fire a millisecond early.
    expect(all.ok.minUs).toBeGreaterThanOrEqual(49_000);
    expect(all.ok.percentile(50).us).toBeLessThan(1000 * (50 + noiseMs));
    if (load.model === "open") {
      expect(all.response.minUs).toBeGreaterThanOrEqual(49_000);
      expect(all.response.percentile(50).us).toBeLessThan(1000 * (50 + noiseMs));
    }
  });

  it("of a second is reported as a second, though nearly all connections must be opened on the way", async () => {
    await using server = await delayed(1000);
    const load = rate(100, 3000, { connections: 10, maxConnections: 300 });
    const { totals } = await runTest(testProfile(server.url, load));
    const all = totals.all();
    expect(totals.connectionsOpened).toBeGreaterThan(90);
    expect(all.response.percentile(50).us).toBeLessThan(1_000_000 + 1000 * noiseMs);
    expect(all.response.percentile(90).us).toBeLessThan(1_000_000 + 4000 * noiseMs);
  });
});

describe("a target that freezes", () => {
  const perSecond = 400;
  const seconds = 6;

  /** Percentiles of the same arrivals, in milliseconds, as the server's own timestamps give them and as we report them. */
  async function frozenRun(connections: number) {
    const server = new Worker(new URL("./test-freezing-server.ts", import.meta.url), {
      workerData: { freezeMs: 500, everyMs: 2000 },
    });
    const [{ port }] = (await once(server, "message")) as [{ port: number }];
    const profile = testProfile(
      `http://127.0.0.1:${port}`,
      rate(perSecond, seconds * 1000, { connections, maxConnections: connections }),
      {
        workers: 1,
        requests: [{ ...getRequest, path: "/{{counter}}" }],
      },
    );
    const run = await runTest(profile);
    server.postMessage("end");
    const [{ answeredAt }] = (await once(server, "message")) as [{ answeredAt: number[] }];
    await server.terminate();
    const truth = answeredAt.map((atMs, n) => atMs - (run.loadStartMs + (n * 1000) / perSecond)).sort((a, b) => a - b);
    const all = run.totals.all();
    return {
      count: truth.length,
      failures: run.failures,
      truth: (p: number) => truth[Math.ceil((p / 100) * truth.length) - 1] as number,
      response: (p: number) => all.response.percentile(p).us / 1000,
      service: (p: number) => all.ok.percentile(p).us / 1000,
    };
  }

  it("for half a second in two has the response times that its own timestamps give, which service times hide", {
    retry: 2,
  }, async () => {
    const [few, many] = await Promise.all([frozenRun(10), frozenRun(200)]);
    for (const { count, failures, truth, response } of [few, many]) {
      expect([count, failures]).toEqual([perSecond * seconds, {}]);
      // A quarter of the arrivals meets a freeze; these percentiles lie among them.
      for (const p of [80, 85, 90, 95, 99, 99.9, 100]) {
        expect(truth(p)).toBeGreaterThan(80);
        expect(Math.abs(response(p) - truth(p))).toBeLessThan(Math.max(0.01 * truth(p), 4));
      }
    }
    expect(few.response(95)).toBeGreaterThan(350);
    // Of more than two thousand requests each freeze held ten.
    expect(few.service(95)).toBeLessThan(50);
  });
});
