import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { ok, TestServer } from "../load/test-server.ts";
import { matrixReportSchema } from "../report/matrix/matrix-report.ts";
import { TestCommand } from "../testing/command.ts";

let fast: TestServer;
let slow: TestServer;
beforeEach(async () => {
  fast = await TestServer.listen();
  slow = await TestServer.listen(({ socket }) => setTimeout(() => socket.write(ok), 60));
});
afterEach(async () => {
  await fast[Symbol.asyncDispose]();
  await slow[Symbol.asyncDispose]();
});

const short = ["--duration", "1s", "--cool-down", "0s", "--workers", "1"];
const lenient = ["--threshold", "http_req_failed: rate<0.01"];
const reportOf = (command: TestCommand) => matrixReportSchema.parse(JSON.parse(command.text("matrix-results/matrix.json")));

describe("stress matrix", () => {
  test("measures every topology at every rate, in turn, and compares with the first", async () => {
    const topologies = `fast=${fast.url},slow=${slow.url}`;
    await using command = new TestCommand([
      "matrix",
      ...["--topology", topologies, "--rate", "40,20", "--repeat", "2", ...short, ...lenient],
    ]);
    const { code, stdout } = await command.ended();
    const report = reportOf(command);
    expect(report.rows.map(({ topology, targetRate, files }) => [topology, targetRate, files])).toEqual([
      ["fast", 20, ["fast/20-1.json", "fast/20-2.json"]],
      ["fast", 40, ["fast/40-1.json", "fast/40-2.json"]],
      ["slow", 20, ["slow/20-1.json", "slow/20-2.json"]],
      ["slow", 40, ["slow/40-1.json", "slow/40-2.json"]],
    ]);
    // ten of the functional check, then what was due
    expect([fast.requests, slow.requests]).toEqual([130, 130]);
    for (const { p95Ms, successShare, dropped, topology } of report.rows) {
      expect([successShare, dropped]).toEqual([1, 0]);
      if (topology === "slow") expect(p95Ms).toBeGreaterThan(59);
    }
    const order = [...stdout.matchAll(/^(fast|slow) {2}(\d+)\/s {2}run (\d) of 2$/gm)].map(([, ...parts]) => parts.join(" "));
    expect(order).toEqual([
      ...["fast 20 1", "slow 20 1", "slow 20 2", "fast 20 2"],
      ...["fast 40 1", "slow 40 1", "slow 40 2", "fast 40 2"],
    ]);
    expect(report.added.map(({ topology, against, targetRate }) => [topology, against, targetRate])).toEqual([
      ["slow", "fast", 20],
      ["slow", "fast", 40],
    ]);
    for (const { figures, comparison } of report.added) {
      // a crowded machine makes runs that nobody may compare
      if (figures.length === 0) expect(comparison.groups.some(({ runs }) => runs.length === 0)).toBe(true);
      for (const { topologyMs, againstMs, addedMs } of figures) expect(addedMs).toBeCloseTo(topologyMs - againstMs, 0);
    }
    const undecided = report.results.undecided;
    expect([code, report.results.passed + undecided]).toEqual([undecided > 0 ? 111 : 0, 4]);
    expect(stdout).toMatch(/^ slow +40\/s +[\d.]+ +[\d.]+ .* 100 % +0 +\d+ {2}(✓ pass|! invalid)$/m);
    expect(stdout).toMatch(/^ slow 40\/s +[\d.]+ m?s +█+$/m);
    expect(command.text("matrix-results/matrix.md")).toMatch(/^\| topology +\| +rate \| +iterations\/s \| +requests\/s \|/m);
  });

  test("a threshold broken in every cell fails it: 99, unless a cell cannot be judged", async () => {
    await using command = new TestCommand([
      ...["matrix", "--topology", `fast=${fast.url}`, "--topology", `slow=${slow.url}`, "--rate", "20", ...short],
      ...["--threshold", "http_req_failed: rate<0.01", "--threshold", "http_reqs{route:/health}: count>1000000"],
    ]);
    const { code } = await command.ended();
    const { rows, results } = reportOf(command);
    const isJudged = rows.every(({ exitCode }) => exitCode === 99);
    expect([code, results.exitCode]).toEqual(isJudged ? [99, 99] : [111, 111]);
    expect(rows.every(({ reasons }) => reasons.some((reason) => reason.startsWith("http_reqs{route:/health}")))).toBe(true);
  });

  test("a topology that does not do what it should is not measured, and fails the matrix; the others are", async () => {
    await using broken = await TestServer.listen(({ socket }) => socket.write("HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n"));
    await using command = new TestCommand([
      ...[
        "matrix",
        "--topology",
        `broken=${broken.url},fast=${fast.url},gone=http://127.0.0.1:1`,
        "--rate",
        "20",
        ...short,
        ...lenient,
      ],
    ]);
    const { code } = await command.ended();
    const { rows, failedTopologies } = reportOf(command);
    expect(rows.map(({ verdict }) => verdict === null)).toEqual([true, false, true]);
    // a crowded machine makes a run that nobody can judge
    expect(code).toBe(rows[1]?.exitCode === 111 ? 111 : 99);
    expect(failedTopologies).toEqual([
      { topology: "broken", reason: "functional check: status-5xx (HTTP 500)" },
      { topology: "gone", reason: expect.stringMatching(/connection refused/) },
    ]);
    expect([broken.requests, fast.requests]).toEqual([10, 30]);
  });

  test("puts up an edge before one and before two backends, over TLS, samples each service, and takes all down", async () => {
    await using command = new TestCommand([
      "matrix",
      ...["--topology", "cluster-1,cluster-2", "--rate", "20", ...short, ...lenient],
    ]);
    const { code } = await command.ended();
    expect([0, 111]).toContain(code);
    const { rows, failedTopologies } = reportOf(command);
    expect(failedTopologies).toEqual([]);
    expect(rows.map(({ successShare, memoryBytes }) => [successShare, (memoryBytes ?? 0) > 0])).toEqual([
      [1, true],
      [1, true],
    ]);
    const { resources, profile } = command.summary("matrix-results/cluster-2/20.json");
    expect(resources.map(({ name, running }) => [name, running])).toEqual([
      ["backend-1", true],
      ["backend-2", true],
      ["proxy", true],
    ]);
    expect(profile.target.baseUrl).toMatch(/^https:/);
    await expect(fetch(profile.target.baseUrl)).rejects.toMatchObject({ cause: { code: "ECONNREFUSED" } });
    expect(existsSync(profile.target.caFile ?? "")).toBe(false);
  }, 180_000);

  test("the first signal ends the run under way, takes down what stands, writes what there is: 105", async () => {
    await using command = new TestCommand([
      ...["matrix", "--topology", "cluster-1", "--rate", "20", "--duration", "10m", "--workers", "1", ...lenient],
    ]);
    await vi.waitFor(() => expect(command.stdout).toMatch(/hold 20 requests/), 120_000);
    process.kill(command.measuringPid, "SIGTERM");
    const { code, stdout } = await command.ended();
    expect(code).toBe(105);
    expect(stdout).toMatch(/^taking down cluster-1$/m);
    expect(reportOf(command).rows[0]?.verdict).toBe("interrupted");
    expect(readdirSync(join(command.directory, "matrix-results")).sort()).toEqual([
      ...["cluster-1", "matrix.html", "matrix.json", "matrix.md", "matrix.txt"],
    ]);
    const { profile } = command.summary("matrix-results/cluster-1/20.json");
    await expect(fetch(profile.target.baseUrl)).rejects.toMatchObject({ cause: { code: "ECONNREFUSED" } });
  }, 180_000);

  test.each([
    ["a topology that is none", ["--topology", "mesh"], /--topology "mesh": accepted are direct, node/],
    ["one twice", ["--topology", "a=http://x,a=http://y"], /"a" is given twice/],
    ["a place that is none", ["--topology", "a=/nowhere.json"], /neither an address nor a file/],
    ["a rate that is none", ["--topology", "a=http://x", "--rate", "fast"], /--rate "fast\/s" is not a rate/],
    ["nothing to compare with", ["--topology", "a=http://x", "--against", "b"], /--against "b": there are a, and none/],
  ])("%s: one line, 104", async (_, args, message) => {
    await using command = new TestCommand(["matrix", ...args]);
    const { code, stderr } = await command.ended();
    expect(code).toBe(104);
    expect(stderr).toMatch(message);
    expect(stderr.trim().split("\n")).toHaveLength(1);
  });
});
