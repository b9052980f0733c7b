import type { HostNeeds } from "./needs.ts";
import type { HostReadings } from "./readings.ts";

/** TIME_WAIT lasts as long as the kernel's source says (TCP_TIMEWAIT_LEN, include/net/tcp.h); no setting changes it. */
export const timeWaitMs = 60_000;
/** With tcp_tw_reuse a connection in TIME_WAIT gives its port to another to the same place after this long. */
const reusedAfterMs = 1000;

/** How many ports outgoing connections to one place may have: the range, less what is reserved in it. */
export function portsOf({ sysctls }: HostReadings): number | null {
  const [low, high] = (sysctls["net.ipv4.ip_local_port_range"] ?? "").split(/\s+/).map(Number);
  if (low === undefined || high === undefined || !(high >= low)) return null;
  const reserved = (sysctls["net.ipv4.ip_local_reserved_ports"] ?? "").split(",").filter((part) => part !== "");
  const within = reserved.reduce((sum, part) => {
    const [from = 0, to = from] = part.split("-").map(Number);
    return sum + Math.max(0, Math.min(to, high) - Math.max(from, low) + 1);
  }, 0);
  return high - low + 1 - within;
}

/** 1: everywhere; 2, the default since Linux 4.19: on loopback. */
export function reusesTimeWait({ sysctls }: HostReadings, isLocal: boolean): boolean {
  const value = sysctls["net.ipv4.tcp_tw_reuse"];
  return value === "1" || (value === "2" && isLocal);
}

/** Ports that the run holds at its worst: those of open connections, and of closed ones that are not free again. */
export function portsNeeded(needs: HostNeeds, readings: HostReadings): number {
  const keptMs = Math.min(reusesTimeWait(readings, needs.isLocal) ? reusedAfterMs : timeWaitMs, needs.durationMs);
  return needs.connections + Math.ceil(((needs.closedPerSecond ?? 0) * keptMs) / 1000);
}

/** Descriptors of this process: connections, what threads and the runtime hold, and room for files. */
export function filesNeeded({ connections, workers }: HostNeeds): number {
  return connections + 100 + 20 * workers;
}
