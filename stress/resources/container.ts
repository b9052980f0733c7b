import { identify, isAlive, type ProcessIdentity } from "@plimsoll/proxy/process-table";
import { Cgroup, type ContainerFigures } from "./cgroup.ts";
import { ContainerEvents } from "./container-events.ts";
import { ContainerStats } from "./container-stats.ts";
import { Counter } from "./counter.ts";
import { countDescriptors, total } from "./descriptors.ts";
import { answerWithinMs, type ContainerState, type Engine } from "./engine.ts";
import { readPssBytes, readTree } from "./process-tree.ts";
import type { Reading, SampleSource } from "./source.ts";

/** One life of a container: between a start and an end. */
interface Life {
  /** Null where the container's first process does not run on this machine. */
  root: ProcessIdentity | null;
  cgroup: Cgroup | null;
  stats: ContainerStats | null;
}

/**
 * A service that runs in a container, followed by its name through restarts and re-creations.
 *
 * Memory, CPU and pids are the control group's, descriptors and threads those of the tree under its first process: what
 * `docker exec` and health checks start is in the former only. CPU time used after the last reading before an end is
 * not seen.
 */
export class ContainerSource implements SampleSource {
  readonly kind = "container";
  readonly #engine: Engine;
  readonly #name: string;
  readonly #root: string;
  readonly #events: ContainerEvents;
  #eventsOpen: Promise<void> | null = null;
  #life: Life | null = null;
  readonly #lives = new Set<string>();
  #changesSeen = 0;
  /** Lives in which the engine says that memory ran out. */
  readonly #oomLives = new Set<string>();
  readonly #oomBefore: string | null;
  readonly #cpu = new Counter();
  readonly #throttled = new Counter();
  readonly #periods = new Counter();
  readonly #kills = new Counter();

  /**
   * `state` as it is now, null where nothing has the name yet: what happened before does not count. `root` is where the
   * machine's files stand.
   */
  constructor(engine: Engine, name: string, state: ContainerState | null, root = "/") {
    this.#engine = engine;
    this.#name = name;
    this.#root = root;
    this.#events = new ContainerEvents(engine.docker, name);
    if (state?.running) this.#lives.add(keyOf(state));
    this.#oomBefore = state?.oomKilled ? keyOf(state) : null;
  }

  async read({ pss }: { pss: boolean }): Promise<Reading | null> {
    // not before the first reading: who only looks what there is leaves nothing open
    this.#eventsOpen ??= this.#events.open();
    await patiently(this.#eventsOpen);
    const reading = await this.#readLife(pss);
    if (reading !== null) return reading;
    if (!(await this.#follow())) return null;
    const again = await this.#readLife(pss);
    if (again === null) throw new Error(`the container ${this.#name} runs, and its figures cannot be read`);
    return again;
  }

  async close(): Promise<void> {
    this.#events.close();
    this.#life?.stats?.close();
  }

  /** Null when the life that was followed has ended, or may have. */
  async #readLife(pss: boolean): Promise<Reading | null> {
    const life = this.#life;
    if (life === null || (life.root !== null && !isAlive(life.root))) return null;
    // the engine's latest figures may be a second old, and of a life that has ended since
    if (life.stats !== null && this.#changes !== this.#changesSeen) return null;
    const read = await readFigures(life);
    if (read === null) return null;
    const { figures, atMs } = read;
    const { usageBytes, inactiveFileBytes } = figures;
    const tree = life.root === null ? null : await readTree(life.root.pid);
    const pids = tree?.map(({ pid }) => pid) ?? [];
    return {
      rssBytes: figures.anonBytes,
      pssBytes: tree !== null && pss ? total(await Promise.all(pids.map(readPssBytes))) : null,
      workingSetBytes: usageBytes === null || inactiveFileBytes === null ? null : Math.max(0, usageBytes - inactiveFileBytes),
      heapBytes: null,
      cpuMs: this.#cpu.see(figures.cpuMs),
      cpuAtMs: atMs,
      throttledMs: this.#throttled.see(figures.throttledMs),
      throttledPeriods: this.#periods.see(figures.throttledPeriods),
      ...(tree === null ? { fds: null, sockets: null } : countDescriptors(pids, pss)),
      threads: tree === null ? null : total(tree.map(({ threads }) => threads)),
      pids: figures.pids,
      restarts: Math.max(0, this.#events.starts, this.#lives.size - 1),
      oomKills: this.#oomKills(figures),
    };
  }

  get #changes(): number {
    return this.#events.starts + this.#events.ends;
  }

  /** The same kills told by three, each of which may miss some: the group is gone with its container, events may be lost. */
  #oomKills(figures: ContainerFigures): number {
    return Math.max(this.#kills.see(figures.oomKills) ?? this.#kills.total, this.#events.oomKills, this.#oomLives.size);
  }

  /** Looks again what bears the name. @returns false while nothing that does runs. */
  async #follow(): Promise<boolean> {
    const changes = this.#changes;
    const state = await this.#engine.inspect(this.#name);
    if (state === null) return false;
    const key = keyOf(state);
    if (state.oomKilled && key !== this.#oomBefore) this.#oomLives.add(key);
    if (!state.running) return false;
    this.#life?.stats?.close();
    if (!this.#lives.has(key)) {
      this.#lives.add(key);
      for (const counter of [this.#cpu, this.#throttled, this.#periods, this.#kills]) counter.beginAgain();
    }
    this.#changesSeen = changes;
    this.#life = await this.#lifeOf(state);
    return true;
  }

  async #lifeOf({ id, pid }: ContainerState): Promise<Life> {
    const identity = identify(pid);
    const cgroup = identity === null ? null : Cgroup.find(pid, id, this.#root);
    if (cgroup !== null) return { root: identity, cgroup, stats: null };
    return { root: null, cgroup: null, stats: await patiently(ContainerStats.open(this.#engine.docker, id)) };
  }
}

/** A reading that an engine keeps waiting is lost; without an end to it the run would have none either. */
function patiently<T>(answer: Promise<T>): Promise<T> {
  const late = new Promise<never>((_, reject) => {
    const timer = setTimeout(() => reject(new Error("the container engine does not answer")), answerWithinMs);
    answer.then(
      () => clearTimeout(timer),
      () => clearTimeout(timer),
    );
  });
  return Promise.race([answer, late]);
}

function keyOf({ id, startedAt }: ContainerState): string {
  return `${id} ${startedAt}`;
}

async function readFigures({ cgroup, stats }: Life): Promise<{ figures: ContainerFigures; atMs: number } | null> {
  if (stats !== null) return stats.read();
  const figures = cgroup?.read() ?? null;
  return figures && { figures, atMs: performance.now() };
}
