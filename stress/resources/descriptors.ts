import { readdirSync, readlinkSync } from "node:fs";
import { countFds } from "./process-tree.ts";

/** Telling sockets from files takes a look at each descriptor, about 10 µs, in the thread that schedules the load's phases. */
const mostLookedAt = 512;

export interface Descriptors {
  fds: number | null;
  sockets: number | null;
}

/** Of several processes together. Sockets among very many descriptors are counted only when `thorough`, else null. */
export function countDescriptors(pids: readonly number[], thorough: boolean): Descriptors {
  const fds = total(pids.map(countFds));
  const tooMany = fds === null || (fds > mostLookedAt && !thorough);
  return { fds, sockets: tooMany ? null : total(pids.map(countSockets)) };
}

/** Null where the descriptors cannot be read. */
export function countSockets(pid: number): number | null {
  const dir = `/proc/${pid}/fd`;
  let names: string[];
  try {
    names = readdirSync(dir);
  } catch {
    return null;
  }
  return names.filter((name) => {
    try {
      return readlinkSync(`${dir}/${name}`).startsWith("socket:");
    } catch {
      // closed meanwhile
      return false;
    }
  }).length;
}

/** Null when any part is unknown: a sum without it would pass for the whole. */
export function total(parts: readonly (number | null)[]): number | null {
  return parts.reduce<number | null>((sum, part) => (sum === null || part === null ? null : sum + part), 0);
}
