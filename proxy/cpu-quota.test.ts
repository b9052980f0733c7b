import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, expect, it } from "vitest";
import { readCpuQuota, workerCount } from "./cpu-quota.ts";

const made: string[] = [];
afterEach(() => {
  for (const dir of made.splice(0)) rmSync(dir, { recursive: true });
});

/** A machine's files, under a directory of its own. */
function machine(files: Record<string, string>): string {
  const root = mkdtempSync(join(tmpdir(), "plimsoll-cgroup-"));
  made.push(root);
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), text);
  }
  return root;
}

const mountV2 = "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n";
const mountV1 = "33 30 0:29 / /sys/fs/cgroup/cpu,cpuacct rw shared:9 - cgroup cgroup rw,cpu,cpuacct\n";
const dirV1 = "sys/fs/cgroup/cpu,cpuacct";

it.each<[string, Record<string, string>, number | null]>([
  [
    "version 2: the quota of the own group",
    { "proc/self/cgroup": "0::/app\n", "proc/self/mountinfo": mountV2, "sys/fs/cgroup/app/cpu.max": "150000 100000\n" },
    1.5,
  ],
  [
    "version 2: no quota",
    { "proc/self/cgroup": "0::/app\n", "proc/self/mountinfo": mountV2, "sys/fs/cgroup/app/cpu.max": "max 100000\n" },
    null,
  ],
  [
    "version 2: the smaller quota of a group above",
    {
      "proc/self/cgroup": "0::/slice/app\n",
      "proc/self/mountinfo": mountV2,
      "sys/fs/cgroup/slice/app/cpu.max": "400000 100000\n",
      "sys/fs/cgroup/slice/cpu.max": "50000 100000\n",
    },
    0.5,
  ],
  [
    "version 2 in a container, whose own group is the root that it sees",
    { "proc/self/cgroup": "0::/\n", "proc/self/mountinfo": mountV2, "sys/fs/cgroup/cpu.max": "200000 100000\n" },
    2,
  ],
  [
    "version 2 in a container without a namespace of its own: the mount shows one group only",
    {
      "proc/self/cgroup": "0::/docker/abc\n",
      "proc/self/mountinfo": mountV2.replace("0:26 / ", "0:26 /docker/abc "),
      "sys/fs/cgroup/cpu.max": "300000 100000\n",
    },
    3,
  ],
  [
    "version 1: quota and period in two files",
    {
      "proc/self/cgroup": "4:memory:/app\n3:cpu,cpuacct:/app\n",
      "proc/self/mountinfo": mountV1,
      [`${dirV1}/app/cpu.cfs_quota_us`]: "25000\n",
      [`${dirV1}/app/cpu.cfs_period_us`]: "50000\n",
    },
    0.5,
  ],
  [
    "version 1: a quota of -1 is none",
    {
      "proc/self/cgroup": "3:cpu,cpuacct:/app\n",
      "proc/self/mountinfo": mountV1,
      [`${dirV1}/app/cpu.cfs_quota_us`]: "-1\n",
      [`${dirV1}/app/cpu.cfs_period_us`]: "100000\n",
    },
    null,
  ],
  [
    "version 1 in a container: the mount shows the own group at its root",
    {
      "proc/self/cgroup": "3:cpu,cpuacct:/docker/abc\n",
      "proc/self/mountinfo": mountV1.replace("0:29 / ", "0:29 /docker/abc "),
      [`${dirV1}/cpu.cfs_quota_us`]: "200000\n",
      [`${dirV1}/cpu.cfs_period_us`]: "100000\n",
    },
    2,
  ],
  [
    "both versions at once: the controller counts where it is mounted",
    {
      "proc/self/cgroup": "3:cpu,cpuacct:/app\n0::/app\n",
      "proc/self/mountinfo": mountV1 + mountV2.replaceAll("/sys/fs/cgroup ", "/sys/fs/cgroup/unified "),
      [`${dirV1}/app/cpu.cfs_quota_us`]: "100000\n",
      [`${dirV1}/app/cpu.cfs_period_us`]: "100000\n",
    },
    1,
  ],
  [
    "the set of processors is not the processors' controller",
    {
      "proc/self/cgroup": "2:cpuset:/app\n",
      "proc/self/mountinfo": mountV1,
      [`${dirV1}/app/cpu.cfs_quota_us`]: "100000\n",
      [`${dirV1}/app/cpu.cfs_period_us`]: "100000\n",
    },
    null,
  ],
  [
    "a group outside of what is mounted: the root is all there is",
    { "proc/self/cgroup": "0::/../..\n", "proc/self/mountinfo": mountV2, "sys/fs/cgroup/cpu.max": "100000 100000\n" },
    1,
  ],
  ["a machine without control groups", {}, null],
])("%s", (_, files, cores) => {
  expect(readCpuQuota(machine(files))).toBe(cores);
});

it("reads this machine's without failing", () => {
  const quota = readCpuQuota();
  expect(quota === null || quota > 0).toBe(true);
});

it.each<[string, [asked: number | null, quota: number | null, affinity: number], number]>([
  ["what was asked for, whatever there is", [3, 1, 8], 3],
  ["one a CPU without a quota", [null, null, 8], 8],
  ["as many as whole CPUs fit into the quota", [null, 2.9, 8], 2],
  ["no more than the CPUs it may run on", [null, 4, 2], 2],
  ["at least one", [null, 0.25, 8], 1],
])("workers: %s", (_, [asked, quota, affinity], count) => {
  expect(workerCount(asked, quota, affinity)).toBe(count);
});
