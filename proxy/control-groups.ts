import { readFileSync } from "node:fs";
import { join, posix } from "node:path";

/** A control group that a process belongs to. On a machine of version 1, or of both, there are several. */
export interface ControlGroup {
  version: 1 | 2;
  /** Version 1: what is controlled here (`cpu`, `memory`), as the hierarchy was mounted. Version 2: empty, all are one. */
  controllers: readonly string[];
  /** As the kernel names it. */
  path: string;
  /** Directories of the group and of those above it, as far as they can be seen from here; the group's own first. */
  dirs: readonly string[];
}

/**
 * The groups of a process, as far as their files are mounted where this process runs.
 *
 * `root` is where the machine's files stand; tests put fixtures there.
 */
export function controlGroupsOf(pid: number | "self", root = "/"): ControlGroup[] {
  const groups = readText(join(root, `proc/${pid}/cgroup`)) ?? "";
  const mounts = (readText(join(root, "proc/self/mountinfo")) ?? "").split("\n").flatMap(parseMount);
  return groups.split("\n").flatMap((line) => {
    const [, names, path] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    if (names === undefined || path === undefined) return [];
    const controllers = names === "" ? [] : names.split(",");
    const [first] = controllers;
    const mount = mounts.find(({ type, options }) =>
      first === undefined ? type === "cgroup2" : type === "cgroup" && options.includes(first),
    );
    if (mount === undefined) return [];
    const dirs = groupsUpwards(mount, path).map((dir) => join(root, dir));
    return [{ version: first === undefined ? 2 : 1, controllers, path, dirs }];
  });
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

/** A container may see its own group as the root of the mount. */
function groupsUpwards({ root, point }: Mount, path: string): string[] {
  const relative = posix.relative(root, path);
  const dirs: string[] = [];
  for (let dir = relative.startsWith("..") ? "/" : posix.join("/", relative); ; dir = posix.dirname(dir)) {
    dirs.push(posix.join(point, dir));
    if (dir === "/") return dirs;
  }
}

function readText(file: string): string | null {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return null;
  }
}
