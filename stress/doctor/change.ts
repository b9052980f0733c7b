import type { HostReadings } from "./readings.ts";
import { settings } from "./settings.ts";

/** A sysctl that `apply` sets. */
export interface Change {
  name: string;
  before: string;
  after: string;
}

/**
 * What `apply` would change: what helps a load, where it is below what helps; nothing is ever lowered. `only`: of these
 * alone. Settings that cannot be read here, as in a network namespace, are left out. Pure.
 */
export function changesFor({ sysctls }: HostReadings, only: readonly string[]): Change[] {
  return settings.flatMap(({ name, apply }) => {
    const before = sysctls[name];
    if (apply === null || before === null || before === undefined) return [];
    if (only.length > 0 && !only.includes(name)) return [];
    return isBelow(name, before, apply) ? [{ name, before, after: apply }] : [];
  });
}

/** Names that `apply` may set. */
export const applicable: readonly string[] = settings.filter(({ apply }) => apply !== null).map(({ name }) => name);

function isBelow(name: string, now: string, wanted: string): boolean {
  if (name === "net.ipv4.ip_local_port_range") return ports(now) < ports(wanted);
  // 2 is reuse on loopback alone.
  if (name === "net.ipv4.tcp_tw_reuse") return now !== "1";
  return Number(now) < Number(wanted);
}

function ports(range: string): number {
  const [low = 0, high = 0] = range.split(" ").map(Number);
  return high - low;
}
