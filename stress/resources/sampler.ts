import type { ResourceSample } from "../measure/event.ts";
import type { Reading, SampledService } from "./source.ts";

export interface SamplerOptions {
  services: readonly SampledService[];
  intervalMs: number;
  onSample: (sample: ResourceSample) => void;
  /** Milliseconds since the run started, never falling; without it, since `start`. */
  now?: () => number;
}

/** How the sampling of one service went. */
export interface SampleTally {
  name: string;
  /** Readings told, and readings due that gave none: the service was down or unreadable, or the sampler came too late. */
  taken: number;
  lost: number;
  /** Of the last reading that succeeded. */
  restarts: number;
  oomKills: number | null;
  /** Whether the last reading succeeded: false for a service that died and was not back at the end. */
  up: boolean;
}

export interface Sampler {
  /** Reads at once, then every `intervalMs`. */
  start(): void;
  /** Reads now, with PSS: at the edges of phases. Settles when every service has been read and told. */
  edge(): Promise<void>;
  /** Ends the schedule, waits for a reading under way, and closes the sources. */
  stop(): Promise<void>;
  tallies(): SampleTally[];
}

/** Process times come in ticks of 10 ms: over a shorter time than this the cores in use would be mostly noise. */
const shortestCpuMs = 250;

interface Watched extends SampleTally {
  service: SampledService;
  cpuFrom: { atMs: number; cpuMs: number } | null;
}

/** Reads services on a fixed schedule and tells each reading at once; it keeps none. Readings of one service never overlap. */
export function createSampler({ services, intervalMs, onSample, now }: SamplerOptions): Sampler {
  const watched = services.map((service): Watched => {
    return { service, name: service.name, taken: 0, lost: 0, restarts: 0, oomKills: null, up: false, cpuFrom: null };
  });
  const startedAtMs = performance.now();
  const clock = now ?? (() => performance.now() - startedAtMs);
  let timer: NodeJS.Timeout | undefined;
  let running = false;
  let queue = Promise.resolve();

  async function readOne(watch: Watched, pss: boolean): Promise<void> {
    const atMs = clock();
    const reading = await watch.service.source.read({ pss }).catch(() => null);
    watch.up = reading !== null;
    if (reading === null) {
      watch.lost++;
      return;
    }
    watch.taken++;
    watch.restarts = reading.restarts;
    watch.oomKills = reading.oomKills;
    onSample(toSample(watch, reading, atMs));
  }

  function read(pss: boolean): Promise<void> {
    const reading = queue.then(async () => {
      await Promise.all(watched.map((watch) => readOne(watch, pss)));
    });
    queue = reading.catch(() => {});
    return reading;
  }

  function schedule(slot: number, originMs: number): void {
    const waitMs = Math.max(0, originMs + slot * intervalMs - performance.now());
    timer = setTimeout(async () => {
      const due = Math.max(slot, Math.floor((performance.now() - originMs) / intervalMs));
      for (const watch of watched) watch.lost += due - slot;
      await read(false);
      if (running) schedule(due + 1, originMs);
    }, waitMs);
  }

  return {
    start() {
      if (running) return;
      running = true;
      schedule(0, performance.now());
    },
    edge: () => read(true),
    async stop() {
      running = false;
      clearTimeout(timer);
      await queue;
      await Promise.all(services.map(({ source }) => source.close()));
    },
    tallies: () =>
      watched.map(({ name, taken, lost, restarts, oomKills, up }) => ({ name, taken, lost, restarts, oomKills, up })),
  };
}

function toSample(watch: Watched, reading: Reading, atMs: number): ResourceSample {
  const { rssBytes, pssBytes, workingSetBytes, fds, threads, restarts } = reading;
  const { name: service, source } = watch.service;
  const cpuCores = coresInUse(watch, reading.cpuMs, atMs);
  return { atMs, service, source: source.kind, rssBytes, pssBytes, workingSetBytes, cpuCores, fds, threads, restarts };
}

function coresInUse(watch: Watched, cpuMs: number | null, atMs: number): number | null {
  const from = watch.cpuFrom;
  if (cpuMs === null || (from !== null && atMs - from.atMs < shortestCpuMs)) return null;
  watch.cpuFrom = { atMs, cpuMs };
  return from === null ? null : (cpuMs - from.cpuMs) / (atMs - from.atMs);
}
