import { readFileSync } from "node:fs";
import { join } from "node:path";
import { controlGroupsOf } from "@plimsoll/proxy/control-groups";

/** What the kernel or the engine accounts for a container as a whole. Counters run since the container started. */
export interface ContainerFigures {
  /** Everything charged to the container: anonymous memory, page cache, kernel memory. */
  usageBytes: number | null;
  /** Heap, stacks and other pages without a file behind them: what cannot be given back under pressure. */
  anonBytes: number | null;
  /** Page cache that was not used lately: the first that the kernel takes back. */
  inactiveFileBytes: number | null;
  cpuMs: number | null;
  throttledMs: number | null;
  throttledPeriods: number | null;
  /** Tasks, that is threads. */
  pids: number | null;
  /** Processes that the kernel killed because the container was at its limit. */
  oomKills: number | null;
}

/**
 * The control group of a container, read from its own files: 0.1 ms, where the engine takes a second.
 * Version 1 has a directory for each controller, version 2 one for all.
 */
export class Cgroup {
  readonly #read: () => ContainerFigures;

  private constructor(read: () => ContainerFigures) {
    this.#read = read;
  }

  /**
   * Of the container whose first process has `pid` here. Null where its files cannot be seen, and where the pid is
   * another machine's: that process's groups do not bear the container's id, whatever the runtime and its driver.
   */
  static find(pid: number, containerId: string, root = "/"): Cgroup | null {
    const groups = controlGroupsOf(pid, root).filter(
      ({ path, dirs }) => path.includes(containerId) && dirs[0]?.includes(containerId),
    );
    const dirOf = (name: string) => groups.find(({ controllers }) => controllers.includes(name))?.dirs[0];
    // a hybrid machine mounts version 2 as well, without a controller in it
    const memory = dirOf("memory");
    const unified = groups.find(({ version }) => version === 2)?.dirs[0];
    const cgroup =
      memory !== undefined
        ? new Cgroup(() => readV1({ memory, cpu: dirOf("cpu"), cpuacct: dirOf("cpuacct"), pids: dirOf("pids") }))
        : unified !== undefined
          ? new Cgroup(() => readV2(unified))
          : null;
    return cgroup?.read() == null ? null : cgroup;
  }

  /** Null when the group is gone, and the container with it. */
  read(): ContainerFigures | null {
    const figures = this.#read();
    return figures.usageBytes === null && figures.cpuMs === null ? null : figures;
  }
}

/** Kernel documentation, admin-guide/cgroup-v2.rst. */
function readV2(dir: string): ContainerFigures {
  const memory = readFields(dir, "memory.stat");
  const cpu = readFields(dir, "cpu.stat");
  return {
    usageBytes: readNumber(dir, "memory.current"),
    anonBytes: memory("anon"),
    inactiveFileBytes: memory("inactive_file"),
    cpuMs: scaled(cpu("usage_usec"), 1e-3),
    throttledMs: scaled(cpu("throttled_usec"), 1e-3),
    throttledPeriods: cpu("nr_throttled"),
    pids: readNumber(dir, "pids.current"),
    oomKills: readFields(dir, "memory.events")("oom_kill"),
  };
}

interface V1Dirs {
  memory: string;
  cpu: string | undefined;
  cpuacct: string | undefined;
  pids: string | undefined;
}

/** Kernel documentation, admin-guide/cgroup-v1/memory.rst: `total_` includes the groups below, and `rss` is anonymous memory. */
function readV1({ memory, cpu, cpuacct, pids }: V1Dirs): ContainerFigures {
  const stat = readFields(memory, "memory.stat");
  const throttling = readFields(cpu, "cpu.stat");
  return {
    usageBytes: readNumber(memory, "memory.usage_in_bytes"),
    anonBytes: stat("total_rss"),
    inactiveFileBytes: stat("total_inactive_file"),
    cpuMs: scaled(readNumber(cpuacct, "cpuacct.usage"), 1e-6),
    throttledMs: scaled(throttling("throttled_time"), 1e-6),
    throttledPeriods: throttling("nr_throttled"),
    pids: readNumber(pids, "pids.current"),
    oomKills: readFields(memory, "memory.oom_control")("oom_kill"),
  };
}

function scaled(value: number | null, factor: number): number | null {
  return value === null ? null : value * factor;
}

function readNumber(dir: string | undefined, name: string): number | null {
  const text = readText(dir, name)?.trim();
  return text === undefined || !/^\d+$/.test(text) ? null : Number(text);
}

/** A file of `name value` lines. */
function readFields(dir: string | undefined, name: string): (field: string) => number | null {
  const lines = (readText(dir, name) ?? "").split("\n").map((line) => line.split(" "));
  const fields = new Map(lines.map(([field = "", value = ""]) => [field, value]));
  return (field) => {
    const value = fields.get(field);
    return value === undefined || value === "" ? null : Number(value);
  };
}

function readText(dir: string | undefined, name: string): string | null {
  if (dir === undefined) return null;
  try {
    return readFileSync(join(dir, name), "utf8");
  } catch {
    return null;
  }
}
