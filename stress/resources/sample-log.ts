import type { ResourceSample } from "../measure/event.ts";

/** Neighbouring samples as one; `count` of them. */
interface Entry {
  sample: ResourceSample;
  count: number;
}

/** Samples between two phase edges. Every entry but the last stands for `perEntry` samples, so that they stay evenly spaced. */
interface Stretch {
  perEntry: number;
  entries: Entry[];
}

/**
 * The samples of one run in bounded memory, oldest first. When they are too many, the longest stretch between two phase
 * edges is coarsened by merging neighbours, so that short phases (the windows before and after a load) keep every sample.
 */
export class SampleLog {
  readonly #capacity: number;
  readonly #services = new Map<string, Stretch[]>();

  /** `capacity`: entries kept of each service; 7,200 are two hours at one a second. */
  constructor(capacity = 7_200) {
    this.#capacity = capacity;
  }

  add(sample: ResourceSample): void {
    const stretches = this.#services.get(sample.service) ?? [newStretch()];
    this.#services.set(sample.service, stretches);
    const stretch = stretches.at(-1) ?? newStretch();
    const last = stretch.entries.at(-1);
    if (last && last.count < stretch.perEntry) {
      stretch.entries[stretch.entries.length - 1] = merge(last, { sample, count: 1 });
      return;
    }
    stretch.entries.push({ sample, count: 1 });
    if (stretches.reduce((sum, { entries }) => sum + entries.length, 0) > this.#capacity) {
      halve(stretches.reduce((a, b) => (b.entries.length > a.entries.length ? b : a)));
    }
  }

  /** A phase ended: nothing before is merged with anything after. */
  mark(): void {
    for (const stretches of this.#services.values()) stretches.push(newStretch());
  }

  of(service: string): ResourceSample[] {
    return (this.#services.get(service) ?? []).flatMap(({ entries }) => entries.map(({ sample }) => sample));
  }
}

function newStretch(): Stretch {
  return { perEntry: 1, entries: [] };
}

function halve(stretch: Stretch): void {
  stretch.perEntry *= 2;
  stretch.entries = stretch.entries.flatMap((entry, i, all) => {
    if (i % 2 === 1) return [];
    const next = all[i + 1];
    return next ? merge(entry, next) : entry;
  });
}

/** Figures become means; descriptors and threads the larger value, since those are counted and their peaks matter. */
function merge(a: Entry, b: Entry): Entry {
  const count = a.count + b.count;
  const mean = (x: number | null, y: number | null) =>
    x === null || y === null ? (x ?? y) : (x * a.count + y * b.count) / count;
  const sample = {
    ...b.sample,
    atMs: (a.sample.atMs * a.count + b.sample.atMs * b.count) / count,
    rssBytes: mean(a.sample.rssBytes, b.sample.rssBytes),
    pssBytes: mean(a.sample.pssBytes, b.sample.pssBytes),
    workingSetBytes: mean(a.sample.workingSetBytes, b.sample.workingSetBytes),
    cpuCores: mean(a.sample.cpuCores, b.sample.cpuCores),
    fds: larger(a.sample.fds, b.sample.fds),
    threads: larger(a.sample.threads, b.sample.threads),
  };
  return { sample, count };
}

function larger(a: number | null, b: number | null): number | null {
  return a === null || b === null ? (a ?? b) : Math.max(a, b);
}
