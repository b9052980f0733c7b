import { readFileSync } from "node:fs";
import { join } from "node:path";
import { controlGroupsOf } from "./control-groups.ts";

/**
 * Memory that control groups leave to this process: the smallest limit of its group and of the groups above it, as far as
 * they can be seen. Null without a limit, and where there are no control groups.
 *
 * `root` is where the machine's files stand; tests put fixtures there.
 */
export function readMemoryQuota(root = "/"): number | null {
  const limits = controlGroupsOf("self", root).flatMap(({ version, controllers, dirs }) => {
    if (version === 1 && !controllers.includes("memory")) return [];
    const file = version === 2 ? "memory.max" : "memory.limit_in_bytes";
    return dirs.flatMap((dir) => readLimit(join(dir, file)));
  });
  return limits.length === 0 ? null : Math.min(...limits);
}

/** Version 2 says `max` where there is no limit, version 1 the largest multiple of a page: neither is a safe integer. */
function readLimit(file: string): number[] {
  try {
    const bytes = Number(readFileSync(file, "utf8").trim());
    return Number.isSafeInteger(bytes) ? [bytes] : [];
  } catch {
    return [];
  }
}
