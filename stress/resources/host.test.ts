import { readdirSync } from "node:fs";
import { availableParallelism, cpus, totalmem } from "node:os";
import { describe, expect, it } from "vitest";
import { summarySchema } from "../measure/summary.ts";
import { availableCores, type HostCpu, hostCpuShares, readCpuPressure, readHost, readHostCpu, readSchedstat } from "./host.ts";

const onLinux = process.platform === "linux";

describe("readHost", () => {
  it("names the machine as the summary wants it", () => {
    const host = readHost();
    expect(summarySchema.shape.environment.shape.host.parse(host)).toEqual(host);
    expect(host).toMatchObject({ cores: cpus().length, memoryBytes: totalmem() });
    for (const text of [host.cpuModel, host.kernel, host.os]) expect(text.trim()).not.toBe("");
  });
});

it("has at most the cores that the machine offers", () => {
  expect(availableCores()).toBeGreaterThan(0);
  expect(availableCores()).toBeLessThanOrEqual(availableParallelism());
});

describe("readHostCpu", () => {
  it("adds up what is busy, and keeps steal apart", () => {
    const text = "cpu  100 10 50 1000 40 5 15 30 7 3\ncpu0 1 1 1 1 1 1 1 1 1 1\nintr 5\n";
    // guest time (7 and 3) is already contained in user and nice
    expect(readHostCpu(text)).toEqual({ busy: 180, idle: 1040, steal: 30, total: 1250 });
  });

  it("reads an old kernel's line, which knows no steal", () => {
    expect(readHostCpu("cpu  1 2 3 4 5 6 7\n")).toEqual({ busy: 19, idle: 9, steal: 0, total: 28 });
  });

  it.each([
    ["without /proc", null],
    ["of a file that is something else", "btime 1\n"],
    ["of an empty line", "cpu  \n"],
  ])("is null %s", (_, text) => {
    expect(readHostCpu(text)).toBeNull();
  });

  it.runIf(onLinux)("moves on, on this machine", async () => {
    const from = readHostCpu();
    await expect.poll(() => readHostCpu()?.total ?? 0).toBeGreaterThan(from?.total ?? 0);
    const shares = hostCpuShares(from, readHostCpu());
    expect(shares?.busy).toBeGreaterThanOrEqual(0);
    expect((shares?.busy ?? 2) + (shares?.steal ?? 2)).toBeLessThanOrEqual(1.1);
  });
});

describe("hostCpuShares", () => {
  const from = { busy: 100, idle: 100, steal: 10, total: 210 };
  it.each<[HostCpu | null, ReturnType<typeof hostCpuShares>, string]>([
    [{ busy: 150, idle: 140, steal: 20, total: 310 }, { busy: 0.5, steal: 0.1 }, "shares of what passed between"],
    [{ busy: 130, idle: 90, steal: 10, total: 230 }, { busy: 1, steal: 0 }, "idle that fell does not make busy more than all"],
    [{ busy: 95, idle: 125, steal: 10, total: 230 }, { busy: 0, steal: 0 }, "busy that fell is not negative"],
    [from, null, "no time passed"],
    [null, null, "no reading"],
  ])("of %j is %j: %s", (to, shares) => {
    expect(hostCpuShares(from, to)).toEqual(shares);
  });
});

describe("readCpuPressure", () => {
  it("reads the share and the total", () => {
    const text = "some avg10=12.50 avg60=0.03 avg300=0.25 total=26216254\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0\n";
    expect(readCpuPressure(text)).toEqual({ avg10: 0.125, totalUs: 26_216_254 });
  });

  it("is null where the kernel does not keep it", () => {
    expect(readCpuPressure(null)).toBeNull();
  });
});

describe("readSchedstat", () => {
  it.runIf(onLinux)("sees the CPU time that a thread burns", () => {
    // of all threads: the test need not run in the first
    const burntNs = () => readdirSync("/proc/self/task").reduce((sum, tid) => sum + (readSchedstat(Number(tid))?.cpuNs ?? 0), 0);
    const fromNs = burntNs();
    const { user, system } = process.cpuUsage();
    for (let usedUs = 0; usedUs < 100_000; ) {
      const now = process.cpuUsage();
      usedUs = now.user + now.system - user - system;
    }
    expect(burntNs() - fromNs).toBeGreaterThan(80e6);
  });

  it.runIf(onLinux)("counts slices and waiting, never negative", () => {
    const { slices, delayNs } = readSchedstat(process.pid) ?? { slices: 0, delayNs: -1 };
    expect(slices).toBeGreaterThan(0);
    expect(delayNs).toBeGreaterThanOrEqual(0);
  });

  it("is null for a thread that is not there", () => {
    expect(readSchedstat(2 ** 22 + 1)).toBeNull();
  });
});
