import { isAlive, type ProcessIdentity } from "@plimsoll/proxy/process-table";
import pidusage from "pidusage";
import { countDescriptors, total } from "./descriptors.ts";
import type { HeapProbe } from "./heap.ts";
import { type ProcessNode, readPssBytes, readTree } from "./process-tree.ts";
import type { Reading, SampleSource } from "./source.ts";

/** Which process is the root of a service now, and how often its supervisor has started it again; null while it is down. */
export type Locate = () => Promise<{ identity: ProcessIdentity; restarts: number } | null>;

/** `ctimeMs`: CPU time since the process's start. `elapsedMs`: its age. */
interface Usage {
  memoryBytes: number;
  ctimeMs: number;
  elapsedMs: number;
}

/**
 * A service that runs as a tree of processes under one root: a supervisor's child with its workers.
 *
 * Sums over the tree count shared pages once a process, hence PSS beside RSS. CPU time that a short-lived child used
 * after the last reading before its end is not seen.
 */
export class ProcessSource implements SampleSource {
  readonly kind = "process";
  readonly #locate: Locate;
  readonly #firstRestarts: number;
  readonly #heap: HeapProbe | null;
  #root: ProcessIdentity | null = null;
  #replaced = 0;
  #cpuMs = 0;
  #readAtMs: number | null = null;
  /** CPU time of each process of the tree at the last reading. */
  #ctimes = new Map<string, number>();

  /** `restarts`: what the supervisor counts now; what it counts above that happened while we watched. */
  constructor(locate: Locate, restarts = 0, heap: HeapProbe | null = null) {
    this.#locate = locate;
    this.#heap = heap;
    this.#firstRestarts = restarts;
  }

  async read({ pss }: { pss: boolean }): Promise<Reading | null> {
    const located = await this.#locate();
    // a pid that has gone to somebody else since is as good as dead
    if (located === null || !isAlive(located.identity)) return null;
    this.#follow(located.identity);
    const tree = await readTree(located.identity.pid);
    const usages = await readUsages(tree);
    if (!usages.has(located.identity.pid)) return null;
    this.#account(tree, usages);
    const alive = tree.filter(({ pid }) => usages.has(pid));
    const pids = alive.map(({ pid }) => pid);
    return {
      rssBytes: alive.reduce((sum, { pid }) => sum + (usages.get(pid)?.memoryBytes ?? 0), 0),
      pssBytes: pss ? total(await Promise.all(pids.map(readPssBytes))) : null,
      workingSetBytes: null,
      heapBytes: (await this.#heap?.read({ edge: pss })) ?? null,
      cpuMs: this.#cpuMs,
      cpuAtMs: this.#readAtMs ?? performance.now(),
      throttledMs: null,
      throttledPeriods: null,
      ...countDescriptors(pids, pss),
      threads: total(alive.map(({ threads }) => threads)),
      pids: null,
      restarts: Math.max(this.#replaced, located.restarts - this.#firstRestarts),
      oomKills: null,
    };
  }

  async close(): Promise<void> {
    await this.#heap?.close();
  }

  #follow(identity: ProcessIdentity): void {
    const before = this.#root;
    if (before !== null && (before.pid !== identity.pid || before.start !== identity.start)) this.#replaced++;
    this.#root = identity;
  }

  #account(tree: readonly ProcessNode[], usages: ReadonlyMap<number, Usage>): void {
    const nowMs = performance.now();
    const sinceMs = this.#readAtMs === null ? null : nowMs - this.#readAtMs;
    const ctimes = new Map<string, number>();
    for (const { pid, start } of tree) {
      const usage = usages.get(pid);
      if (usage === undefined) continue;
      const key = `${pid}@${start}`;
      // one not seen before: born since, or overlooked; start times and uptime are known to a tick or, by ps, to a second
      const known = this.#ctimes.get(key) ?? (sinceMs !== null && usage.elapsedMs <= sinceMs + 1_000 ? 0 : usage.ctimeMs);
      this.#cpuMs += Math.max(0, usage.ctimeMs - known);
      ctimes.set(key, usage.ctimeMs);
    }
    this.#ctimes = ctimes;
    this.#readAtMs = nowMs;
  }
}

async function readUsages(tree: readonly ProcessNode[]): Promise<Map<number, Usage>> {
  if (tree.length === 0) return new Map();
  // it writes its complaints about a missing getconf into the screen
  process.env.PIDUSAGE_SILENT = "1";
  // fails when none of them lives any more; those that died meanwhile are left out
  const stats = await pidusage(tree.map(({ pid }) => pid)).catch(() => ({}));
  return new Map(
    Object.values(stats).flatMap((stat): [number, Usage][] =>
      stat ? [[stat.pid, { memoryBytes: stat.memory, ctimeMs: stat.ctime, elapsedMs: stat.elapsed }]] : [],
    ),
  );
}
