import { DeployUsageError } from "../deploy-error.ts";

export const containerServices = ["backend", "proxy", "nginx"] as const;
export type ContainerService = (typeof containerServices)[number];

export interface ContainerLimits {
  cpus: number;
  memoryBytes: number;
  /** Left to the container when memory is short. */
  reservedBytes: number;
}

interface LimitDefaults {
  cpus: string;
  memory: string;
  reserved: string;
  /** Below it the service does not start, or dies under its first load. */
  minBytes: number;
}

const mib = 1024 ** 2;

/** Those of the reference's capacity plan for an edge of 1,500 requests a second; compose/services.yaml has the same. */
export const limitDefaults: Readonly<Record<ContainerService, LimitDefaults>> = {
  proxy: { cpus: "4.0", memory: "2g", reserved: "256m", minBytes: 192 * mib },
  nginx: { cpus: "2.0", memory: "256m", reserved: "32m", minBytes: 32 * mib },
  backend: { cpus: "2.0", memory: "256m", reserved: "32m", minBytes: 128 * mib },
};

const suffixes = { cpus: "CPUS", memory: "MEMORY", reserved: "MEMORY_RESERVED" } as const;

/** `PLIMSOLL_PROXY_CPUS`, as compose/services.yaml reads it. */
export function limitVariable(service: ContainerService, what: keyof typeof suffixes): string {
  return `PLIMSOLL_${service.toUpperCase()}_${suffixes[what]}`;
}

/** The limits given in an environment, as text. */
export function givenLimits(env: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const names = containerServices.flatMap((service) =>
    (["cpus", "memory", "reserved"] as const).map((w) => limitVariable(service, w)),
  );
  return Object.fromEntries(names.flatMap((name) => (env[name]?.trim() ? [[name, env[name].trim()]] : [])));
}

/**
 * Limits of the services that run, none above what the host has: an engine refuses those. `notes` has a line for each that
 * had to give way. Throws DeployUsageError.
 */
export function resolveLimits(
  given: Readonly<Record<string, string>>,
  host: { readonly cpus: number; readonly memoryBytes: number },
  services: readonly ContainerService[],
): { limits: Partial<Record<ContainerService, ContainerLimits>>; notes: string[] } {
  const notes: string[] = [];
  const limits: Partial<Record<ContainerService, ContainerLimits>> = {};
  for (const service of services) {
    const defaults = limitDefaults[service];
    const read = <T>(what: "cpus" | "memory" | "reserved", parse: (name: string, text: string) => T): T => {
      const name = limitVariable(service, what);
      return parse(name, given[name] ?? defaults[what]);
    };
    const asked = {
      cpus: read("cpus", parseCpus),
      memoryBytes: read("memory", parseBytes),
      reserved: read("reserved", parseBytes),
    };
    if (asked.memoryBytes < defaults.minBytes) {
      const name = limitVariable(service, "memory");
      throw new DeployUsageError(`${name}=${given[name]}: ${service} needs ${formatBytes(defaults.minBytes)} or more`);
    }
    const cpus = Math.min(asked.cpus, host.cpus);
    const memoryBytes = Math.min(asked.memoryBytes, host.memoryBytes);
    if (cpus < asked.cpus) notes.push(`${service}: limited to ${cpus} CPUs, all that the host has, not ${asked.cpus}`);
    if (memoryBytes < asked.memoryBytes) {
      const [all, wanted] = [formatBytes(memoryBytes), formatBytes(asked.memoryBytes)];
      notes.push(`${service}: limited to ${all} of memory, all that the host has, not ${wanted}`);
    }
    limits[service] = { cpus, memoryBytes, reservedBytes: Math.min(asked.reserved, memoryBytes) };
  }
  return { limits, notes };
}

function parseCpus(name: string, text: string): number {
  const cpus = Number(text);
  if (/^\d+(\.\d+)?$/.test(text) && cpus >= 0.05) return cpus;
  throw new DeployUsageError(`${name}=${text}: expected a number of CPUs from 0.05 up, such as 1.5`);
}

const units: Readonly<Record<string, number>> = { b: 1, k: 1024, m: mib, g: 1024 ** 3 };

function parseBytes(name: string, text: string): number {
  const [, amount, unit] = /^(\d+(?:\.\d+)?)([bkmg])?$/i.exec(text.replace(/(?<=[kmg])i?b$/i, "")) ?? [];
  const bytes = Math.round(Number(amount) * (units[(unit ?? "b").toLowerCase()] ?? 0));
  if (Number.isSafeInteger(bytes) && bytes > 0) return bytes;
  throw new DeployUsageError(`${name}=${text}: expected an amount of memory, such as 512m or 2g`);
}

export function formatBytes(bytes: number): string {
  return bytes >= 1024 ** 3 ? `${Number((bytes / 1024 ** 3).toFixed(1))} GiB` : `${Math.round(bytes / mib)} MiB`;
}
