import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { controlGroupsOf } from "./control-groups.ts";

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
  const quotas = controlGroupsOf("self", root).flatMap(({ version, controllers, dirs }) => {
    if (version === 1 && !controllers.includes("cpu")) return [];
    return dirs.flatMap(version === 2 ? quotaV2 : quotaV1);
  });
  return quotas.length === 0 ? null : Math.min(...quotas);
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
