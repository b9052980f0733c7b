import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";

export interface Cost {
  /** User and system time of the process and all its children. */
  cpuMs: number;
  /** Highest resident set of the largest process of the tree. */
  peakRssBytes: number;
  exitCode: number | null;
}

/** Runs a command pinned to `core` to its end; bash's `time` measures it and every child it waited for, to a millisecond. */
export function runMeasured(command: readonly string[], core: number): Promise<Cost> {
  const script = 'TIMEFORMAT="%U %S"; time taskset -c "$0" "$@" >/dev/null 2>/dev/null';
  const shell = spawn("bash", ["-c", script, String(core), ...command], { stdio: ["ignore", "ignore", "pipe"] });
  let peakRssBytes = 0;
  const watch = setInterval(() => {
    for (const pid of tree(shell.pid ?? 0)) peakRssBytes = Math.max(peakRssBytes, peakRss(pid));
  }, 100);
  let text = "";
  shell.stderr.setEncoding("utf8").on("data", (chunk) => {
    text += chunk;
  });
  return new Promise((resolve, reject) => {
    shell.on("error", reject);
    shell.on("close", (exitCode) => {
      clearInterval(watch);
      const [user = 0, system = 0] = text.trim().split(" ").map(Number);
      resolve({ cpuMs: (user + system) * 1000, peakRssBytes, exitCode });
    });
  });
}

function tree(pid: number): number[] {
  const children = read(`/proc/${pid}/task/${pid}/children`).trim();
  return [pid, ...(children === "" ? [] : children.split(" ").flatMap((child) => tree(Number(child))))];
}

function peakRss(pid: number): number {
  return Number(/^VmHWM:\s+(\d+) kB/m.exec(read(`/proc/${pid}/status`))?.[1] ?? 0) * 1024;
}

/** Processes come and go while they are looked at. */
function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
