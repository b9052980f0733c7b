import type { PlanScenario } from "../measure/plan-summary.ts";
import type { PhaseRow, ServiceResources, Summary } from "../measure/summary.ts";

/** A service, or the host, that uses this much of what it may use has nothing left to give. */
const exhaustedShare = 0.9;
/** One event loop cannot use more than a core; what it uses beyond, its helper threads do. */
const singleThreadCores = 0.95;

export interface CapacityFacts {
  /** What the target carried in `loadMs`: successful answers, or events of streams. */
  answered: number;
  loadMs: number;
  phases: readonly PhaseRow[];
  /** Why the generator was at its limit; empty when it was not. */
  generatorReasons: readonly string[];
  resources: readonly ServiceResources[];
  host: HostLoad;
}

/** Of all CPUs of the host while the load lasted; null where it is not known. */
export interface HostLoad {
  cores: number;
  busyShare: number | null;
  stealShare: number | null;
}

/**
 * What the run says about capacity: the reference's average over the whole profile, and the rate held on the highest
 * plateau, both of successful answers alone. The figure is a floor when the generator gave way first, and only then.
 */
export function capacityOf(facts: CapacityFacts): Summary["capacity"] {
  const plateau = plateauOf(facts);
  const { bottleneck, evidence } = bottleneckOf(facts);
  return {
    averageRps: facts.loadMs > 0 ? (facts.answered * 1000) / facts.loadMs : 0,
    sustainedRps: plateau?.rps ?? null,
    sustainedAt: plateau?.name ?? null,
    kind: bottleneck === "generator" ? "floor" : "measured",
    bottleneck,
    evidence,
  };
}

/** The constant stage with the highest level, where levels were judged one by one the highest that held; of equals the longest. */
export function plateauOf({ phases, plan }: { phases: readonly PhaseRow[]; plan?: PlanScenario | undefined }): PhaseRow | null {
  const most = plan?.breakingPoint === undefined ? Number.POSITIVE_INFINITY : (plan.breakingPoint.heldAt ?? 0);
  const holds = phases.filter(({ kind, to }) => kind === "hold" && to > 0 && to <= most);
  return holds.sort((a, b) => b.to - a.to || b.durationMs - a.durationMs)[0] ?? null;
}

type Bottleneck = Pick<Summary["capacity"], "bottleneck" | "evidence">;

function bottleneckOf({ generatorReasons, resources, host }: CapacityFacts): Bottleneck {
  if (generatorReasons.length > 0) return { bottleneck: "generator", evidence: [...generatorReasons] };
  const exhausted = exhaustedCpu(resources, host);
  if (exhausted !== null) return exhausted;
  if (resources.length === 0 && host.busyShare === null)
    return { bottleneck: "unknown", evidence: ["no resources were sampled"] };
  return { bottleneck: "none", evidence: ["neither the generator, the host nor a sampled service ran out of CPU"] };
}

/** Who ran out of CPU, the generator left out; null where nobody did that is known of. */
export function exhaustedCpu(resources: readonly ServiceResources[], host: HostLoad): Bottleneck | null {
  const { cores, busyShare, stealShare } = host;
  const services = resources.flatMap(exhausted);
  const ofHost: string[] = [];
  if (busyShare !== null && busyShare >= exhaustedShare) {
    ofHost.push(`host CPU ${percent(busyShare)} busy on ${cores} cores, shared by generator and target`);
  }
  if (stealShare !== null && stealShare > 0.05) ofHost.push(`hypervisor took ${percent(stealShare)} of the CPU time`);
  if (services.length > 0) return { bottleneck: "target", evidence: [...services, ...ofHost] };
  return ofHost.length > 0 ? { bottleneck: "host", evidence: ofHost } : null;
}

/** What says that a service used up what it may use: a line, or none. */
function exhausted({ name, cpu, limits }: ServiceResources): string[] {
  const used = cpu.steadyCores ?? cpu.maxCores;
  if (used === null) return [];
  const limit = limits.enforced ? limits.cpus : null;
  if (limit !== null && used >= exhaustedShare * limit) return [`${name} used ${used.toFixed(2)} of its ${limit} CPUs`];
  if (used >= singleThreadCores && used < 1.5) return [`${name} used ${used.toFixed(2)} cores: all that one event loop can`];
  return [];
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}
