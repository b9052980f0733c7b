import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, test, vi } from "vitest";
import { TestCommand } from "../testing/command.ts";

let server: Server | null = null;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
  server = null;
});

async function serve(listener: RequestListener): Promise<string> {
  const made = createServer(listener);
  server = made;
  await new Promise<void>((resolve) => made.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(made.address() as AddressInfo).port}`;
}

const quick = ["--start", "20/s", "--probe", "5s", "--confirm", "5s", "--cool-down", "0s", "--workers", "1", "--path", "/"];
describe("bad input is met with one line and 104", () => {
  test.each([
    ["a start that is no rate", ["--start", "fast"], /--start "fast" is not a rate/],
    ["a highest load below the first", ["--start", "500/s", "--max", "50/s"], /--max 50\/s is below --start 500\/s/],
    ["a probe in which no queue can be seen to grow", ["--probe", "2s"], /--probe 2s is too short/],
    ["a confirming run shorter than a probe", ["--confirm", "6s"], /--confirm 6s is shorter than --probe 10s/],
    ["a precision of nothing", ["--precision", "0"], /--precision "0": accepted is a percentage/],
    ["fewer connections allowed than opened", ["--vus", "50", "--max-vus", "9"], /--max-vus 9 is below the 50 connections/],
    ["a load of another kind", ["--rate", "500/s"], /unknown option '--rate'/],
    ["a baseline", ["--baseline", "old.json"], /unknown option '--baseline'/],
    ["a threshold on nothing", ["--threshold", "speed: p(95)<3"], /unknown metric "speed"/],
  ])("%s", async (_, flags, message) => {
    await using command = new TestCommand(["search", "--base-url", "http://127.0.0.1:9", ...flags]);
    const { code, stderr, stdout } = await command.ended();
    expect(stderr.trimEnd()).toMatch(message);
    expect([code, stdout, stderr.trimEnd().includes("\n")]).toEqual([104, "", false]);
  });
});

test("a target that is not there is told before anything is searched", async () => {
  await using command = new TestCommand(["search", "--base-url", "http://127.0.0.1:9"]);
  const { code, stderr } = await command.ended();
  expect([code, stderr]).toEqual([104, expect.stringContaining("connection refused")]);
});

test("a first load that already fails is an answer of its own", async () => {
  const url = await serve((_, response) => response.writeHead(500).end());
  await using command = new TestCommand(["search", "--base-url", url, ...quick, "--report", "markdown=search.md"]);
  const { code, stdout } = await command.ended();
  expect(command.text("search.md")).toContain("search");
  const { search, results } = command.summary("search-summary.json");
  // A machine too busy for 20 requests a second is the generator's limit, and must not be called the target's.
  if (search?.answer.kind === "generator-first") return expect(code).toBe(111);
  expect(code).toBe(99);
  expect(results).toEqual({ verdict: "fail", exitCode: 99, reasons: ["the first load already fails"] });
  expect(search?.brokeFirst).toMatchObject({ objective: "http_req_failed: rate<0.01", rate: 20 });
  expect(search?.levels.filter(({ outcome }) => outcome === "fail")).toHaveLength(2);
  expect(stdout).toContain("✗ FAILED");
});

test("interrupted, it still writes what it knows, and says so", async () => {
  const url = await serve((_, response) => response.end("ok"));
  await using command = new TestCommand(["search", "--base-url", url, ...quick, "--threshold", "http_req_failed: rate<0.5"]);
  await vi.waitFor(() => expect(command.stdout).toMatch(/climbing at 40\.0\/s|try 2/), { timeout: 40_000, interval: 100 });
  process.kill(command.measuringPid, "SIGTERM");
  const { code, stdout } = await command.ended();
  expect(code).toBe(105);
  const summary = command.summary("search-summary.json");
  expect(summary.partial).toBeUndefined();
  expect(summary.results.verdict).toBe("interrupted");
  expect(summary.search?.answer).toMatchObject({ kind: "interrupted", rate: null });
  expect(summary.search?.levels.length).toBeGreaterThanOrEqual(1);
  expect(stdout).toContain("! INTERRUPTED");

  await using again = new TestCommand(["show", `${command.directory}/search-summary.json`]);
  const shown = await again.ended();
  expect(shown.stdout).toContain("capacity     not known");
  expect(shown.stdout).toContain("levels");
});

test("a target that goes away for good ends the search with what is known", async () => {
  let served = 0;
  const url = await serve((_, response) => {
    response.end("ok");
    if (++served === 60) server?.close();
  });
  await using command = new TestCommand(["search", "--base-url", url, ...quick]);
  await vi.waitFor(() => expect(served).toBeGreaterThanOrEqual(60), { timeout: 20_000, interval: 50 });
  server?.closeAllConnections();
  const { code, stdout } = await command.ended();
  expect(code).toBe(113);
  expect(stdout).toContain("warning: waiting for the target: cannot use");
  const { search, results } = command.summary("search-summary.json");
  expect(results.reasons).toEqual(["the target cannot be reached any more, 30 s after the last probe"]);
  expect(search?.levels).toHaveLength(1);
});
