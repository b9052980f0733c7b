import type { ResourceSample } from "../measure/event.ts";

/** Neighbouring samples as one; `count` of them. */
interface Entry {
  sample: ResourceSample;
  count: number;
  /** How many of them have the figure. */
  seen: Record<MeanFigure, number>;
}

const meanFigures = ["rssBytes", "workingSetBytes", "heapBytes", "cpuCores"] as const;
const peakFigures = ["fds", "sockets", "threads", "pids"] as const;
type MeanFigure = (typeof meanFigures)[number];

/** Samples between two phase edges. Every entry but the last, and those with PSS, stands for `perEntry` samples: evenly spaced. */
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
    const entry = entryOf(sample);
    if (last && last.count < stretch.perEntry && isMergeable(last) && isMergeable(entry)) {
      stretch.entries[stretch.entries.length - 1] = merge(last, entry);
      return;
    }
    stretch.entries.push(entry);
    if (stretches.reduce((sum, { entries }) => sum + entries.length, 0) > this.#capacity) {
      halve(stretches.reduce((a, b) => (b.entries.length > a.entries.length ? b : a)));
    }
  }

  /** A phase ended: nothing before is merged with anything after. */
  mark(): void {
    for (const stretches of this.#services.values()) stretches.push(newStretch());
  }

  /** At most `most` samples of a service, of at least as many as there are phases: merged further, in the same way. */
  coarsened(service: string, most: number): ResourceSample[] {
    const log = new SampleLog(most);
    for (const { entries } of this.#services.get(service) ?? []) {
      for (const { sample } of entries) log.add(sample);
      log.mark();
    }
    return log.of(service);
  }

  of(service: string): ResourceSample[] {
    return (this.#services.get(service) ?? []).flatMap(({ entries }) => entries.map(({ sample }) => sample));
  }
}

function newStretch(): Stretch {
  return { perEntry: 1, entries: [] };
}

function entryOf(sample: ResourceSample): Entry {
  const seen = Object.fromEntries(meanFigures.map((figure) => [figure, sample[figure] === null ? 0 : 1]));
  return { sample, count: 1, seen: seen as Entry["seen"] };
}

/** A reading with PSS was taken at the edge of a phase and stands for that instant. There are few of them. */
function isMergeable({ sample }: Entry): boolean {
  return sample.pssBytes === null;
}

function halve(stretch: Stretch): void {
  stretch.perEntry *= 2;
  const halved: Entry[] = [];
  for (const entry of stretch.entries) {
    const last = halved.at(-1);
    const fits = last && isMergeable(last) && isMergeable(entry) && last.count + entry.count <= stretch.perEntry;
    if (fits) halved[halved.length - 1] = merge(last, entry);
    else halved.push(entry);
  }
  stretch.entries = halved;
}

/**
 * Figures and times become means over the samples that have them, so that a straight line stays that line, whatever is
 * missing; of what is counted the larger value stays, since peaks matter; of sums and the rest the later one.
 */
function merge(a: Entry, b: Entry): Entry {
  const count = a.count + b.count;
  const sample = { ...b.sample, atMs: (a.sample.atMs * a.count + b.sample.atMs * b.count) / count };
  const seen = { ...b.seen };
  for (const figure of meanFigures) {
    seen[figure] = a.seen[figure] + b.seen[figure];
    const sum = (a.sample[figure] ?? 0) * a.seen[figure] + (b.sample[figure] ?? 0) * b.seen[figure];
    sample[figure] = seen[figure] === 0 ? null : sum / seen[figure];
  }
  for (const figure of peakFigures) sample[figure] = larger(a.sample[figure], b.sample[figure]);
  return { sample, count, seen };
}

function larger(a: number | null, b: number | null): number | null {
  return a === null || b === null ? (a ?? b) : Math.max(a, b);
}
