import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

/** Names one process for ever: a pid alone may have been given to somebody else since. */
export interface ProcessIdentity {
  pid: number;
  /** Opaque; equal for the same process only. */
  start: string;
}

export interface ProcessEntry extends ProcessIdentity {
  command: string;
  rssBytes: number;
}

const onLinux = process.platform === "linux";
const pollMs = 25;

/** What runs under a pid, or null when nothing does. A zombie counts as nothing: it holds neither port nor file. */
export function readProcess(pid: number): ProcessEntry | null {
  return onLinux ? readFromProc(pid) : readFromPs(pid);
}

/** The identity to remember of a process that runs now. */
export function identify(pid: number): ProcessIdentity | null {
  const entry = readProcess(pid);
  return entry && { pid, start: entry.start };
}

export function isAlive(identity: ProcessIdentity): boolean {
  return readProcess(identity.pid)?.start === identity.start;
}

/** Processes that were started with `name=value` in their environment; only Linux shows them, elsewhere none is found. */
export function findByEnvironment(name: string, value: string): ProcessIdentity[] {
  if (!onLinux) return [];
  const found: ProcessIdentity[] = [];
  for (const pid of listPids()) {
    if (pid === process.pid || !readOrNull(`/proc/${pid}/environ`)?.split("\0").includes(`${name}=${value}`)) continue;
    const identity = identify(pid);
    if (identity) found.push(identity);
  }
  return found;
}

/** Ends processes: SIGTERM, after `graceMs` SIGKILL. Returns those that even that did not end (stuck in the kernel, or not ours). */
export async function endProcesses(identities: readonly ProcessIdentity[], graceMs: number): Promise<ProcessIdentity[]> {
  const left = await signalAndWait(identities, "SIGTERM", graceMs);
  return signalAndWait(left, "SIGKILL", 5_000);
}

async function signalAndWait(identities: readonly ProcessIdentity[], signal: NodeJS.Signals, waitMs: number) {
  let left = identities.filter(isAlive);
  for (const { pid } of left) {
    try {
      process.kill(pid, signal);
    } catch {
      // gone meanwhile, or another user's: the loop below tells which
    }
  }
  const deadline = performance.now() + waitMs;
  while (left.length > 0 && performance.now() < deadline) {
    await sleep(pollMs);
    left = left.filter(isAlive);
  }
  return left;
}

export function listPids(): number[] {
  return readdirSync("/proc").map(Number).filter(Number.isInteger);
}

/** Boot id: ticks since boot repeat after a reboot, and so do pids. */
let bootId: string | undefined;

function readFromProc(pid: number): ProcessEntry | null {
  const stat = readOrNull(`/proc/${pid}/stat`);
  if (stat === null) return null;
  // proc(5): the second field is a name in parentheses that may itself hold spaces and parentheses
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [state, startTicks, rssPages] = [fields[0], fields[19], fields[21]];
  if (state === "Z" || state === "X" || startTicks === undefined) return null;
  bootId ??= (readOrNull("/proc/sys/kernel/random/boot_id") ?? "").slice(0, 8);
  const command = (readOrNull(`/proc/${pid}/cmdline`) ?? "").replaceAll("\0", " ").trim();
  return { pid, start: `${startTicks}@${bootId}`, command: command || nameOf(stat), rssBytes: Number(rssPages) * 4096 };
}

function nameOf(stat: string): string {
  return stat.slice(stat.indexOf("(") + 1, stat.lastIndexOf(")"));
}

/** For systems without /proc. The start time has a resolution of one second, which a pid does not come round in. */
export function readFromPs(pid: number): ProcessEntry | null {
  try {
    const args = ["-o", "lstart=,rss=,stat=,command=", "-p", String(pid)];
    const line = execFileSync("ps", args, {
      encoding: "utf8",
      env: { ...process.env, LC_ALL: "C" },
      stdio: ["ignore", "pipe", "ignore"],
    });
    const match = /^\s*(\S+ +\S+ +\S+ +\S+ +\S+) +(\d+) +(\S+) +(.*)/.exec(line);
    if (!match || match[3]?.startsWith("Z")) return null;
    return { pid, start: match[1] ?? "", command: match[4] ?? "", rssBytes: Number(match[2]) * 1024 };
  } catch {
    return null;
  }
}

/** Memory of a process and its descendants: what they share is in it once for each. Elsewhere than on Linux its own alone. */
export function treeRssBytes({ pid, rssBytes }: ProcessEntry): number {
  if (!onLinux) return rssBytes;
  const children = listThreads(pid).flatMap((thread) => (readOrNull(`/proc/${pid}/task/${thread}/children`) ?? "").split(" "));
  const entries = children.filter(Boolean).map((child) => readProcess(Number(child)));
  return entries.reduce((sum, entry) => sum + (entry ? treeRssBytes(entry) : 0), rssBytes);
}

function listThreads(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    return [];
  }
}

function readOrNull(file: string): string | null {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return null;
  }
}
