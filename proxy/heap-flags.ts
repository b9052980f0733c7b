import { readFileSync } from "node:fs";
import { parseEnv } from "node:util";
import { workerCount } from "./cpu-quota.ts";
import { readMemoryQuota } from "./memory-quota.ts";

const mib = 1024 ** 2;
/** What a primary takes, most of it the runtime's pages. */
const primaryBytes = 64 * mib;
/** What a worker takes before it holds anything: the runtime, its code, thread stacks. */
const workerBytes = 48 * mib;
/** The rest of a worker's memory is not in V8's heap: sockets, TLS sessions, bodies on their way. */
const heapShare = 0.6;
/** Below that a worker could not start. */
const minHeapBytes = 32 * mib;

/**
 * Left alone, V8 lets garbage pile up to several times what is alive before it collects the old generation, and does not
 * give it back: under load a service grows by half and stays there. A young generation of half its usual size and an early
 * first collection keep that small; neither limits what may be alive. What is left of a load is collected when it is over
 * (idle-collection.ts), for which the collector must be exposed.
 *
 * Not --heap-growing-percent: bodies on their way count, too, so that little room until the next collection means a full one for
 * every few megabytes that pass. At 30 it took 70 MiB off an edge with 100 busy users and doubled the cost of a body of 64 KiB.
 */
export const flatHeapFlags: readonly string[] = ["--max-semi-space-size=8", "--initial-old-space-size=32", "--expose-gc"];

/**
 * V8's flags for each of `workers` that share `quotaBytes` of memory. V8 itself goes by the quota as if it were alone, or, in a
 * container of 256 MiB, takes a heap as large as that; then the kernel kills a service that a collection would have saved.
 */
export function heapFlags(quotaBytes: number, workers: number): string[] {
  const share = (quotaBytes - primaryBytes) / workers;
  const heapBytes = Math.max(minHeapBytes, (share - workerBytes) * heapShare);
  return [...flatHeapFlags, `--max-old-space-size=${Math.floor(heapBytes / mib)}`];
}

/**
 * Flags of the workers that this primary starts: its own, and over them those that follow from the limits as they are now.
 * Without a limit on memory its own alone.
 */
export function workerFlags(service: "edge" | "backend", quotaBytes = readMemoryQuota()): string[] {
  if (quotaBytes === null) return process.execArgv;
  const workers = service === "backend" ? 1 : workerCount(askedWorkers(process.env));
  return [...process.execArgv, ...heapFlags(quotaBytes, workers)];
}

/** The workers judge the settings, but their heap must be known before they start; what is not a number is theirs to refuse. */
function askedWorkers(env: Readonly<Record<string, string | undefined>>): number | null {
  let asked = env.EDGE_WORKERS;
  try {
    asked = parseEnv(readFileSync(env.SETTINGS_FILE?.trim() ?? "", "utf8")).EDGE_WORKERS ?? asked;
  } catch {
    // there is no such file, or none that can be read: a worker says so
  }
  const count = Number(asked?.trim() || Number.NaN);
  return Number.isInteger(count) && count > 0 ? count : null;
}
