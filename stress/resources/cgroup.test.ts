import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { Cgroup } from "./cgroup.ts";

const made: string[] = [];
afterEach(() => {
  for (const dir of made.splice(0)) rmSync(dir, { recursive: true, force: true });
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

const id = "0989446ff78106e32d3f400a0cf371c9a703281bded86d6d6bb1af706ebb25da";
const pid = 4242;

/** In the format of Linux 6.1, for a container under the systemd driver; 20 MiB of it is one process's heap. */
const group = `sys/fs/cgroup/system.slice/docker-${id}.scope`;
const version2 = {
  "proc/self/mountinfo":
    "30 23 0:26 / /sys/fs/cgroup rw,nosuid,nodev,noexec,relatime shared:4 - cgroup2 cgroup2 rw,nsdelegate,memory_recursiveprot\n",
  [`proc/${pid}/cgroup`]: `0::/system.slice/docker-${id}.scope\n`,
  [`${group}/memory.current`]: "39870464\n",
  [`${group}/memory.stat`]:
    "anon 20705280\nfile 15204352\nkernel 2048000\nkernel_stack 163840\npagetables 819200\nsec_pagetables 0\npercpu 720\nsock 4096\nvmalloc 0\nshmem 0\nzswap 0\nzswapped 0\nfile_mapped 8650752\nfile_dirty 0\nfile_writeback 0\nswapcached 0\nanon_thp 18874368\nfile_thp 0\nshmem_thp 0\ninactive_anon 20652032\nactive_anon 40960\ninactive_file 6553600\nactive_file 8650752\nunevictable 0\nslab_reclaimable 421888\nslab_unreclaimable 318752\nslab 740640\nworkingset_refault_anon 0\nworkingset_refault_file 0\npgfault 24610\npgmajfault 11\n",
  [`${group}/memory.events`]: "low 0\nhigh 0\nmax 35\noom 3\noom_kill 2\noom_group_kill 0\n",
  [`${group}/cpu.stat`]:
    "usage_usec 51234567\nuser_usec 40000000\nsystem_usec 11234567\ncore_sched.force_idle_usec 0\nnr_periods 812\nnr_throttled 97\nthrottled_usec 4321500\nnr_bursts 0\nburst_usec 0\n",
  [`${group}/pids.current`]: "14\n",
};
const figures2 = {
  usageBytes: 39_870_464,
  anonBytes: 20_705_280,
  inactiveFileBytes: 6_553_600,
  cpuMs: expect.closeTo(51_234.567),
  throttledMs: expect.closeTo(4_321.5),
  throttledPeriods: 97,
  pids: 14,
  oomKills: 2,
};

/** As Linux 6.18 writes them, cgroupfs driver, each controller mounted by itself. */
const mounts1 = ["cpu", "cpuacct", "memory", "pids"]
  .map((name, i) => `${32 + i} 31 0:${29 + i} / /sys/fs/cgroup/${name} rw,relatime - cgroup cgroup rw,${name}`)
  .join("\n");
const hybrid = "\n41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n";
const files1 = (path: string) => ({
  [`sys/fs/cgroup/memory/${path}/memory.usage_in_bytes`]: "815104\n",
  [`sys/fs/cgroup/memory/${path}/memory.stat`]:
    "cache 233472\nrss 90112\nrss_huge 0\nmapped_file 131072\ninactive_anon 86016\nactive_anon 4096\ninactive_file 4096\nactive_file 118784\nunevictable 0\nhierarchical_memory_limit 67108864\ntotal_cache 233472\ntotal_rss 94208\ntotal_inactive_anon 90112\ntotal_active_anon 4096\ntotal_inactive_file 114688\ntotal_active_file 118784\ntotal_unevictable 0\n",
  [`sys/fs/cgroup/memory/${path}/memory.oom_control`]: "oom_kill_disable 0\nunder_oom 0\noom_kill 1\n",
  [`sys/fs/cgroup/cpuacct/${path}/cpuacct.usage`]: "37307972\n",
  [`sys/fs/cgroup/cpu/${path}/cpu.stat`]: "nr_periods 30\nnr_throttled 3\nthrottled_time 125000000\nnr_bursts 0\nburst_time 0\n",
  [`sys/fs/cgroup/pids/${path}/pids.current`]: "1\n",
});
const version1 = {
  "proc/self/mountinfo": mounts1 + hybrid,
  [`proc/${pid}/cgroup`]: `8:pids:/docker/${id}\n4:memory:/docker/${id}\n2:cpuacct:/docker/${id}\n1:cpu:/docker/${id}\n0::/docker/${id}\n`,
  ...files1(`docker/${id}`),
};
const figures1 = {
  usageBytes: 815_104,
  anonBytes: 94_208,
  inactiveFileBytes: 114_688,
  cpuMs: expect.closeTo(37.307972),
  throttledMs: expect.closeTo(125),
  throttledPeriods: 3,
  pids: 1,
  oomKills: 1,
};

describe("what is read", () => {
  it.each<[string, Record<string, string>, object]>([
    ["version 2, by systemd", version2, figures2],
    ["version 1 with version 2 beside it that controls nothing, by cgroupfs", version1, figures1],
    [
      "version 1 with two controllers in one directory",
      {
        ...version1,
        "proc/self/mountinfo": `${mounts1.replace("/cpu rw", "/cpu,cpuacct rw").replace("rw,cpu\n", "rw,cpu,cpuacct\n")}`,
        [`proc/${pid}/cgroup`]: `8:pids:/docker/${id}\n4:memory:/docker/${id}\n2:cpu,cpuacct:/docker/${id}\n`,
        [`sys/fs/cgroup/cpu,cpuacct/docker/${id}/cpuacct.usage`]: "37307972\n",
        [`sys/fs/cgroup/cpu,cpuacct/docker/${id}/cpu.stat`]: "nr_periods 30\nnr_throttled 3\nthrottled_time 125000000\n",
      },
      figures1,
    ],
    [
      "version 2 by another runtime, in a group below one of the user's",
      Object.fromEntries(
        Object.entries(version2).map(([name, text]) => [
          name.replace("system.slice/docker-", "machine.slice/libpod-"),
          text.replace("system.slice/docker-", "machine.slice/libpod-"),
        ]),
      ),
      figures2,
    ],
  ])("%s", (_, files, figures) => {
    expect(Cgroup.find(pid, id, machine(files))?.read()).toEqual(figures);
  });

  it("is null where the kernel does not tell it, and the rest is told", () => {
    const { [`${group}/memory.events`]: _, [`${group}/pids.current`]: __, ...files } = version2;
    const old = { ...files, [`${group}/cpu.stat`]: "usage_usec 1000\nuser_usec 600\nsystem_usec 400\n" };
    const read = Cgroup.find(pid, id, machine(old))?.read();
    expect(read).toEqual({ ...figures2, cpuMs: 1, throttledMs: null, throttledPeriods: null, pids: null, oomKills: null });
  });

  it("is null when the container is gone", () => {
    const root = machine(version2);
    const cgroup = Cgroup.find(pid, id, root);
    rmSync(join(root, group), { recursive: true });
    expect(cgroup?.read()).toBeNull();
  });
});

describe("where it is not read", () => {
  it.each<[string, Record<string, string>]>([
    ["no such process here: the engine is on another machine", { ...version2, [`proc/${pid}/cgroup`]: "" }],
    ["another process has the pid here", { ...version2, [`proc/${pid}/cgroup`]: "0::/user.slice/user-1000.slice\n" }],
    [
      "the mount shows another part of the hierarchy, so that the path would lead to a stranger's figures",
      {
        ...version2,
        "proc/self/mountinfo": version2["proc/self/mountinfo"].replace("0:26 / ", "0:26 /system.slice/other.scope "),
        "sys/fs/cgroup/memory.current": "1\n",
        "sys/fs/cgroup/cpu.stat": "usage_usec 1\n",
      },
    ],
    [
      "the group's files are not there",
      { "proc/self/mountinfo": version2["proc/self/mountinfo"], [`proc/${pid}/cgroup`]: version2[`proc/${pid}/cgroup`] ?? "" },
    ],
    ["no control groups at all", {}],
  ])("%s", (_, files) => {
    expect(Cgroup.find(pid, id, machine(files))).toBeNull();
  });
});
