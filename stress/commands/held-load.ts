import { leastReadings } from "../judge/drift.ts";
import type { Load } from "../profile/profile.ts";
import { isHold } from "../profile/stages.ts";
import { formatDuration, parseDuration } from "../profile/units.ts";
import { UsageError } from "../profile/usage-error.ts";

/**
 * Drift is judged at a constant load alone: what never holds one, or is hardly read meanwhile, would be undecided after all
 * of its time. `sampleEvery` is given where a user chose it; a load that is merely short says so at its end.
 * @throws UsageError
 */
export function refuseUnjudged(load: Load, sampleEvery?: string): void {
  const holds = load.model === "requests" ? [] : load.stages.filter(isHold);
  const longestMs = Math.max(0, ...holds.map(({ durationMs }) => durationMs));
  if (longestMs === 0) {
    throw new UsageError(
      "drift is judged at a constant load, and no stage holds one: repeat a level, such as --stage 1m:50 --stage 30m:50",
    );
  }
  if (sampleEvery === undefined) return;
  const readings = Math.floor(longestMs / parseDuration(sampleEvery, { what: "--sample-every" }));
  if (readings >= leastReadings) return;
  throw new UsageError(
    `--sample-every "${sampleEvery}" makes ${readings} readings of a load that is held for ${formatDuration(longestMs)}: ` +
      `drift is judged by ${leastReadings} at least, ${formatDuration(Math.floor(longestMs / leastReadings))} apart or less`,
  );
}
