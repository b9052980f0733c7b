import { existsSync, readFileSync } from "node:fs";
import type { HostReadings, Limit } from "./readings.ts";

/** In /proc/self/limits, and in limits.conf. */
const limitNames = {
  "Max open files": "nofile",
  "Max processes": "nproc",
  "Max pending signals": "sigpending",
  "Max locked memory": "memlock",
  "Max msgqueue size": "msgqueue",
} as const;

/** Reads what the named settings are; nothing is changed, and nothing that cannot be read is an error. */
export function readHostLimits(sysctls: readonly string[]): HostReadings {
  return {
    sysctls: Object.fromEntries(sysctls.map((name) => [name, readSysctl(name)])),
    limits: parseLimits(read("/proc/self/limits") ?? ""),
    packetsDropped: droppedPackets(read("/proc/net/softnet_stat")),
    swapBytes: swapBytes(read("/proc/meminfo")),
    place: placeOf(
      read("/proc/sys/kernel/osrelease") ?? "",
      read("/proc/1/cgroup") ?? "",
      ["/.dockerenv", "/run/.containerenv"].some(existsSync),
    ),
  };
}

/** As sysctl prints it: several figures by one space. Null where there is none, as in a network namespace. */
export function readSysctl(name: string): string | null {
  return read(sysctlFile(name))?.trim().replace(/\s+/g, " ") ?? null;
}

export function sysctlFile(name: string): string {
  return `/proc/sys/${name.replaceAll(".", "/")}`;
}

export function parseLimits(text: string): Record<string, Limit | null> {
  const limits: Record<string, Limit | null> = {};
  for (const [label, name] of Object.entries(limitNames)) {
    const match = new RegExp(`^${label}\\s+(\\S+)\\s+(\\S+)`, "m").exec(text);
    const number = (value: string | undefined) => (value === "unlimited" ? Number.POSITIVE_INFINITY : Number(value));
    limits[name] = match === null ? null : { soft: number(match[1]), hard: number(match[2]) };
  }
  return limits;
}

/** Second column of /proc/net/softnet_stat, hexadecimal, one line a CPU. */
export function droppedPackets(text: string | null): number | null {
  if (text === null) return null;
  return text
    .trim()
    .split("\n")
    .reduce((sum, line) => sum + Number.parseInt(line.split(/\s+/)[1] ?? "0", 16), 0);
}

export function swapBytes(text: string | null): number | null {
  const match = /^SwapTotal:\s+(\d+) kB/m.exec(text ?? "");
  return match === null ? null : Number(match[1]) * 1024;
}

/** WSL names itself in its kernel's release; engines leave a file, or a path among the control groups of process 1. */
export function placeOf(release: string, cgroups: string, hasMarker: boolean): HostReadings["place"] {
  if (/microsoft|wsl/i.test(release)) return "wsl";
  return hasMarker || /docker|kubepods|containerd|libpod|lxc/.test(cgroups) ? "container" : "host";
}

function read(file: string): string | null {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return null;
  }
}
