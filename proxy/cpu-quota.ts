import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join, posix } from "node:path";

/**
 * Workers to run: what was asked for, else one for each whole CPU that quota and affinity leave to this process, at
 * least one. A worker more than the quota holds would only have all of them throttled together.
 */
export function workerCount(asked: number | null, quota = readCpuQuota(), affinity = availableParallelism()): number {
  return asked ?? Math.max(1, Math.floor(Math.min(quota ?? affinity, affinity)));
}

/**
 * CPU cores that control groups leave to this process: the smallest quota of its group and of the groups above it, as
 * far as they can be seen. Null without a quota, and where there are no control groups. Node's own
 * `availableParallelism()` does not know the quota of version 1.
 *
 * `root` is where the machine's files stand; tests put fixtures there.
 */
export function readCpuQuota(root = "/"): number | null {
  const groups = readText(join(root, "proc/self/cgroup")) ?? "";
  const mounts = (readText(join(root, "proc/self/mountinfo")) ?? "").split("\n").flatMap(parseMount);
  const quotas = groups.split("\n").flatMap((line) => {
    const [, controllers, path] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    if (controllers === undefined || path === undefined) return [];
    const isV2 = controllers === "";
    if (!isV2 && !controllers.split(",").includes("cpu")) return [];
    const mount = mounts.find(({ type, options }) => (isV2 ? type === "cgroup2" : type === "cgroup" && options.includes("cpu")));
    if (mount === undefined) return [];
    return groupsUpwards(mount, path).flatMap((dir) => (isV2 ? quotaV2(join(root, dir)) : quotaV1(join(root, dir))));
  });
  return quotas.length === 0 ? null : Math.min(...quotas);
}

interface Mount {
  /** The part of the hierarchy that is mounted, and where. */
  root: string;
  point: string;
  type: string;
  options: string[];
}

/** proc_pid_mountinfo(5): `36 35 98:0 /root /point options optional… - type source superOptions`. */
function parseMount(line: string): Mount[] {
  const [left, right] = line.split(" - ");
  const [root, point] = left?.split(" ").slice(3, 5) ?? [];
  const [type, , options] = right?.split(" ") ?? [];
  if (!root || !point || !type?.startsWith("cgroup")) return [];
  return [{ root, point, type, options: options?.split(",") ?? [] }];
}

/** Directories of a group and of those above it. A container may see its own group as the root of the mount. */
function groupsUpwards({ root, point }: Mount, path: string): string[] {
  const relative = posix.relative(root, path);
  const dirs: string[] = [];
  for (let dir = relative.startsWith("..") ? "/" : posix.join("/", relative); ; dir = posix.dirname(dir)) {
    dirs.push(posix.join(point, dir));
    if (dir === "/") return dirs;
  }
}

/** `cpu.max` is `QUOTA PERIOD` in microseconds; the quota may be `max`. */
function quotaV2(dir: string): number[] {
  const [quota, period] = (readText(join(dir, "cpu.max")) ?? "").trim().split(" ").map(Number);
  return cores(quota, period);
}

/** A quota of −1 is none. */
function quotaV1(dir: string): number[] {
  const [quota, period] = ["cpu.cfs_quota_us", "cpu.cfs_period_us"].map((name) =>
    Number(readText(join(dir, name)) ?? Number.NaN),
  );
  return cores(quota, period);
}

function cores(quotaUs: number | undefined, periodUs: number | undefined): number[] {
  return quotaUs && periodUs && quotaUs > 0 && periodUs > 0 ? [quotaUs / periodUs] : [];
}

function readText(file: string): string | null {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return null;
  }
}
