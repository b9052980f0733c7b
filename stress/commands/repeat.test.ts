import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { comparisonSchema } from "../judge/compare/comparison.ts";
import { TestServer } from "../load/test-server.ts";
import { TestCommand } from "../testing/command.ts";

let a: TestServer;
let b: TestServer;

beforeEach(async () => {
  [a, b] = [await TestServer.listen(), await TestServer.listen()];
});
afterEach(async () => {
  await a[Symbol.asyncDispose]();
  await b[Symbol.asyncDispose]();
});

/** Objectives that hold however slow the machine is. */
const lenient = ["--threshold", "http_req_failed: rate<0.01"];

describe("--repeat", () => {
  test("makes as many runs, a summary each, and one that stands for all and is shown and compared as such", async () => {
    await using command = new TestCommand([
      "throughput",
      "--base-url",
      a.url,
      "-n",
      "50",
      "--repeat",
      "3",
      "--cool-down",
      "0s",
      "--out",
      "out.json",
      ...lenient,
    ]);
    const { code, stdout, stderr } = await command.ended();
    expect([code, stderr]).toEqual([0, ""]);
    expect(a.requests).toBe(150);
    expect(readdirSync(command.directory).sort()).toEqual(["out-1.json", "out-2.json", "out-3.json", "out.json"]);
    const runs = [1, 2, 3].map((run) => command.summary(`out-${run}.json`));
    const all = command.summary("out.json");
    expect(new Set(runs.map(({ metadata }) => metadata.id)).size).toBe(3);
    expect(runs.map(({ series }) => [series?.id, series?.run, series?.of])).toEqual(
      [1, 2, 3].map((run) => [all.series?.id, run, 3]),
    );
    expect(all.series?.files).toEqual(["out-1.json", "out-2.json", "out-3.json"]);
    expect(all.metadata.id).toBe(runs[(all.series?.run ?? 0) - 1]?.metadata.id);
    for (const run of [1, 2, 3]) expect(stdout).toContain(`run ${run} of 3\n`);
    expect(stdout).toMatch(/^ 3 runs.* median +lowest +highest/m);
    await using again = new TestCommand(["compare", "out.json", "out.json", "--format", "json"], {
      prefix: ["env", "-C", command.directory],
    });
    const { groups } = comparisonSchema.parse(JSON.parse((await again.ended()).stdout));
    for (const { runs: made, leftOut } of groups) {
      expect([...made, ...leftOut].map(({ file }) => file).sort()).toEqual(["out-1.json", "out-2.json", "out-3.json"]);
    }
  });

  test("the first signal ends the run under way and the series: what was made is kept, exit 105", async () => {
    await using command = new TestCommand([
      "throughput",
      "--base-url",
      a.url,
      "-n",
      "50",
      "--repeat",
      "3",
      "--cool-down",
      "1h",
      ...lenient,
    ]);
    await vi.waitFor(() => expect(existsSync(join(command.directory, "summary-1.json"))).toBe(true), 30_000);
    await vi.waitFor(() => expect(command.stdout).toMatch(/look again/), 30_000);
    process.kill(command.measuringPid, "SIGTERM");
    expect((await command.ended()).code).toBe(105);
    expect(command.summary().series?.files).toEqual(["summary-1.json"]);
    expect(a.requests).toBe(50);
  });

  test.each([
    ["no number", ["--repeat", "many"], /--repeat/],
    ["too many", ["--repeat", "100000"], /at most 1000 runs/],
    ["a pause that is none", ["--repeat", "2", "--cool-down", "soon"], /--cool-down.*soon/],
  ])("%s: one line and 104", async (_, args, expected) => {
    await using command = new TestCommand(["throughput", "--base-url", a.url, "-n", "5", ...args]);
    const { code, stderr } = await command.ended();
    expect([code, a.requests]).toEqual([104, 0]);
    expect(stderr).toMatch(expected);
  });
});

