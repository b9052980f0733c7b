import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { flatHeapFlags, heapFlags, workerFlags } from "./heap-flags.ts";
import { readMemoryQuota } from "./memory-quota.ts";

const mib = 1024 ** 2;
const heapMib = (flags: readonly string[]) =>
  Number(flags.find((flag) => flag.startsWith("--max-old-space-size="))?.split("=")[1]);

test("heaps, primary and what lies outside of heaps fit into the memory limit together", () => {
  for (const [quotaMib, workers] of [
    [256, 1],
    [512, 2],
    [2048, 2],
    [2048, 4],
    [8192, 16],
  ] as const) {
    const heap = heapMib(heapFlags(quotaMib * mib, workers));
    expect(heap).toBeGreaterThan(32);
    expect(workers * (heap + 24 + 48) + 64).toBeLessThan(quotaMib);
  }
});

test("a worker that shares a limit with others gets less, and never less than it starts with", () => {
  expect(heapMib(heapFlags(2048 * mib, 4))).toBeLessThan(heapMib(heapFlags(2048 * mib, 2)));
  expect(heapMib(heapFlags(64 * mib, 4))).toBe(32);
});

test("the backend's one worker has the memory to itself; without a limit nothing is added", () => {
  expect(workerFlags("backend", 256 * mib)).toEqual([...process.execArgv, ...heapFlags(256 * mib, 1)]);
  expect(workerFlags("edge", null)).toEqual(process.execArgv);
  expect(heapFlags(256 * mib, 1).slice(0, flatHeapFlags.length)).toEqual(flatHeapFlags);
});

/** A machine's files as a process of the given group sees them. */
function machine(files: Record<string, string>): string {
  const root = mkdtempSync(join(tmpdir(), "plimsoll-memory-"));
  onTestFinished(() => rmSync(root, { recursive: true }));
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), text);
  }
  return root;
}

const mountV1 = "30 25 0:26 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n";
const mountV2 = "30 25 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n";

test.each([
  [
    "version 1, the smallest of the group and those above",
    {
      "proc/self/cgroup": "4:memory:/a/b\n",
      "proc/self/mountinfo": mountV1,
      "sys/fs/cgroup/memory/a/b/memory.limit_in_bytes": "536870912\n",
      "sys/fs/cgroup/memory/a/memory.limit_in_bytes": "268435456\n",
      "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
    },
    268435456,
  ],
  [
    "version 1 without a limit",
    {
      "proc/self/cgroup": "4:memory:/a\n",
      "proc/self/mountinfo": mountV1,
      "sys/fs/cgroup/memory/a/memory.limit_in_bytes": "9223372036854771712\n",
    },
    null,
  ],
  [
    "version 2",
    { "proc/self/cgroup": "0::/a\n", "proc/self/mountinfo": mountV2, "sys/fs/cgroup/a/memory.max": "2147483648\n" },
    2147483648,
  ],
  [
    "version 2 without a limit",
    { "proc/self/cgroup": "0::/a\n", "proc/self/mountinfo": mountV2, "sys/fs/cgroup/a/memory.max": "max\n" },
    null,
  ],
  ["no control groups", {}, null],
])("reads the memory limit of %s", (_, files, quota) => {
  expect(readMemoryQuota(machine(files))).toBe(quota);
});
