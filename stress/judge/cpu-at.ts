import type { SearchSummary } from "../measure/search-summary.ts";

/** What all services together spent at a load that held. */
export interface CpuPoint {
  /** Requests a second. */
  rps: number;
  cores: number;
}

/** At this very load; between two loads; or on the line from nothing to the lowest load, or beyond the highest. */
export type CpuBasis = "measured" | "interpolated" | "in-proportion";

/**
 * CPU at each load up to the confirmed one that a search found to hold, ascending; of several tries at one load, their mean
 * by duration. Empty where CPU of a service was not read.
 */
export function cpuPointsOf({ levels, answer }: SearchSummary): CpuPoint[] {
  const held = levels.filter(
    ({ outcome, rate, services }) =>
      outcome === "pass" &&
      rate <= (answer.rate ?? 0) &&
      services.length > 0 &&
      services.every(({ cpuCores }) => cpuCores !== null),
  );
  return [...Map.groupBy(held, ({ rate }) => rate)]
    .map(([rps, tries]) => {
      const lastedMs = tries.reduce((sum, { durationMs }) => sum + durationMs, 0);
      const spent = tries.reduce(
        (sum, { services, durationMs }) =>
          sum + durationMs * services.reduce((cores, { cpuCores }) => cores + (cpuCores ?? 0), 0),
        0,
      );
      return { rps, cores: spent / lastedMs };
    })
    .toSorted((a, b) => a.rps - b.rps);
}

/** Cores at `rps`, from points in ascending order, one at least. A request costs less CPU the more there are: hence a curve. */
export function coresAt(rps: number, points: readonly CpuPoint[]): { cores: number; basis: CpuBasis } {
  const below = points.findLast((point) => point.rps <= rps);
  const above = points.find((point) => point.rps >= rps);
  if (below?.rps === rps) return { cores: below.cores, basis: "measured" };
  if (below !== undefined && above !== undefined) {
    const share = (rps - below.rps) / (above.rps - below.rps);
    return { cores: below.cores + share * (above.cores - below.cores), basis: "interpolated" };
  }
  const nearest = below ?? above;
  return { cores: nearest === undefined ? 0 : (rps / nearest.rps) * nearest.cores, basis: "in-proportion" };
}