describe("--baseline", () => {
  test("everything fails now: 112 where both runs can be judged, and the summary says so", async () => {
    const load = ["--vus", "1", "--duration", "1s", "--think", "20ms", "--threshold", "http_reqs: count>0"];
    await using old = new TestCommand(["throughput", "--base-url", a.url, ...load, "--repeat", "2", "--cool-down", "0s"]);
    expect((await old.ended()).code).toBe(0);
    await using broken = await TestServer.listen(({ socket }) => socket.write("HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n"));
    await using command = new TestCommand([
      "throughput",
      "--base-url",
      broken.url,
      ...load,
      "--baseline",
      join(old.directory, "summary.json"),
    ]);
    const { code, stdout } = await command.ended();
    const isSound = !command.summary().generator.saturated;
    const sound = [1, 2].filter((run) => !old.summary(`summary-${run}.json`).generator.saturated).length;
    // a crowded machine makes runs that nobody may judge, and then nothing is
    expect(code).toBe(sound === 0 ? 111 : isSound && sound === 2 ? 112 : command.summary().results.exitCode);
    expect(command.summary().results.exitCode).toBe(code);
    if (code === 112) {
      expect(command.summary().results.verdict).toBe("regression");
      expect(stdout).toMatch(/REGRESSION/);
      expect(stdout).toMatch(/http_req_failed went from none at all to 100 %/);
    }
  });

  test("a baseline of another load, and one that is none, are refused before anything is sent", async () => {
    await using old = new TestCommand(["throughput", "--base-url", a.url, "-n", "5", ...lenient]);
    await old.ended();
    const baseline = join(old.directory, "summary.json");
    await using other = new TestCommand(["throughput", "--base-url", b.url, "-n", "6", "--baseline", baseline]);
    const { code, stderr } = await other.ended();
    expect([code, b.requests]).toEqual([104, 0]);
    expect(stderr).toMatch(/runs of different things, in load .*give --allow-different/);
    writeFileSync(join(old.directory, "none.json"), "{}");
    await using none = new TestCommand(["throughput", "--base-url", b.url, "--baseline", join(old.directory, "none.json")]);
    expect((await none.ended()).code).toBe(104);
    expect(b.requests).toBe(0);
  });

  test("a baseline that asked for something else under a value that is not shown is refused as well", async () => {
    const asking = (word: string) => ["-n", "5", "--path", `/find?limit=20&q=${word}`];
    await using old = new TestCommand(["throughput", "--base-url", a.url, ...asking("a"), ...lenient]);
    await old.ended();
    expect(old.summary().profile.requests[0]?.path).toBe("/find?limit=20&q=[redacted]");
    const baseline = ["--baseline", join(old.directory, "summary.json")];
    await using other = new TestCommand(["throughput", "--base-url", b.url, ...asking("b"), ...baseline]);
    const { code, stderr } = await other.ended();
    expect([code, b.requests]).toEqual([104, 0]);
    expect(stderr).toContain("runs of different things, in redacted values of requests (");
  });
});

describe("--interleave", () => {
  const targets = () => ["--a-base-url", a.url, "--b-base-url", b.url];

  test("measures both in turn, keeps every summary, and prints nothing but the comparison on the standard output", async () => {
    await using command = new TestCommand([
      ...["compare", "--interleave", ...targets(), "-n", "40", "--rounds", "3", "--cool-down", "0s"],
      ...["--order-seed", "7", "--format", "json", ...lenient],
    ]);
    const { code, stdout, stderr } = await command.ended();
    const { groups, differences } = comparisonSchema.parse(JSON.parse(stdout));
    expect([a.requests, b.requests]).toEqual([120, 120]);
    expect(code).toBe(groups.some(({ runs }) => runs.length === 0) ? 111 : 0);
    expect(groups.map(({ runs, leftOut }) => runs.length + leftOut.length)).toEqual([3, 3]);
    expect(differences.map(({ what }) => what)).toEqual(["target"]);
    for (const side of ["a", "b"] as const) {
      expect(readdirSync(join(command.directory, "comparison", side)).sort()).toEqual([
        "run-1.json",
        "run-2.json",
        "run-3.json",
        "summary.json",
      ]);
      expect(command.summary(`comparison/${side}/run-2.json`).series).toMatchObject({ run: 2, of: 3, side });
    }
    const order = [...stderr.matchAll(/^round (\d) of 3 {2}([AB])/gm)].map(([, round, side]) => `${round}${side}`);
    expect(order.map((each) => each[0])).toEqual(["1", "1", "2", "2", "3", "3"]);
    for (const at of [0, 2, 4]) expect(new Set([order[at]?.[1], order[at + 1]?.[1]]).size).toBe(2);
  });

  test("a signal ends it: 105, the runs so far are kept", async () => {
    await using command = new TestCommand(["compare", "--interleave", ...targets(), "-n", "20", "--cool-down", "1h", ...lenient]);
    await vi.waitFor(() => expect(command.stderr).toMatch(/^round 1 of 5/m), 30_000);
    process.kill(command.measuringPid, "SIGTERM");
    expect((await command.ended()).code).toBe(105);
    expect(a.requests + b.requests).toBe(20);
    const side = a.requests > 0 ? "a" : "b";
    expect(command.summary(`comparison/${side}/summary.json`).series?.files).toEqual(["run-1.json"]);
  });

  test.each([
    ["one target only", () => ["--interleave", "--a-base-url", a.url], /needs two targets: give --b-base-url/],
    ["files beside targets", () => ["x.json", "--interleave", ...targets()], /makes the runs it compares/],
    [
      "a flag of measuring without it",
      () => ["x.json", "y.json", "--rounds", "3"],
      /--rounds is about measuring: give --interleave/,
    ],
    [
      "a target that nobody serves",
      () => ["--interleave", "--a-base-url", a.url, "--b-base-url", "http://127.0.0.1:1"],
      /connection refused/,
    ],
  ])("%s: one line, 104, nothing sent", async (_, args, expected) => {
    await using command = new TestCommand(["compare", ...args()]);
    const { code, stdout, stderr } = await command.ended();
    expect([code, stdout, a.requests, b.requests]).toEqual([104, "", 0, 0]);
    expect(stderr).toMatch(expected);
    expect(stderr.trim().split("\n")).toHaveLength(1);
  });
});
