import type { Summary } from "../../measure/summary.ts";
import { canonical, hidesSent, sentBy } from "../../profile/sent.ts";

/** A summary that the document rests on. */
export interface Evidence {
  /** As the document names it. */
  file: string;
  /** Of the file's bytes, hexadecimal. */
  sha256: string;
  summary: Summary;
}

/** `node`, `chain`; `target` where no deployment was known. */
export function topologyOf({ environment }: Summary): string {
  return environment.deployment?.topology ?? "target";
}

/** How the deployment ran: `embedded`, `docker`; null where none was known. */
export function modeOf({ environment }: Summary): string | null {
  return environment.deployment?.mode ?? null;
}

/** Topology and how it was deployed: `chain, docker`. */
export function placeOf(summary: Summary): string {
  return [topologyOf(summary), modeOf(summary)].filter((part) => part !== null).join(", ");
}

/** What was requested: `GET /health`, `GET /work?cpuUs=2000`, each of several. */
export function endpointOf({ profile }: Summary): string {
  return [...new Set(profile.requests.map(({ method, path }) => `${method} ${path}`))].join(", ");
}

/**
 * Whether another topology was measured with the same scenario and workload before all or after all of this one's runs: then
 * whatever changed on the machine in between is in the difference, too. Runs in turn alternate.
 */
export function isMeasuredApart(summary: Summary, all: readonly Evidence[]): boolean {
  const kindOf = (of: Evidence) => `${of.summary.metadata.scenario} ${workloadOf(of)}`;
  const kind = all.filter((each) => each.summary === summary).map(kindOf)[0];
  const alike = all.filter((other) => kindOf(other) === kind).map((each) => each.summary);
  const byPlace = Map.groupBy(alike, placeOf);
  const own = byPlace.get(placeOf(summary)) ?? [];
  return [...byPlace.values()].some((others) => others !== own && (endsBefore(own, others) || endsBefore(others, own)));
}

function endsBefore(these: readonly Summary[], those: readonly Summary[]): boolean {
  const end = Math.max(...these.map(({ metadata }) => Date.parse(metadata.endedAt)));
  return those.every(({ metadata }) => Date.parse(metadata.startedAt) >= end);
}

/**
 * The same for runs that sent the same over the same kind of connections, whatever their rate. Where something of it is
 * hidden and no digest tells of it, a run is like no other.
 */
export function workloadOf({ file, summary: { profile, metadata } }: Evidence): string {
  const shown = canonical({ ...sentBy(profile), session: profile.session });
  return hidesSent(profile) ? `${shown} ${metadata.loadHash ?? file}` : shown;
}

const order = ["direct", "node", "nginx", "chain", "target"];

/** Topologies in the order in which they add parts, then by scenario and file. */
export function sorted(evidence: readonly Evidence[]): Evidence[] {
  const rank = ({ summary }: Evidence) => {
    const at = order.indexOf(topologyOf(summary));
    return at === -1 ? order.length : at;
  };
  return evidence.toSorted((a, b) => rank(a) - rank(b) || a.file.localeCompare(b.file));
}

/** The request that costs the least: nothing but the edge's own work is measured with it. */
export function isCheapest(summary: Summary): boolean {
  return summary.profile.requests.every(
    ({ path, method }) => method === "GET" && /^\/(health|healthz|readyz|version)$/.test(path),
  );
}

/** Generator and target shared a machine: the target listens on loopback, or on a port of this host's own containers. */
export function sharesHost({ profile, environment }: Summary): boolean {
  const { hostname } = new URL(profile.target.baseUrl);
  return environment.deployment !== null || ["localhost", "127.0.0.1", "[::1]"].includes(hostname);
}
