import { describe, expect, it } from "vitest";
import { rate, runTest, testProfile, users } from "./test-run.ts";
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
