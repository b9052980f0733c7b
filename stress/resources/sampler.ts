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
  /** False where the service was down when it was last asked: it died and was not back at the end. */
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
  timer: NodeJS.Timeout | undefined;
  /** The reading under way, and those behind it. */
  queue: Promise<void>;
}

/**
 * Reads services on a fixed schedule and tells each reading at once; it keeps none. Readings of one service never
 * overlap, and a service that is slow to read delays no other. All times are of the monotonic clock: a clock that is
 * set meanwhile changes nothing, and readings that were due while the machine or the process stood still are lost ones.
 */
export function createSampler({ services, intervalMs, onSample, now }: SamplerOptions): Sampler {
  const watched = services.map((service): Watched => {
    const tally = { name: service.name, taken: 0, lost: 0, restarts: 0, oomKills: null, up: true };
    return { ...tally, service, cpuFrom: null, timer: undefined, queue: Promise.resolve() };
  });
  const startedAtMs = performance.now();
  const clock = now ?? (() => performance.now() - startedAtMs);
  let running = false;

  async function readNow(watch: Watched, pss: boolean): Promise<void> {
    const atMs = clock();
    const reading = await watch.service.source.read({ pss }).catch(() => undefined);
    if (reading !== undefined) watch.up = reading !== null;
    if (!reading) {
      watch.lost++;
      return;
    }
    watch.taken++;
    watch.restarts = reading.restarts;
    watch.oomKills = reading.oomKills;
    onSample(toSample(watch, reading, atMs));
  }

  function read(watch: Watched, pss: boolean): Promise<void> {
    const reading = watch.queue.then(() => readNow(watch, pss));
    watch.queue = reading.catch(() => {});
    return reading;
  }

  function schedule(watch: Watched, slot: number, originMs: number): void {
    const waitMs = Math.max(0, originMs + slot * intervalMs - performance.now());
    watch.timer = setTimeout(async () => {
      const due = Math.max(slot, Math.floor((performance.now() - originMs) / intervalMs));
      watch.lost += due - slot;
      await read(watch, false);
      if (running) schedule(watch, due + 1, originMs);
    }, waitMs);
  }

  return {
    start() {
      if (running) return;
      running = true;
      const originMs = performance.now();
      for (const watch of watched) schedule(watch, 0, originMs);
    },
    async edge() {
      await Promise.all(watched.map((watch) => read(watch, true)));
    },
    async stop() {
      running = false;
      for (const { timer } of watched) clearTimeout(timer);
      await Promise.all(watched.map(({ queue }) => queue));
      await Promise.all(services.map(({ source }) => source.close()));
    },
    tallies: () =>
      watched.map(({ name, taken, lost, restarts, oomKills, up }) => ({ name, taken, lost, restarts, oomKills, up })),
  };
}

function toSample(watch: Watched, reading: Reading, atMs: number): ResourceSample {
  const { cpuMs, cpuAtMs, oomKills: _, ...figures } = reading;
  const { name: service, source } = watch.service;
  return { atMs, service, source: source.kind, ...figures, cpuCores: coresInUse(watch, cpuMs, cpuAtMs) };
}

/** `atMs` on the clock of the reading, which may be another machine's. */
function coresInUse(watch: Watched, cpuMs: number | null, atMs: number): number | null {
  const from = watch.cpuFrom;
  if (cpuMs === null || (from !== null && atMs - from.atMs < shortestCpuMs)) return null;
  watch.cpuFrom = { atMs, cpuMs };
  return from === null ? null : (cpuMs - from.cpuMs) / (atMs - from.atMs);
}
