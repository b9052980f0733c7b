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
    place: placeOf(placeSigns()),
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

/** What may tell where a process runs; empty or null where it cannot be read. */
export interface PlaceSigns {
  kernelRelease: string;
  /** Control groups of process 1. */
  cgroups: string;
  /** A file that an engine or an orchestrator leaves in containers is there. */
  hasMarker: boolean;
  /** KUBERNETES_SERVICE_HOST, which every container of a pod has. */
  kubernetes: string | undefined;
  /** Environment of process 1; NULs between. */
  initEnvironment: string | null;
  mounts: string | null;
}

const markers = ["/.dockerenv", "/run/.containerenv", "/run/secrets/kubernetes.io"];

function placeSigns(): PlaceSigns {
  return {
    kernelRelease: read("/proc/sys/kernel/osrelease") ?? "",
    cgroups: read("/proc/1/cgroup") ?? "",
    hasMarker: markers.some(existsSync),
    kubernetes: process.env.KUBERNETES_SERVICE_HOST,
    initEnvironment: read("/proc/1/environ"),
    mounts: read("/proc/self/mountinfo"),
  };
}

/**
 * WSL names itself in its kernel's release. Under version 2 of control groups a container sees its own path as `/`, so that
 * engines are told by what else they leave: a file, `container=` (systemd's container interface), a root of layers.
 */
export function placeOf(signs: PlaceSigns): HostReadings["place"] {
  if (/microsoft|wsl/i.test(signs.kernelRelease)) return "wsl";
  const isContainer =
    signs.hasMarker ||
    (signs.kubernetes ?? "") !== "" ||
    /docker|kubepods|containerd|libpod|lxc/.test(signs.cgroups) ||
    /(^|\0)container=[^\0]/.test(signs.initEnvironment ?? "") ||
    // proc(5): identity, parent, device, root, mount point, options, optional fields, a hyphen, type
    /^\d+ \d+ \S+ \S+ \/ .* - overlay /m.test(signs.mounts ?? "");
  return isContainer ? "container" : "host";
}

function read(file: string): string | null {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return null;
  }
}
