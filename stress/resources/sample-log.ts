import type { ResourceSample } from "../measure/event.ts";

/**
 * The samples of one run in bounded memory, oldest first. When they are too many, the longest stretch between two phase
 * edges is halved by merging neighbours, so that short phases (the windows before and after a load) keep every sample.
 */
export class SampleLog {
  readonly #capacity: number;
  readonly #services = new Map<string, ResourceSample[][]>();

  /** `capacity`: samples kept of each service; 7,200 are two hours at one a second. */
  constructor(capacity = 7_200) {
    this.#capacity = capacity;
  }

  add(sample: ResourceSample): void {
    const stretches = this.#services.get(sample.service);
    if (stretches === undefined) {
      this.#services.set(sample.service, [[sample]]);
      return;
    }
    stretches.at(-1)?.push(sample);
    if (stretches.reduce((sum, { length }) => sum + length, 0) <= this.#capacity) return;
    const longest = stretches.reduce((a, b) => (b.length > a.length ? b : a));
    stretches[stretches.indexOf(longest)] = halve(longest);
  }

  /** A phase ended: nothing before is merged with anything after. */
  mark(): void {
    for (const stretches of this.#services.values()) stretches.push([]);
  }

  of(service: string): ResourceSample[] {
    return (this.#services.get(service) ?? []).flat();
  }
}

function halve(samples: readonly ResourceSample[]): ResourceSample[] {
  const merged: ResourceSample[] = [];
  for (let i = 0; i < samples.length; i += 2) {
    const [a, b] = [samples[i], samples[i + 1]];
    if (a) merged.push(b ? merge(a, b) : a);
  }
  return merged;
}

/** Figures become means; descriptors and threads their larger value, since those are counted and their peaks matter. */
function merge(a: ResourceSample, b: ResourceSample): ResourceSample {
  return {
    ...b,
    atMs: (a.atMs + b.atMs) / 2,
    rssBytes: mean(a.rssBytes, b.rssBytes),
    pssBytes: mean(a.pssBytes, b.pssBytes),
    workingSetBytes: mean(a.workingSetBytes, b.workingSetBytes),
    cpuCores: mean(a.cpuCores, b.cpuCores),
    fds: larger(a.fds, b.fds),
    threads: larger(a.threads, b.threads),
  };
}

function mean(a: number | null, b: number | null): number | null {
  return a === null || b === null ? (a ?? b) : (a + b) / 2;
}

function larger(a: number | null, b: number | null): number | null {
  return a === null || b === null ? (a ?? b) : Math.max(a, b);
}
