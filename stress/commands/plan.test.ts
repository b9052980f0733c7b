import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { ok, TestServer } from "../load/test-server.ts";
import { planReportSchema } from "../report/plan/plan-report.ts";
import { TestCommand } from "../testing/command.ts";

let server: TestServer;
const plans = mkdtempSync(join(tmpdir(), "plimsoll-plans-"));
afterAll(() => rmSync(plans, { recursive: true }));
beforeEach(async () => {
  server = await TestServer.listen(({ path, socket }) =>
    socket.write(path === "/bad" ? "HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n" : ok),
  );
});
afterEach(async () => {
  await server[Symbol.asyncDispose]();
});

const scenarios = `
title: Three of them
scenarios:
  good: { title: Holds, requests: 50, threshold: "http_req_failed: rate<0.01" }
  bad: { path: /bad, requests: 20, threshold: "http_req_failed: rate<0.01" }
  last: { vus: 3, duration: 1s, think: 20ms, threshold: "http_reqs: count>0" }
`;

function planCommand(args: readonly string[], text = scenarios): TestCommand {
  const file = join(plans, "plan.yaml");
  writeFileSync(file, text);
  return new TestCommand(["plan", file, "--base-url", server.url, "--cool-down", "0s", ...args]);
}

const reportOf = (command: TestCommand) => planReportSchema.parse(JSON.parse(command.text("plan-results/plan.json")));

