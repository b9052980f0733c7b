import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { accessSync, constants, mkdirSync, mkdtempSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { describe, expect, it } from "vitest";
import { testCertificates } from "../load/test-server.ts";
import type { Summary } from "../measure/summary.ts";
import { type CommandOptions, TestCommand } from "../testing/command.ts";

/**
 * The generator's limit is never reported as the target's, nor the target's as the generator's: the real command, starved in
 * every way we know, and at its ease before targets at their limit.
 */

interface SlowServer extends AsyncDisposable {
  port: number;
}

async function slowServer(burnMs: number, certificate?: { certFile: string; keyFile: string }): Promise<SlowServer> {
  const worker = new Worker(new URL("../load/test-slow-server.ts", import.meta.url), {
    workerData: { burnMs, certificate: certificate && { certFile: certificate.certFile, keyFile: certificate.keyFile } },
  });
  const [{ port }] = (await once(worker, "message")) as [{ port: number }];
  return { port, [Symbol.asyncDispose]: async () => void (await worker.terminate()) };
}

function temporary(name: string, text: string): { file: string } & Disposable {
  const directory = mkdtempSync(join(tmpdir(), "plimsoll-saturation-"));
  const file = join(directory, name);
  writeFileSync(file, text);
  return { file, [Symbol.dispose]: () => rmSync(directory, { recursive: true }) };
}

interface Result {
  code: number | null;
  summary: Summary;
}

/** Measures for three seconds; `squeeze` is given the measuring process once the load goes. */
async function measure(
  flags: readonly string[],
  options: CommandOptions = {},
  squeeze?: (pid: number) => () => void,
): Promise<Result> {
  await using command = new TestCommand(
    ["throughput", "--no-tui", "--path", "/", "--workers", "1", "--duration", "3s", ...flags],
    options,
  );
  let release = () => {};
  if (squeeze !== undefined) {
    await sleep(1000);
    release = squeeze(command.measuringPid);
  }
  const { code } = await command.ended();
  release();
  return { code, summary: command.summary() };
}

const open = ["--rate", "300/s"];
const closed = ["--vus", "10"];

function expectNamed({ summary }: Result): void {
  expect(summary.generator.saturated).toBe(true);
  expect(summary.generator.evidence.length).toBeGreaterThan(0);
  expect(summary.capacity).toMatchObject({ kind: "floor", bottleneck: "generator" });
}

describe("a starved generator is named: invalid at a rate, a floor for users", () => {
  async function expectBothNamed(options: CommandOptions, squeeze?: (pid: number) => () => void): Promise<void> {
    await using server = await slowServer(0);
    const target = ["--base-url", `http://127.0.0.1:${server.port}`];
    const [atRate, byUsers] = await Promise.all([
      measure([...target, ...open], options, squeeze),
      measure(
        [...target, ...closed, "--threshold", "http_req_failed: rate<0.01", "--threshold", "http_req_duration: p(95)<0.001"],
        options,
        squeeze,
      ),
    ]);
    expectNamed(atRate);
    expect([atRate.code, atRate.summary.results.verdict]).toEqual([111, "invalid"]);
    expectNamed(byUsers);
    // The objective that held stands; the one that failed may be the generator's doing.
    expect(byUsers.summary.metrics.http_req_failed?.thresholds?.["rate<0.01"]?.ok).toBe(true);
    expect([byUsers.code, byUsers.summary.results.verdict]).toEqual([111, "undecided"]);
    expect(byUsers.summary.results.reasons).toEqual([expect.stringMatching(/p\(95\)<0\.001.*undecided/)]);
  }

  it("by a busy loop in its threads", async () => {
    const loop = `
      const { isMainThread } = require("node:worker_threads");
      if (!isMainThread) setInterval(() => { for (const from = performance.now(); performance.now() - from < 60; ); }, 100);`;
    using directory = temporary("busy.cjs", loop);
    await expectBothNamed({ env: { NODE_OPTIONS: `--require ${directory.file}` } });
  });

  it("by being stopped and continued, as cpulimit does", async () => {
    await expectBothNamed({}, (pid) => {
      let live = true;
      void (async () => {
        while (live) {
          process.kill(pid, "SIGSTOP");
          await sleep(50);
          process.kill(pid, "SIGCONT");
          await sleep(50);
        }
      })().catch(() => {});
      return () => {
        live = false;
      };
    });
  });

  const cpuGroups = "/sys/fs/cgroup/cpu";
  const mayLimit = (() => {
    try {
      accessSync(join(cpuGroups, "cpu.cfs_quota_us"), constants.W_OK);
      return true;
    } catch {
      return false;
    }
  })();

  it.skipIf(!mayLimit)("by a CPU quota (skipped where no cgroup v1 may be made)", async () => {
    let groups = 0;
    await expectBothNamed({}, (pid) => {
      const group = join(cpuGroups, `plimsoll-test-${process.pid}-${groups++}`);
      mkdirSync(group);
      writeFileSync(join(group, "cpu.cfs_quota_us"), "5000");
      writeFileSync(join(group, "cgroup.procs"), String(pid));
      return () => rmdirSync(group);
    });
  });
});

describe("a target at its limit is never taken for the generator", { retry: 2 }, () => {
  // Neighbours that take the CPU away would starve the generator for real.
  const first = (() => {
    const prefix = ["chrt", "-r", "5"];
    try {
      execFileSync("chrt", ["-r", "5", "true"], { stdio: "ignore" });
      return { prefix };
    } catch {
      return {};
    }
  })();

  function expectNotNamed({ summary }: Result): void {
    expect(summary.generator.evidence).toEqual([]);
    expect(summary.generator.saturated).toBe(false);
    expect(summary.capacity.kind).toBe("measured");
    expect(summary.capacity.bottleneck).not.toBe("generator");
  }

  it("when it burns 5 ms a request and is offered half as much again", async () => {
    await using server = await slowServer(5);
    const result = await measure(["--base-url", `http://127.0.0.1:${server.port}`, ...open], first);
    expectNotNamed(result);
    expect([result.code, result.summary.results.verdict]).toEqual([99, "fail"]);
    // What queues at the target shows in both times, for there are connections enough to queue there.
    expect(result.summary.metrics.response_time).toMatchObject({ type: "trend" });
  });

  it("when users wait for it", async () => {
    await using server = await slowServer(5);
    const objective = ["--threshold", "http_req_duration: p(95)<10"];
    const result = await measure(["--base-url", `http://127.0.0.1:${server.port}`, ...closed, ...objective], first);
    expectNotNamed(result);
    expect([result.code, result.summary.results.verdict]).toEqual([99, "fail"]);
    expect(result.summary.capacity.averageRps).toBeLessThan(205);
  });

  it("when it spends its CPU on TLS on the same machine", async () => {
    using certificate = await testCertificates();
    await using server = await slowServer(0.5, certificate);
    const target = ["--base-url", `https://127.0.0.1:${server.port}`, "--ca", certificate.caFile];
    const byUsers = await measure([...target, "--vus", "50"], first);
    expectNotNamed(byUsers);
    const atRate = await measure([...target, "--rate", "3000/s"], first);
    expectNotNamed(atRate);
    expect([atRate.code, atRate.summary.results.verdict]).toEqual([99, "fail"]);
  });
});
