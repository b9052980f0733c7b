import type { Load, Profile, Stage } from "../profile/profile.ts";
import { totalDurationMs } from "../profile/stages.ts";

/** What a run asks of the host it starts from. */
export interface HostNeeds {
  /** Connections open at once, to one address and port. */
  connections: number;
  /** The most of them that are opened within a second. */
  openedPerSecond: number;
  /** Connections closed by us in a second, each of which keeps its port for a while; null: as many as the target allows. */
  closedPerSecond: number | null;
  durationMs: number;
  workers: number;
  /** The target is this host. */
  isLocal: boolean;
}

/** @throws never: what cannot be known is null. */
export function needsOf({ load, session, target, workers }: Profile): HostNeeds {
  const connections = connectionsOf(load);
  const perConnection = session.requestsPerConnection;
  return {
    connections,
    openedPerSecond: load.model === "closed" ? steepest(load.stages) : connections,
    closedPerSecond: perConnection === null ? 0 : load.model === "open" ? peak(load.stages) / perConnection : null,
    durationMs: load.model === "requests" ? 0 : totalDurationMs(load.stages),
    workers,
    isLocal: isLocal(target.address ?? new URL(target.baseUrl).hostname),
  };
}

function connectionsOf(load: Load): number {
  if (load.model === "open") return Math.max(load.connections, load.maxConnections);
  return load.model === "requests" ? load.users : Math.ceil(peak(load.stages));
}

function peak(stages: readonly Stage[]): number {
  return Math.max(...stages.map(({ from, to }) => Math.max(from, to)));
}

/** Users who come within one second: at once where a stage begins above the one before, else as the ramp rises. */
function steepest(stages: readonly Stage[]): number {
  let level = 0;
  let most = 0;
  for (const { from, to, durationMs } of stages) {
    most = Math.max(most, from - level, ((to - from) * Math.min(1000, durationMs)) / durationMs);
    level = to;
  }
  return Math.ceil(most);
}

function isLocal(host: string): boolean {
  return /^(localhost|127\.\d+\.\d+\.\d+|\[?::1\]?)$/.test(host);
}
