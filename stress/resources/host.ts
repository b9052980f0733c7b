import { readFileSync } from "node:fs";
import { availableParallelism, cpus, release, totalmem, type, version } from "node:os";
import { readCpuQuota } from "@plimsoll/proxy/cpu-quota";
import type { Summary } from "../measure/summary.ts";

/** What stands in the summary about the machine that the run was made on. */
export function readHost(): Summary["environment"]["host"] {
  const processors = cpus();
  const osName = /^PRETTY_NAME="?(.*?)"?$/m.exec(readText("/etc/os-release") ?? "")?.[1];
  return {
    cpuModel: processors[0]?.model.trim() || "unknown",
    cores: processors.length || availableParallelism(),
    memoryBytes: totalmem(),
    kernel: `${type()} ${release()}`,
    os: osName ?? version(),
  };
}

/** Cores that this process may use, which may be less than one: its CPU affinity, and the quota of its control groups. */
export function availableCores(): number {
  return Math.min(availableParallelism(), readCpuQuota() ?? Number.POSITIVE_INFINITY);
}

/** Time of all processors together since the machine started, in ticks (USER_HZ, 10 ms nearly everywhere). */
export interface HostCpu {
  busy: number;
  idle: number;
  /** Time in which a processor wanted to run and the hypervisor let others. */
  steal: number;
  total: number;
}

/** Null without /proc. */
export function readHostCpu(text: string | null = readText("/proc/stat")): HostCpu | null {
  // proc_stat(5): guest time is already contained in user and nice
  const line = /^cpu +(.*)$/m.exec(text ?? "")?.[1];
  const [user, nice, system, idle, iowait, irq, softirq, steal = 0] = line?.split(" ").map(Number) ?? [];
  if (user === undefined || nice === undefined || system === undefined || idle === undefined) return null;
  const busy = user + nice + system + (irq ?? 0) + (softirq ?? 0);
  const waiting = idle + (iowait ?? 0);
  return { busy, idle: waiting, steal, total: busy + waiting + steal };
}

/** Shares of all processors' time between two readings, 0 to 1; null when no time has passed or either is null. */
export function hostCpuShares(from: HostCpu | null, to: HostCpu | null): { busy: number; steal: number } | null {
  if (from === null || to === null || to.total <= from.total) return null;
  const total = to.total - from.total;
  // idle and iowait may fall by a tick, so that the others may seem to exceed the whole
  const share = (ticks: number) => Math.min(1, Math.max(0, ticks / total));
  return { busy: share(to.busy - from.busy), steal: share(to.steal - from.steal) };
}

/** Time in which at least one runnable task on the machine had to wait for a processor (pressure stall information). */
export interface CpuPressure {
  /** Share of the last ten seconds, 0 to 1. */
  avg10: number;
  /** Microseconds since the machine started. */
  totalUs: number;
}

/** Null where the kernel does not keep it. */
export function readCpuPressure(text: string | null = readText("/proc/pressure/cpu")): CpuPressure | null {
  const [, avg10, total] = /^some avg10=([\d.]+) .*total=(\d+)$/m.exec(text ?? "") ?? [];
  return avg10 === undefined ? null : { avg10: Number(avg10) / 100, totalUs: Number(total) };
}

/** Scheduler statistics of a thread since it started. */
export interface Schedstat {
  /** On a processor. */
  cpuNs: number;
  /** Runnable and waiting for one: neighbours, quota, steal. */
  delayNs: number;
  slices: number;
}

/** Of a thread of this process, by its kernel thread id; null where the kernel does not tell or the thread is gone. */
export function readSchedstat(tid: number): Schedstat | null {
  const fields = (readText(`/proc/self/task/${tid}/schedstat`) ?? "").trim().split(" ").map(Number);
  const [cpuNs, delayNs, slices] = fields;
  return cpuNs === undefined || delayNs === undefined || slices === undefined ? null : { cpuNs, delayNs, slices };
}

function readText(file: string): string | null {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return null;
  }
}
