import { parse } from "yaml";

/** What a compose file allows a service. Null where it says nothing. */
export interface ComposeLimits {
  service: string;
  cpus: number | null;
  memoryBytes: number | null;
  reservedMemoryBytes: number | null;
  /** Relative weight under contention; 1024 stands for one core. */
  cpuShares: number | null;
}

interface ComposeService {
  cpus?: string | number;
  mem_limit?: string | number;
  mem_reservation?: string | number;
  cpu_shares?: string | number;
}

/**
 * The limits in a compose file's text, with the defaults that it gives for variables (`${PROXY_CPUS:-4.0}`): what the
 * bundle ships with, whatever the environment of this moment is.
 */
export function composeLimits(text: string): ComposeLimits[] {
  const { services = {} } = parse(text, { merge: true }) as { services?: Record<string, ComposeService> };
  return Object.entries(services)
    .map(([service, { cpus, mem_limit, mem_reservation, cpu_shares }]) => ({
      service,
      cpus: number(cpus),
      memoryBytes: bytes(mem_limit),
      reservedMemoryBytes: bytes(mem_reservation),
      cpuShares: number(cpu_shares),
    }))
    .filter(({ cpus, memoryBytes }) => cpus !== null || memoryBytes !== null);
}

function withDefaults(value: string | number | undefined): string {
  return String(value ?? "").replace(/\$\{\w+:?-([^}]*)\}/g, "$1");
}

function number(value: string | number | undefined): number | null {
  const text = withDefaults(value).trim();
  return /^\d+(\.\d+)?$/.test(text) ? Number(text) : null;
}

const unitBytes: Record<string, number> = { b: 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30 };

/** Compose's byte values: `256m`, `2g`, `2gb`, a bare number of bytes. */
function bytes(value: string | number | undefined): number | null {
  const [, amount, unit = "b"] = /^(\d+(?:\.\d+)?)\s*([bkmg])?b?$/i.exec(withDefaults(value).trim()) ?? [];
  return amount === undefined ? null : Number(amount) * (unitBytes[unit.toLowerCase()] ?? 1);
}
