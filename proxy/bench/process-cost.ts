import { readdirSync, readFileSync } from "node:fs";

/** CPU time of a process and its descendants so far, in microseconds. Threads that have ended are not counted. */
export function cpuUs(pid: number): number {
  let ns = 0;
  for (const member of tree(pid)) {
    for (const thread of list(`/proc/${member}/task`)) {
      // Nanoseconds on a CPU; /proc/PID/stat counts in ticks of 10 ms.
      ns += Number(read(`/proc/${member}/task/${thread}/schedstat`).split(" ")[0] ?? 0);
    }
  }
  return ns / 1_000;
}

/** Resident memory of a process and its descendants. Pages that they share count once for each. */
export function rssBytes(pid: number): number {
  let kib = 0;
  for (const member of tree(pid)) kib += Number(/^VmRSS:\s+(\d+) kB/m.exec(read(`/proc/${member}/status`))?.[1] ?? 0);
  return kib * 1024;
}

function tree(pid: number): number[] {
  const children = list(`/proc/${pid}/task`).flatMap((thread) =>
    read(`/proc/${pid}/task/${thread}/children`).split(" ").filter(Boolean).map(Number),
  );
  return [pid, ...children.flatMap(tree)];
}

function list(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    // Ended meanwhile.
    return "";
  }
}
