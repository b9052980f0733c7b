import type { SearchLevel } from "../measure/search-summary.ts";
import type { ServiceResources, Summary } from "../measure/summary.ts";
import { exhaustedServices } from "./capacity.ts";

/** A service that uses this much of an enforced memory limit is close to being killed for it. */
const exhaustedShare = 0.9;
/** Held back by its quota for this share of the steady time, a service has none to spare, whatever its mean use. */
const throttledShare = 0.1;
/** So many arrivals that found every allowed connection busy are no accident. */
const blockedShare = 0.1;

/**
 * What a probe ran out of, with the evidence: CPU, the quota's throttling, memory, connections, or nothing that was looked
 * at. A limit of the generator comes before all others: behind it nobody knows. But where the target broke all the same, what the
 * generator was short of is the CPU of the host that they share.
 */
export function bottleneckOfProbe(summary: Summary, outcome: SearchLevel["outcome"]): SearchLevel["bottleneck"] {
  const { capacity, resources } = summary;
  if (capacity.bottleneck === "generator") {
    if (outcome === "generator") return { kind: "generator", evidence: capacity.evidence };
    const exhausted = exhaustedServices(resources);
    return { kind: exhausted.length > 0 ? "target" : "host", evidence: [...exhausted, ...capacity.evidence] };
  }
  const throttled = resources.flatMap((service) => throttling(service, summary.state.testRunDurationMs));
  if (capacity.bottleneck === "target" || throttled.length > 0) {
    const found = capacity.bottleneck === "target" ? capacity.evidence : [];
    return { kind: "target", evidence: [...found, ...throttled] };
  }
  const memory = resources.flatMap(memoryLimit);
  if (memory.length > 0) return { kind: "memory", evidence: memory };
  if (capacity.bottleneck === "host") return { kind: "host", evidence: capacity.evidence };
  const connections = connectionLimit(summary);
  if (connections !== null) return { kind: "connections", evidence: [connections, ...capacity.evidence] };
  return { kind: capacity.bottleneck, evidence: capacity.evidence };
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
