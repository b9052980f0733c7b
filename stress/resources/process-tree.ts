import { execFile } from "node:child_process";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";

export interface ProcessNode {
  pid: number;
  /** Start time, opaque: with the pid it names one process for ever. */
  start: string;
  /** Null without /proc. */
  threads: number | null;
}

/** A process and its living descendants, itself first; empty when it does not run. A zombie does not run. */
export async function readTree(rootPid: number): Promise<ProcessNode[]> {
  return process.platform === "linux" ? readProcTree(rootPid) : readPsTree(rootPid);
}

/** Synchronous, so that little can start or die between the first file and the last. */
export function readProcTree(rootPid: number): ProcessNode[] {
  const childrenOf = readText(`/proc/${rootPid}/task/${rootPid}/children`) === null ? childrenByParent() : childrenByTask;
  const nodes: ProcessNode[] = [];
  const pids = [rootPid];
  const seen = new Set<number>();
  for (let pid = pids.shift(); pid !== undefined; pid = pids.shift()) {
    const stat = seen.has(pid) ? null : readStat(pid);
    if (stat === null) continue;
    seen.add(pid);
    nodes.push({ pid, start: stat.start, threads: stat.threads });
    pids.push(...childrenOf(pid));
  }
  return nodes;
}

/** A child belongs to the thread that made it. */
function childrenByTask(pid: number): number[] {
  return readNames(`/proc/${pid}/task`).flatMap((tid) => {
    const children = readText(`/proc/${pid}/task/${tid}/children`)?.trim();
    return children ? children.split(" ").map(Number) : [];
  });
}

/** For kernels without CONFIG_PROC_CHILDREN: every process tells its parent. */
export function childrenByParent(): (pid: number) => number[] {
  const children = new Map<number, number[]>();
  for (const name of readNames("/proc")) {
    const pid = Number(name);
    const stat = Number.isInteger(pid) ? readStat(pid) : null;
    if (stat) children.set(stat.ppid, [...(children.get(stat.ppid) ?? []), pid]);
  }
  return (pid) => children.get(pid) ?? [];
}

function readStat(pid: number): { ppid: number; threads: number; start: string } | null {
  const stat = readText(`/proc/${pid}/stat`);
  if (stat === null) return null;
  // proc(5): the second field is a name in parentheses that may itself hold spaces and parentheses
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [state, ppid, threads, start] = [fields[0], fields[1], fields[17], fields[19]];
  if (state === "Z" || state === "X" || start === undefined) return null;
  return { ppid: Number(ppid), threads: Number(threads), start };
}

/** For systems without /proc: one table of everything that runs. */
export async function readPsTree(rootPid: number): Promise<ProcessNode[]> {
  const options = { env: { ...process.env, LC_ALL: "C" }, maxBuffer: 16 * 2 ** 20 };
  const table = await promisify(execFile)("ps", ["-A", "-o", "pid=,ppid=,stat=,lstart="], options).catch(() => null);
  const rows = (table?.stdout ?? "").split("\n").flatMap((line) => {
    const [, pid, ppid, state, start] = /^\s*(\d+)\s+(\d+)\s+(\S+)\s+(.*?)\s*$/.exec(line) ?? [];
    return start === undefined || state?.startsWith("Z") ? [] : [{ pid: Number(pid), ppid: Number(ppid), start, threads: null }];
  });
  const tree = rows.filter(({ pid }) => pid === rootPid);
  for (const node of tree)
    tree.push(...rows.filter(({ ppid, pid }) => ppid === node.pid && !tree.some((known) => known.pid === pid)));
  return tree.map(({ pid, start, threads }) => ({ pid, start, threads }));
}

/** Open descriptors; null where they cannot be read: no /proc, another user's process, or gone. */
export function countFds(pid: number): number | null {
  const dir = `/proc/${pid}/fd`;
  try {
    // Linux 6.2 and later tell the number as the directory's size: listing 20,000 descriptors takes the kernel milliseconds
    return statSync(dir).size || readdirSync(dir).length;
  } catch {
    return null;
  }
}

/** Proportional set size. The kernel walks the whole address space and blocks the process's own mapping calls meanwhile. */
export async function readPssBytes(pid: number): Promise<number | null> {
  const rollup = await readFile(`/proc/${pid}/smaps_rollup`, "utf8").catch(() => "");
  const kib = /^Pss:\s+(\d+) kB$/m.exec(rollup)?.[1];
  return kib === undefined ? null : Number(kib) * 1024;
}

function readNames(dir: string): string[] {
  try {
    return readdirSync(dir);
  } catch {
    return [];
  }
}

function readText(file: string): string | null {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return null;
  }
}
