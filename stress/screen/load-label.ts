import type { Load, Profile } from "../profile/profile.ts";
import { totalDurationMs } from "../profile/stages.ts";
import { formatCount, formatDuration, formatExact } from "./format.ts";

/** A load in few words: `100/s for 10 min`, `100 → 2,000 → 100/s in 15 min`, `1,000 streams for 1 h`. */
export function loadLabel({ load, stream }: Pick<Profile, "load" | "stream">): string {
  const noun = stream === undefined ? "users" : stream.kind === "sse" ? "streams" : "sockets";
  if (load.model === "requests") return `${formatCount(load.requests)} requests by ${formatCount(load.users)} users`;
  const levels = levelsOf(load.stages);
  const unit = load.model === "open" ? "/s" : ` ${noun}`;
  const lasts = formatDuration(totalDurationMs(load.stages));
  const [only, ...others] = levels;
  if (others.length === 0) return `${formatExact(only ?? 0)}${unit} for ${lasts}`;
  const shown = levels.length > 4 ? [levels[0], Math.max(...levels)] : levels;
  return `${shown.map((level) => formatExact(level ?? 0)).join(" → ")}${unit} in ${lasts}`;
}

/** Levels that are come to, one after the other; the way up to the first and down from the last are none. */
function levelsOf(stages: Exclude<Load, { model: "requests" }>["stages"]): number[] {
  const targets = stages.map(({ to }) => to).filter((to, i, all) => to !== all[i - 1]);
  return targets.length > 1 && targets.at(-1) === 0 ? targets.slice(0, -1) : targets;
}