describe("stress plan", () => {
  test("runs every scenario, whatever becomes of one, and reports on all: the worst decides", async () => {
    await using command = planCommand([]);
    const { code, stdout, stderr } = await command.ended();
    expect([code, stderr]).toEqual([99, ""]);
    const files = ["bad.json", "good.json", "junit.xml", "last.json", "plan.html", "plan.json", "plan.md", "plan.txt"];
    expect(readdirSync(join(command.directory, "plan-results")).sort()).toEqual(files);
    const { scenarios: rows, results, title, mode, partial } = reportOf(command);
    expect([title, mode, partial]).toEqual(["Three of them", "full", undefined]);
    expect(rows.map(({ name, outcome, file }) => [name, outcome, file])).toEqual([
      ["good", "pass", "good.json"],
      ["bad", "fail", "bad.json"],
      ["last", expect.stringMatching(/pass|undecided/), "last.json"],
    ]);
    expect(rows[1]?.reasons).toEqual(["http_req_failed: rate<0.01 (1)"]);
    expect(results).toMatchObject({ failed: 1, notRun: 0 });
    expect(command.summary("plan-results/good.json").plan).toEqual({ plan: "plan", title: "Holds", mode: "full" });
    expect(stdout).toMatch(/^2 of 3 {2}bad {2}bad$/m);
    expect(stdout).toMatch(/^ bad +20 requests by 20 users .* 100 % .*✗ FAIL$/m);
    expect(command.text("plan-results/plan.md")).toMatch(/\| bad +\| bad +\| \*\*✗ FAIL\*\* +\|/);
    expect(command.text("plan-results/junit.xml")).toMatch(/tests="3" failures="1"/);
  });

  test("a smoke test never passes a criterion: it says smoke wherever it says how it went", async () => {
    await using command = planCommand(["--smoke", "--only", "good,bad"]);
    const { code, stdout } = await command.ended();
    expect(code).toBe(99);
    const { scenarios: rows, results, mode } = reportOf(command);
    expect([mode, rows.map(({ outcome }) => outcome), results.passed, results.held]).toEqual(["smoke", ["held", "fail"], 0, 1]);
    expect(command.summary("plan-results/good.json").plan?.mode).toBe("smoke");
    expect(stdout).toMatch(/✓ smoke held/);
    expect(stdout).toMatch(/Smoke test, which meets no criterion: 1 held, 1 failed of 2 scenarios/);
    expect(stdout).toMatch(/mode +smoke test: shows that it runs, meets no criterion of the plan/);
    expect(command.text("plan-results/junit.xml")).toContain('name="good [smoke]: Holds"');
  });

  test("the first signal ends the scenario under way: everything is written, what was not run says so, 105", async () => {
    await using command = planCommand([], scenarios.replace("duration: 1s", "duration: 10m").replace("last:", "zlast:"));
    await vi.waitFor(() => expect(command.stdout).toMatch(/^3 of 3/m), 30_000);
    await vi.waitFor(() => expect(command.stdout).toMatch(/hold 3 users/), 30_000);
    process.kill(command.measuringPid, "SIGTERM");
    expect((await command.ended()).code).toBe(105);
    const { scenarios: rows, results, partial } = reportOf(command);
    expect([results.exitCode, partial]).toEqual([105, undefined]);
    expect(rows.map(({ outcome }) => outcome)).toEqual(["pass", "fail", "interrupted"]);
    expect(command.summary("plan-results/zlast.json").results.verdict).toBe("interrupted");
  });

  test("a target that goes away fails the scenarios that are left, and says so", async () => {
    await using dying = await TestServer.listen(({ n, socket }) => {
      socket.write(ok);
      if (n === 49) setTimeout(() => dying.die(), 200);
    });
    await using command = planCommand(["--base-url", dying.url, "--only", "good,last", "--cool-down", "1s"]);
    const { code } = await command.ended();
    const [first, second] = reportOf(command).scenarios;
    expect([code, first?.outcome, second?.outcome, second?.file]).toEqual([99, "pass", "fail", null]);
    expect(second?.reasons[0]).toMatch(/^it could not be measured: cannot use .*connection refused/);
  });

  test("a spike is judged by its recovery, a ramp level by level, beside the figures of the run", async () => {
    const text = `
scenarios:
  spike:
    { stage: [1s:20/s, 12s:20/s, 1s:60/s, 2s:60/s, 1s:20/s, 8s:20/s], recovery: 30s, threshold: [], workers: 1 }
  ramp:
    { stage: [1s:20/s, 4s:20/s, 1s:40/s, 4s:40/s], level-threshold: [p(95)<20000], threshold: [], workers: 1 }
`;
    await using command = planCommand([], text);
    const { stdout } = await command.ended();
    const { recovery } = command.summary("plan-results/spike.json").plan ?? {};
    expect(recovery?.withinMs).toBe(30_000);
    expect(recovery?.band?.p95Ms).toBeGreaterThan(0);
    expect(stdout).toContain(`recovery        ${recovery?.text.slice(0, 12)}`);
    const { breakingPoint } = command.summary("plan-results/ramp.json").plan ?? {};
    expect(breakingPoint?.levels.map(({ level }) => level)).toEqual([20, 40]);
    // a crowded machine may make a level the generator's, and then it is no level held
    if (breakingPoint?.levels.every(({ outcome }) => outcome === "held")) {
      expect(breakingPoint).toMatchObject({ verdict: "none", heldAt: 40 });
    }
    expect(reportOf(command).scenarios[1]?.levels).toHaveLength(2);
    expect(command.text("plan-results/plan.md")).toContain("## ramp: level by level");
  });

  test("saturation is watched from beside: proper refusals pass, a 503 without Retry-After does not", async () => {
    let retryAfter = "Retry-After: 1\r\n";
    await using busy = await TestServer.listen(({ path, nth, socket }) =>
      socket.write(path === "/healthz" || nth < 2 ? ok : `HTTP/1.1 503 Busy\r\n${retryAfter}Content-Length: 0\r\n\r\n`),
    );
    const text = "scenarios: { full: { vus: 5, duration: 3s, think: 50ms, threshold: [], refusal: { health: /healthz } } }";
    await using command = planCommand(["--base-url", busy.url], text);
    expect((await command.ended()).code).toBe(0);
    const { refusal } = command.summary("plan-results/full.json").plan ?? {};
    expect(refusal).toMatchObject({ verdict: "graceful", established: { connections: 20, wrong: 0, broken: 0 } });
    expect(refusal?.established.refused).toBeGreaterThan(0);
    expect(refusal?.fresh.answered).toBeGreaterThan(1);
    expect(refusal?.health.answered).toBe(refusal?.health.requests);
    retryAfter = "";
    await using again = planCommand(["--base-url", busy.url], text);
    expect((await again.ended()).code).toBe(99);
    expect(again.summary("plan-results/full.json").plan?.refusal?.reasons[0]).toMatch(/errors other than a 503 or 429/);
  });

  test("--list shows load and criteria without a target", async () => {
    await using command = new TestCommand(["plan", "--list", "--only", "perf-04"]);
    const { code, stdout } = await command.ended();
    expect([code, stdout.trim().split("\n").length]).toEqual([0, 1]);
    expect(stdout).toMatch(/perf-04 +Spike and recovery +100 → 2,000 → 100\/s in 15 min .*recovered within 30 s/);
  });

  test.each([
    ["a scenario that is none", ["--only", "x"], /--only "x": the plan has good, bad, last/],
    ["nothing left", ["--only", "bad", "--skip", "bad"], /leave no scenario/],
    ["two paces", ["--smoke", "--duration-factor", "0.5"], /--smoke contradicts --duration-factor/],
    ["a factor that is none", ["--duration-factor", "0"], /accepted is a number above zero/],
    ["a target that nobody serves", ["--base-url", "http://127.0.0.1:1"], /connection refused/],
  ])("%s: one line, 104, nothing sent", async (_, args, message) => {
    await using command = planCommand(args);
    const { code, stderr } = await command.ended();
    expect([code, server.requests]).toEqual([104, 0]);
    expect(stderr).toMatch(message);
    expect(stderr.trim().split("\n")).toHaveLength(1);
  });
});
