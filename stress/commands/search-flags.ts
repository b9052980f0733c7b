import { type Command, Option } from "commander";
import type { SearchSummary } from "../measure/search-summary.ts";
import type { Profile } from "../profile/profile.ts";
import { parseCount, parseDuration, parseRate } from "../profile/units.ts";
import { UsageError } from "../profile/usage-error.ts";
import type { LoadFlags } from "./load-flags.ts";
import { openFrom } from "./load-model.ts";
import { profileFrom } from "./load-profile.ts";

export interface SearchFlags extends LoadFlags {
  start: string;
  max: string;
  probe: string;
  confirm: string;
  coolDown: string;
  precision: string;
}

/** A trend over fewer seconds could always be chance. */
const shortestProbeMs = 5000;
/** The load rises to a probe's rate in this share of its time, within these bounds, before anything is judged. */
const warmUpShare = 0.2;
const shortestWarmUpMs = 1000;
const longestWarmUpMs = 10_000;

export function addSearchFlags(command: Command): Command {
  return command
    .optionsGroup("Search:")
    .option("--start <rate>", "the first load", "50/s")
    .option("--max <rate>", "the highest load to try", "100k/s")
    .option("--probe <time>", "how long a probe is judged, after its warm-up", "10s")
    .option("--confirm <time>", "how long the confirming run is judged", "60s")
    .option("--cool-down <time>", "rest between probes, twice as long after one that failed", "3s")
    .option("--precision <percent>", "how close to the true capacity the answer is to be", "3 %")
    .option("-c, --vus <connections>", "connections opened beforehand (default: a tenth of the rate, 10 to 500)")
    .option("--max-vus <number>", "most connections that may be open (default: the rate, at most 5000)")
    .addOption(new Option("--arrivals <kind>", "spacing of arrivals").choices(["constant", "poisson"]))
    .option("--seed <number>", "seed of poisson arrivals")
    .addOption(new Option("--when-busy <what>", "an arrival that finds no free connection").choices(["wait", "drop"]));
}

/** @throws UsageError on the first flag that makes no sense. */
export function planFrom(flags: SearchFlags): SearchSummary["plan"] {
  const start = parseRate(flags.start, { what: "--start" });
  const max = parseRate(flags.max, { what: "--max" });
  if (max < start)
    throw new UsageError(`--max ${flags.max} is below --start ${flags.start}: the search goes up from the first load`);
  const probeMs = parseDuration(flags.probe, { what: "--probe" });
  if (probeMs < shortestProbeMs) {
    throw new UsageError(`--probe ${flags.probe} is too short to see a queue grow: give ${shortestProbeMs / 1000}s or more`);
  }
  const confirmMs = parseDuration(flags.confirm, { what: "--confirm" });
  if (confirmMs < probeMs) {
    throw new UsageError(`--confirm ${flags.confirm} is shorter than --probe ${flags.probe}: it is the longer run that confirms`);
  }
  return {
    start,
    max,
    precision: precisionFrom(flags.precision),
    probeMs,
    confirmMs,
    warmUpMs: Math.min(longestWarmUpMs, Math.max(shortestWarmUpMs, probeMs * warmUpShare)),
    coolDownMs: parseDuration(flags.coolDown, { what: "--cool-down", allowZero: true }),
  };
}

function precisionFrom(text: string): number {
  const [, figure] = /^\s*(\d+(?:\.\d+)?)\s*%?\s*$/.exec(text) ?? [];
  const percent = Number(figure);
  if (figure === undefined || percent < 0.5 || percent > 50) {
    throw new UsageError(`--precision "${text}": accepted is a percentage from 0.5 to 50, such as 3 %`);
  }
  return percent / 100;
}

/** Memory at rest is read around the confirming run only: between probes nothing is at rest. */
const confirmSettle = { beforeMs: 3000, afterMs: 5000 };

/** The profile of one probe: a warm-up that ramps from half the rate, then the rate. */
export function probeProfile(
  flags: SearchFlags,
  plan: SearchSummary["plan"],
  { rate, confirms }: { rate: number; confirms: boolean },
  { target, hasServices }: { target: Profile["target"]; hasServices: boolean },
): Profile {
  const { vus, ...others } = flags;
  const users = vus === undefined ? null : parseCount(vus, { what: "--vus" });
  const stages = [
    { durationMs: plan.warmUpMs, from: rate / 2, to: rate },
    { durationMs: confirms ? plan.confirmMs : plan.probeMs, from: rate, to: rate },
  ];
  const settle = confirms && hasServices ? confirmSettle : { beforeMs: 0, afterMs: 0 };
  return profileFrom(others, { scenario: "search", load: openFrom(flags, stages, users), settle }, target);
}
