import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import type Docker from "dockerode";
import type { ContainerFigures } from "./cgroup.ts";

/** Of `GET /containers/ID/stats`, as far as it is used; the memory figures are those of the machine's version of cgroups. */
interface EngineStats {
  memory_stats?: { usage?: number; stats?: Record<string, number> };
  cpu_stats?: {
    cpu_usage?: { total_usage?: number };
    throttling_data?: { throttled_periods?: number; throttled_time?: number };
  };
  pids_stats?: { current?: number };
}

/** The engine sends one a second; without one for this long the container is down, or the engine is. */
const freshMs = 3_500;

/** For containers whose files cannot be read here: the engine is on another machine, or in a virtual one. */
export class ContainerStats {
  readonly #stream: Readable;
  #latest: { figures: ContainerFigures; atMs: number } | null = null;
  #ended = false;
  readonly #first: Promise<void>;

  private constructor(stream: Readable) {
    this.#stream = stream;
    this.#first = new Promise((resolve) => {
      const timer = setTimeout(resolve, freshMs);
      const settle = () => {
        clearTimeout(timer);
        resolve();
      };
      stream.on("error", () => {});
      stream.once("close", () => {
        this.#ended = true;
        settle();
      });
      createInterface(stream)
        .on("line", (line) => {
          const figures = parseStats(line);
          this.#latest = figures && { figures, atMs: performance.now() };
          settle();
        })
        .on("error", () => {});
    });
  }

  static async open(docker: Docker, id: string): Promise<ContainerStats> {
    return new ContainerStats((await docker.getContainer(id).stats({ stream: true })) as Readable);
  }

  /** The latest, and when it came; waits for the first. Null when none came lately. */
  async read(): Promise<{ figures: ContainerFigures; atMs: number } | null> {
    await this.#first;
    const latest = this.#latest;
    return this.#ended || latest === null || performance.now() - latest.atMs > freshMs ? null : latest;
  }

  close(): void {
    this.#stream.destroy();
  }
}

/** Null for what the engine sends of a container that does not run: a frame without memory. */
export function parseStats(line: string): ContainerFigures | null {
  let stats: EngineStats;
  try {
    stats = JSON.parse(line);
  } catch {
    return null;
  }
  const { usage, stats: memory = {} } = stats.memory_stats ?? {};
  if (usage === undefined) return null;
  const ms = (ns: number | undefined) => (ns === undefined ? null : ns / 1e6);
  const throttling = stats.cpu_stats?.throttling_data;
  return {
    usageBytes: usage,
    anonBytes: memory.anon ?? memory.total_rss ?? null,
    // version 1 tells `inactive_file` too, of the group without those below it
    inactiveFileBytes: memory.total_inactive_file ?? memory.inactive_file ?? null,
    cpuMs: ms(stats.cpu_stats?.cpu_usage?.total_usage),
    throttledMs: ms(throttling?.throttled_time),
    throttledPeriods: throttling?.throttled_periods ?? null,
    pids: stats.pids_stats?.current ?? null,
    oomKills: null,
  };
}
