import type { SearchLevel } from "../measure/search-summary.ts";
import type { ServiceResources, Summary } from "../measure/summary.ts";
import { exhaustedCpu } from "./capacity.ts";

/** A service that uses this much of an enforced memory limit is close to being killed for it. */
const exhaustedShare = 0.9;
/** Held back by its quota for this share of the steady time, a service has none to spare, whatever its mean use. */
const throttledShare = 0.1;
/** So many arrivals that found every allowed connection busy are no accident. */
const blockedShare = 0.1;

type Bottleneck = SearchLevel["bottleneck"];

/**
 * What a probe ran out of, with the evidence: CPU, the quota's throttling, memory, connections, or nothing that was looked
 * at. A limit of the generator comes before all others: behind it nobody knows. But where the target broke all the same, the
 * others are asked as ever: a generator that was late says nothing about how busy the host was.
 */
export function bottleneckOfProbe(summary: Summary, outcome: SearchLevel["outcome"]): Bottleneck {
  const { bottleneck, evidence } = summary.capacity;
  if (bottleneck !== "generator") return besideGenerator(summary, { kind: bottleneck, evidence });
  if (outcome === "generator") return { kind: "generator", evidence };
  const found = besideGenerator(summary, cpuBesideGenerator(summary));
  return { kind: found.kind, evidence: [...found.evidence, ...evidence] };
}

/** Who ran out of CPU in a run whose generator was at its limit, too. */
function cpuBesideGenerator({ resources, environment, generator }: Summary): Bottleneck {
  const { cores } = environment.host;
  const busyShare = generator.hostBusy ?? null;
  const exhausted = exhaustedCpu(resources, { cores, busyShare, stealShare: generator.steal });
  if (exhausted !== null) return { kind: exhausted.bottleneck, evidence: exhausted.evidence };
  if (resources.length === 0 && busyShare === null) return { kind: "unknown", evidence: ["no resources were sampled"] };
  const services = resources.length === 0 ? [] : ["no sampled service ran out of CPU"];
  const host = busyShare === null ? [] : [`host CPU ${Math.round(100 * busyShare)} % busy on ${cores} cores`];
  return { kind: "none", evidence: [...services, ...host] };
}

/** Holds who ran out of CPU against what else can run out. */
function besideGenerator(summary: Summary, cpu: Bottleneck): Bottleneck {
  const { resources, state } = summary;
  const throttled = resources.flatMap((service) => throttling(service, state.testRunDurationMs));
  if (cpu.kind === "target" || throttled.length > 0) {
    return { kind: "target", evidence: [...(cpu.kind === "target" ? cpu.evidence : []), ...throttled] };
  }
  const memory = resources.flatMap(memoryLimit);
  if (memory.length > 0) return { kind: "memory", evidence: memory };
  if (cpu.kind === "host") return cpu;
  const connections = connectionLimit(summary);
  return connections === null ? cpu : { kind: "connections", evidence: [connections, ...cpu.evidence] };
}

function throttling({ name, throttled, limits }: ServiceResources, lastsMs: number): string[] {
  if (throttled === null || throttled.ms < throttledShare * lastsMs) return [];
  const quota = limits.cpus === null ? "its CPU quota" : `its quota of ${limits.cpus} CPUs`;
  return [`${name} was throttled for ${Math.round(throttled.ms)} ms by ${quota}, in ${throttled.periods} periods`];
}

function memoryLimit({ name, rss, workingSet, limits }: ServiceResources): string[] {
  const used = (workingSet ?? rss)?.steadyBytes ?? null;
  const limit = limits.enforced ? limits.memoryBytes : null;
  if (used === null || limit === null || used < exhaustedShare * limit) return [];
  const mebibytes = (bytes: number) => Math.round(bytes / 2 ** 20);
  return [`${name} used ${mebibytes(used)} of its ${mebibytes(limit)} MiB`];
}

function connectionLimit({ profile, generator, metrics }: Summary): string | null {
  const { load } = profile;
  const most = metrics.vus_max?.type === "gauge" ? metrics.vus_max.values.value : 0;
  if (load.model !== "open" || generator.blocked === null || !generator.offered) return null;
  const share = generator.blocked / generator.offered;
  if (share < blockedShare || most < load.maxConnections) return null;
  const percent = Math.round(100 * share);
  return `all ${load.maxConnections} connections that --max-vus allows were busy when ${percent} % of the arrivals were due`;
}
