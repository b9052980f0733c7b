import { mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import type { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ok, TestServer } from "../load/test-server.ts";
import { type Summary, summarySchema } from "../measure/summary.ts";
import { exampleSummary } from "../report/example-summary.ts";
import { renderJson } from "../report/json.ts";
import { TestCommand } from "../testing/command.ts";

const load = ["--vus", "2", "--think", "20ms", "--workers", "1"];
const waitMs = 20_000;

const requestsOf = ({ metrics }: Summary) => (metrics.http_reqs?.type === "counter" ? metrics.http_reqs.values.count : null);

/** What measures may be the command itself, which then has no code, or run below a launcher, which tells of the signal by one. */
async function kill(command: TestCommand): Promise<void> {
  process.kill(command.measuringPid, "SIGKILL");
  expect([137, null]).toContain((await command.ended()).code);
}

describe("a soak that is killed leaves what it knew, not the summary of the run before, and no pass", () => {
  /** Kills a soak with these times when `isTime`, and reads what it left. */
  async function killed(times: string, isTime: (summary: Summary, server: TestServer) => boolean) {
    await using server = await TestServer.listen();
    await using command = new TestCommand(
      ["soak", "--base-url", server.url, "--sample", `self=pid:${process.pid}`, ...load, ...times.split(" ")],
      { files: { "soak-summary.json": renderJson(exampleSummary()) } },
    );
    const read = () => command.summary("soak-summary.json");
    await vi.waitFor(() => expect(isTime(read(), server)).toBe(true), { timeout: waitMs, interval: 100 });
    await kill(command);
    const left = read();
    expect(left).toMatchObject({ partial: true, results: { verdict: "interrupted", exitCode: 105 } });
    expect(left.metadata.scenario).toBe("soak");
    return { requests: requestsOf(left), served: server.requests };
  }

  it("before its load", async () => {
    const { requests } = await killed("--warm-up 60s", ({ partial }) => partial === true);
    expect(requests).toBe(0);
  });

  it("after its load, all of which is in it", async () => {
    const times = "--minutes 0.03 --warm-up 0s --before 1s --after 60s";
    const { requests, served } = await killed(times, (summary, server) => {
      return server.requests > 0 && requestsOf(summary) === server.requests;
    });
    expect(requests).toBe(served);
  });
});

describe("what is killed before it has anything to tell leaves nothing of the command before", () => {
  const left = ({ directory }: TestCommand) => readdirSync(directory).sort();
  const earlier = renderJson(exampleSummary());
  const repeat = ["throughput", "-n", "5", "--repeat", "3", "--cool-down", "1h", ...load];
  const search = ["search", "--workers", "1", "--start", "20/s", "--probe", "1h", "--confirm", "1h"];

  it("of a series, of which the runs that were made are there", async () => {
    await using server = await TestServer.listen();
    const names = ["summary.json", "summary-1.json", "summary-3.json", "summary-4.json"];
    const files = Object.fromEntries(names.map((name) => [name, earlier]));
    await using command = new TestCommand([...repeat, "--base-url", server.url], { files });
    const isMade = () => {
      const { partial, series } = command.summary("summary-1.json");
      expect([partial, series?.of]).toEqual([undefined, 3]);
    };
    await vi.waitFor(isMade, { timeout: waitMs, interval: 100 });
    await kill(command);
    // the fourth is of a longer series, and was in nobody's way
    expect(left(command)).toEqual(["summary-1.json", "summary-4.json"]);
  });

  it("of a search in its first probe", async () => {
    await using server = await TestServer.listen();
    const files = { "search-summary.json": earlier };
    await using command = new TestCommand([...search, "--base-url", server.url], { files });
    await vi.waitFor(() => expect(server.requests).toBeGreaterThan(0), { timeout: waitMs, interval: 100 });
    await kill(command);
    expect(left(command)).toEqual([]);
  });

  it.each([
    ["a series", repeat, ["summary-2.json", "summary.json"]],
    ["a search", search, ["search-summary.json"]],
  ])("but %s that is refused leaves all as it was", async (_, args, names) => {
    const files = Object.fromEntries(names.map((name) => [name, earlier]));
    await using command = new TestCommand([...args, "--base-url", "http://127.0.0.1:1"], { files });
    expect((await command.ended()).code).toBe(104);
    expect(names.map((name) => command.text(name))).toEqual(names.map(() => earlier));
    expect(left(command)).toEqual(names);
  });
});

describe("a run whose directory goes away", () => {
  let directory = "";
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "plimsoll-gone-"));
    for (const name of ["results", "temporary"]) mkdirSync(join(directory, name));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  it("goes on, tells of the checkpoint once, and leaves its summary with the temporary files", async () => {
    // Its load goes on until the directory is away, however slow the machine is.
    let held: Socket[] | null = [];
    await using server = await TestServer.listen(({ n, socket }) => {
      if (n < 10 || held === null) socket.write(ok);
      else held.push(socket);
    });
    const out = join(directory, "results", "summary.json");
    const flags = ["-n", "20", "--timeout", "10m", "--threshold", "http_reqs: count>0"];
    await using command = new TestCommand(["throughput", "--base-url", server.url, ...flags, "--out", out, ...load], {
      env: { TMPDIR: join(directory, "temporary") },
    });
    await vi.waitFor(() => expect(server.requests).toBeGreaterThan(10), { timeout: waitMs, interval: 100 });
    renameSync(join(directory, "results"), join(directory, "moved"));
    for (const socket of held) socket.write(ok);
    held = null;
    expect((await command.ended()).code).toBe(0);
    const [made = ""] = readdirSync(join(directory, "temporary")).filter((name) => name.startsWith("plimsoll-"));
    const text = readFileSync(join(directory, "temporary", made, "summary.json"), "utf8");
    const summary = summarySchema.parse(JSON.parse(text));
    expect([summary.partial, requestsOf(summary)]).toEqual([undefined, server.requests]);
    expect(summary.warnings.filter((warning) => warning.startsWith(`cannot write ${out}`))).toEqual([
      expect.stringMatching(/: ENOENT[^;]*$/),
      expect.stringMatching(/: ENOENT.*; the summary is in /),
    ]);
  });
});
