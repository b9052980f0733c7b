import type { PhaseRow, ServiceResources, Summary } from "../measure/summary.ts";
import { plateauOf } from "./capacity.ts";
import { type CpuBasis, type CpuPoint, coresAt, cpuPointsOf } from "./cpu-at.ts";

/** What one service spends on the plateau of a run. */
export interface ServiceCost {
  name: string;
  /** Seconds of CPU time for 1,000 requests, over all its processes. */
  cpuSecondsPerThousand: number | null;
  restBytes: number | null;
  steadyBytes: number | null;
  /**
   * What a connection of the load adds, at most: all growth under load divided by the connections held, so heap that
   * grows with the rate counts in. Null where the load was not a number of users, or nothing grew.
   */
  bytesPerConnection: number | null;
}

/**
 * Costs of each service on the highest plateau. Steady figures are medians over every constant stage, so with several
 * levels there is no telling what belongs to which, and CPU a request is null.
 */
export function costsOf(summary: Summary): ServiceCost[] {
  const only = holdsOf(summary) === 1 ? plateauOf(summary) : null;
  return summary.resources.map((service) => {
    const memory = memoryOf(service);
    return {
      name: service.name,
      cpuSecondsPerThousand: cpuSecondsPerThousand(service, only),
      restBytes: memory?.preBytes ?? null,
      steadyBytes: memory?.steadyBytes ?? null,
      bytesPerConnection: perConnection(memory, only),
    };
  });
}

function holdsOf({ phases }: Summary): number {
  return phases.filter(({ kind, to }) => kind === "hold" && to > 0).length;
}

/** Memory as it is accounted for this kind of service: shared pages once for processes, anonymous for containers. */
export function memoryOf({ rss, anon }: ServiceResources): ServiceResources["rss"] {
  return rss ?? anon;
}

function cpuSecondsPerThousand({ cpu }: ServiceResources, plateau: PhaseRow | null): number | null {
  return plateau === null || plateau.rps === 0 || cpu.steadyCores === null ? null : (cpu.steadyCores * 1000) / plateau.rps;
}

function perConnection(memory: ServiceResources["rss"], plateau: PhaseRow | null): number | null {
  const { preBytes = null, steadyBytes = null } = memory ?? {};
  if (plateau === null || plateau.unit !== "users" || preBytes === null || steadyBytes === null) return null;
  return steadyBytes > preBytes ? (steadyBytes - preBytes) / plateau.to : null;
}

/** What one deployment as measured carries, and what it spends at that. */
export interface Replica {
  /** Requests a second. */
  rps: number;
  /** Cores of all its services at that rate. */
  cores: number;
  memoryBytes: number;
  /** What all its services spend at each load that was measured, ascending: one at least. */
  cpu: readonly CpuPoint[];
}

/** One row of the plan: what a wanted rate takes. */
export interface Sized {
  rps: number;
  replicas: number;
  cores: number;
  /** What the cores of one replica at its share of the rate rest on. */
  cpuBasis: CpuBasis;
  memoryBytes: number;
  /** Spare share of what the replicas can carry together, 0 to 1. */
  headroom: number;
  /** How many times what one replica was measured to carry the row asks for. */
  extrapolation: number;
}

/**
 * What `rps` takes when every replica is loaded alike, to at most 1 − `headroom` of what one was measured to carry. CPU is
 * that of one at its share of the rate, memory that of one at its limit, times their number. More replicas than one were
 * not measured: that they do not slow each other down is an assumption.
 */
export function sizeFor(rps: number, replica: Replica, headroom: number): Sized {
  const replicas = Math.max(1, Math.ceil(rps / (replica.rps * (1 - headroom)) - 1e-9));
  const each = coresAt(rps / replicas, replica.cpu);
  return {
    rps,
    replicas,
    cores: replicas * each.cores,
    cpuBasis: each.basis,
    memoryBytes: replicas * replica.memoryBytes,
    headroom: 1 - rps / (replicas * replica.rps),
    extrapolation: rps / replica.rps,
  };
}

/** Why a run shows no replica, as the rest of "it shows none: ". */
export interface NoReplica {
  because: string;
}

/**
 * The replica that a run measured: what it carried when it was loaded as far as it goes, and what all its services spent on
 * that. Cores and memory are medians over every constant stage, so that they belong to a rate only where there was one stage.
 */
export function replicaOf(summary: Summary): Replica | NoReplica {
  const { capacity, resources, results, search } = summary;
  const holds = holdsOf(summary);
  const steady = resources.map((service) => ({ cores: service.cpu.steadyCores, bytes: memoryOf(service)?.steadyBytes ?? null }));
  if (!metObjectives(summary)) return { because: `the run did not pass (${results.verdict})` };
  if (holds > 1) return { because: "it held several levels, and what its services spent is told of all of them together" };
  if (holds === 0 || capacity.sustainedRps === null) return { because: "it held no constant level" };
  if (isOnlyOffered(summary)) {
    return { because: "it was sent what it carried, and nothing gave way: how much more it carries is not known" };
  }
  if (steady.length === 0 || steady.some(({ cores, bytes }) => cores === null || bytes === null)) {
    return { because: "CPU or memory of its services was not read" };
  }
  const sum = (figures: readonly (number | null)[]) => figures.reduce<number>((total, figure) => total + (figure ?? 0), 0);
  const own = { rps: capacity.sustainedRps, cores: sum(steady.map(({ cores }) => cores)) };
  const searched = search === undefined ? [] : cpuPointsOf(search);
  return {
    ...own,
    memoryBytes: sum(steady.map(({ bytes }) => bytes)),
    cpu: searched.length > 0 ? searched : [own],
  };
}

/** Whether the target may carry more than the run shows. */
export function isAtLeast(summary: Summary): boolean {
  return summary.capacity.kind === "floor" || isOnlyOffered(summary);
}

/**
 * What was sent was fixed beforehand (a rate, pauses of users, messages of streams) and nothing was exhausted by it: the
 * figure is the load's, not the target's. Users without pauses send as fast as they are answered, and a search goes on until
 * something breaks.
 */
export function isOnlyOffered({ profile, search, capacity }: Summary): boolean {
  const { load, classes, stream } = profile;
  const pauses = classes?.some(({ thinkTime }) => thinkTime !== null) ?? (load.model !== "open" && load.thinkTime !== null);
  const isFixed = load.model === "open" || stream !== undefined || pauses;
  return isFixed && search?.answer.kind !== "found" && capacity.bottleneck !== "target" && capacity.bottleneck !== "host";
}

/** It passed, or is in doubt about drift alone: whether something grows over hours is another question than what is carried. */
function metObjectives({ results, stability }: Summary): boolean {
  // A regression has met its objectives, only less well than before.
  if (results.verdict === "pass" || results.verdict === "regression") return true;
  const drift = new Set(stability?.reasons ?? []);
  return results.verdict === "undecided" && results.reasons.every((reason) => drift.has(reason));
}
