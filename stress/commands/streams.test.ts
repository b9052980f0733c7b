import { describe, expect, it } from "vitest";
import { TestServer } from "../load/test-server.ts";
import { TestCommand } from "../testing/command.ts";

const head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
const event = "9\r\ndata: x\n\n\r\n";

describe("stress throughput --sse", () => {
  it("passes on streams that go on, and its summary has the kind's own figures", async () => {
    await using server = await TestServer.listen(({ socket }) => {
      socket.write(head + event);
      const timer = setInterval(() => socket.write(event), 100);
      socket.once("close", () => clearInterval(timer));
    });
    const flags = [
      "--sse",
      "--vus",
      "5",
      "--duration",
      "2s",
      "--threshold",
      "sse_event_gap: max<60000",
      "--threshold",
      "streams_failed: rate<0.01",
    ];
    await using run = new TestCommand(["throughput", "--base-url", server.url, "--workers", "1", ...flags]);
    const { stdout } = await run.ended();
    const { metrics, phases, capacity, failures, profile, timeseries } = run.summary();
    expect(stdout).toMatch(/streams +5 opened · 0 refused · 0 dropped · 0 reconnects ·\s+open [12](\.\d)? s/);
    expect(stdout).toMatch(/sustained +(≥ )?[\d.]+ events\/s/);
    expect([profile.stream?.kind, failures]).toEqual(["sse", []]);
    const events = metrics.sse_events?.type === "counter" ? metrics.sse_events.values.count : 0;
    expect(events).toBeGreaterThan(20);
    expect(metrics.sse_event_gap).toMatchObject({
      values: { count: events - 5, censored: 0 },
      thresholds: { "max<60000": { ok: true } },
    });
    expect(Object.keys(metrics)).not.toContain("http_req_duration");
    expect(phases.reduce((sum, { requests }) => sum + requests, 0)).toBe(events);
    expect(capacity.averageRps).toBeCloseTo(events / 2, 0);
    expect(timeseries.rows.reduce((sum, row) => sum + (row[2] ?? 0), 0)).toBe(events);
  });

  it("fails on streams that end before their time: 99", async () => {
    await using server = await TestServer.listen(({ socket }) => socket.end(`${head}${event}0\r\n\r\n`));
    const args = ["--sse", "--vus", "3", "--duration", "1s", "--reconnect", "300ms", "--threshold", "streams_failed: rate<0.01"];
    await using run = new TestCommand(["throughput", "--base-url", server.url, "--workers", "1", ...args]);
    const { code, stdout } = await run.ended();
    expect(code).toBe(99);
    expect(stdout).toMatch(/✗ ended +\d+ +100 % +ended by the server after 1 event/);
    expect(run.summary().failures).toMatchObject([{ class: "ended" }]);
  });
});
