import type { ResourceSample } from "../measure/event.ts";

/** One reading of one service. A figure that this kind of source does not have, or that cannot be read, is null. */
export interface Reading {
  /** Processes: resident set of the whole tree, shared pages counted once a process. Containers: anonymous memory. */
  rssBytes: number | null;
  /** Proportional share: pages shared within the tree count once. Only when asked for, it is costly for the service. */
  pssBytes: number | null;
  /** Containers only: usage without inactive file pages. */
  workingSetBytes: number | null;
  /** Used heap of a JavaScript runtime, where the service publishes it. */
  heapBytes: number | null;
  /** CPU time used since the source was made, over all its processes, those of before a restart included. Never falls. */
  cpuMs: number | null;
  /** When `cpuMs` was read, on a monotonic clock of the source's choice: only differences have a meaning. */
  cpuAtMs: number;
  /** Containers only: what the CPU quota held back since the source was made. Neither falls. */
  throttledMs: number | null;
  throttledPeriods: number | null;
  fds: number | null;
  /** Descriptors that are sockets. Where there are very many descriptors they are counted at phase edges only. */
  sockets: number | null;
  threads: number | null;
  /** Containers only: tasks in the control group, which is what a pids limit counts; a health check's are among them. */
  pids: number | null;
  /** Times the service has died and come back since the source was made. */
  restarts: number;
  /** Kills by the kernel for want of memory since the source was made; null where that cannot be told. */
  oomKills: number | null;
}

/** Where a service's readings come from. A source holds what it needs to tell one reading from the next. */
export interface SampleSource {
  readonly kind: ResourceSample["source"];
  /**
   * Never called again before it settled.
   *
   * @returns null while the service is down. Rejects when it cannot be read. Either way that reading is lost.
   */
  read(options: { pss: boolean }): Promise<Reading | null>;
  close(): Promise<void>;
}

export interface SampledService {
  name: string;
  limits: { cpus: number | null; memoryBytes: number | null; enforced: boolean };
  source: SampleSource;
}
