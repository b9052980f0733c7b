import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import type { Readable, Writable } from "node:stream";
import { describe, expect, it } from "vitest";
import { childrenByParent, countFds, readProcTree, readPssBytes, readPsTree, readTree } from "./process-tree.ts";
import { TestProcess } from "./test-process.ts";

const onLinux = process.platform === "linux";
/** No kernel gives out a pid above 2^22. */
const noPid = 2 ** 22 + 1;

describe("readTree", () => {
  it("finds a process with its children and theirs, itself first", async () => {
    await using root = await TestProcess.start();
    const child = Number(await root.order("fork"));
    const grandchild = Number(await root.order("child fork"));
    const tree = await readTree(root.pid);
    expect(tree.map(({ pid }) => pid)).toEqual([root.pid, child, grandchild]);
    expect(new Set(tree.map(({ pid, start }) => `${pid}@${start}`)).size).toBe(3);
  });

  it("forgets a child that has ended", async () => {
    await using root = await TestProcess.start();
    await root.order("fork");
    expect(await readTree(root.pid)).toHaveLength(2);
    await root.order("killChild");
    expect(await readTree(root.pid)).toHaveLength(1);
  });

  it("is empty for a pid that nobody has", async () => {
    expect(await readTree(noPid)).toEqual([]);
    expect(await readPsTree(noPid)).toEqual([]);
  });

  it.runIf(onLinux)("is empty for a zombie", async () => {
    // `sleep` never waits for the child that it takes over from the shell; the child ends when the pipe does
    const stdio = ["ignore", "pipe", "inherit", "pipe"] as const;
    const parent = spawn("sh", ["-c", "cat <&3 >/dev/null & echo $!; exec sleep 60"], { stdio: [...stdio] });
    try {
      const [line] = await once(parent.stdout as Readable, "data");
      const child = Number(String(line));
      await expect.poll(() => readFileSync(`/proc/${parent.pid}/comm`, "utf8")).toBe("sleep\n");
      expect(readProcTree(child)).toHaveLength(1);
      (parent.stdio[3] as Writable).end();
      await expect.poll(() => readProcTree(child)).toEqual([]);
      expect(readFileSync(`/proc/${child}/stat`, "utf8")).toContain(") Z ");
      expect(readProcTree(parent.pid ?? 0)).toHaveLength(1);
    } finally {
      const gone = once(parent, "exit");
      parent.kill("SIGKILL");
      await gone;
    }
  });

  it.runIf(onLinux)("counts threads", async () => {
    await using root = await TestProcess.start();
    expect((await readTree(root.pid))[0]?.threads).toBe(readdirSync(`/proc/${root.pid}/task`).length);
  });

  it.runIf(onLinux)("agrees with the ways that other kernels and systems need", async () => {
    await using root = await TestProcess.start();
    const child = Number(await root.order("fork"));
    expect(childrenByParent()(root.pid)).toEqual([child]);
    const byPs = await readPsTree(root.pid);
    expect(byPs.map(({ pid }) => pid)).toEqual([root.pid, child]);
    expect(byPs.every(({ start, threads }) => /\d\d:\d\d:\d\d \d{4}$/.test(start) && threads === null)).toBe(true);
  });
});

describe.runIf(onLinux)("countFds", () => {
  it("follows what a process opens", async () => {
    await using child = await TestProcess.start();
    const before = countFds(child.pid);
    expect(before).toBe(readdirSync(`/proc/${child.pid}/fd`).length);
    await child.order("open 100");
    expect(countFds(child.pid)).toBe((before ?? 0) + 100);
  });

  it("is null, not zero, for a process that is gone", () => {
    expect(countFds(noPid)).toBeNull();
  });
});

describe.runIf(onLinux)("readPssBytes", () => {
  it("sees memory that a process alone uses", async () => {
    await using child = await TestProcess.start();
    const before = (await readPssBytes(child.pid)) ?? Number.NaN;
    await child.order("eat 64");
    const grown = ((await readPssBytes(child.pid)) ?? Number.NaN) - before;
    expect(grown).toBeGreaterThan(48 * 2 ** 20);
    expect(grown).toBeLessThan(96 * 2 ** 20);
  });

  it("is null for a process that is gone", async () => {
    expect(await readPssBytes(noPid)).toBeNull();
  });
});
