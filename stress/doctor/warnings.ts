import type { Profile } from "../profile/profile.ts";
import { needsOf } from "./needs.ts";
import { readHostLimits } from "./read.ts";
import type { HostReadings } from "./readings.ts";
import { judgeHost, sysctlNames } from "./settings.ts";

/** What a run cannot do without: everything else slows it down at worst, or helps servers. */
const vital: readonly string[] = ["net.ipv4.ip_local_port_range", "nofile"];

/** Where a limit of this host stands in the way of the run, one line each; empty where none does. Reads, changes nothing. */
export function hostWarnings(profile: Profile, readings: HostReadings = readHostLimits(sysctlNames)): string[] {
  return judgeHost(needsOf(profile), readings)
    .filter(({ name, status }) => status === "short" && vital.includes(name))
    .map(({ name, need }) => `${need} (${name}; see stress doctor)`);
}
