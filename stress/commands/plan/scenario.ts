import { levelRules } from "../../judge/plan/levels.ts";
import { type Spike, spikeOf } from "../../judge/plan/recovery.ts";
import type { Threshold } from "../../judge/threshold.ts";
import { batchMsOf } from "../../measure/timeseries.ts";
import type { Profile } from "../../profile/profile.ts";
import { isHold, totalDurationMs } from "../../profile/stages.ts";
import { formatDuration, parseDuration, parseGrowth } from "../../profile/units.ts";
import { UsageError } from "../../profile/usage-error.ts";
import { refuseUnjudged } from "../held-load.ts";
import { profileFrom } from "../load-profile.ts";
import type { MeasuredTarget } from "../target-flags.ts";
import type { PlannedScenario } from "./plan-file.ts";
import { type PlanPace, paced } from "./shorten.ts";
import { flagsOf, type PlanWords } from "./words.ts";

/** A scenario ready to be measured: its profile, and what beyond thresholds it is held to. */
export interface Scenario {
  name: string;
  title: string;
  plan: string;
  profile: Profile;
  recovery: { spike: Spike; withinMs: number } | null;
  levelRules: Threshold[] | null;
  refusal: { health: string } | null;
}

/** Memory windows of a load, and of one that is judged for drift (as `stress soak`). */
const windows = {
  full: { before: "3s", after: "10s" },
  short: { before: "2s", after: "5s" },
  drift: { before: "30s", after: "60s", "warm-up": "60s", rest: "30s" },
} as const;

/** @throws UsageError that names file, scenario and what is wrong. */
export function scenarioFrom(planned: PlannedScenario, pace: PlanPace, measured: MeasuredTarget): Scenario {
  try {
    return build(planned, pace, measured);
  } catch (error) {
    if (error instanceof UsageError) throw new UsageError(`${planned.where}: ${error.message}`);
    throw error;
  }
}

function build({ name, title, plan, words: given, smoke }: PlannedScenario, pace: PlanPace, measured: MeasuredTarget): Scenario {
  const words = paced(given, smoke, pace);
  const flags = flagsOf(words);
  if (["stage", "rate", "vus", "requests"].every((word) => words[word] === undefined)) {
    throw new UsageError("it has no load: give rate, vus, stage or requests");
  }
  // of 503s only a check sees whether they say when to come again
  if (words.refusal !== undefined) flags.check = [...(flags.check ?? []), "graceful"];
  const isDrift = words.drift === true;
  if (isDrift && measured.services.length === 0) {
    throw new UsageError(
      "drift judges the memory of services, and none is known: give --sample NAME=pid:PID, deploy the bundle, or --skip it",
    );
  }
  const defaults = isDrift ? windows.drift : pace.mode === "full" ? windows.full : windows.short;
  const time = (word: "before" | "after" | "warm-up" | "rest") =>
    parseDuration(String(words[word] ?? (word in defaults ? defaults[word as "before"] : "0s")), { what: word, allowZero: true });
  const warmUpMs = time("warm-up");
  const profile = profileFrom(
    flags,
    {
      scenario: name,
      load: { model: "closed", stages: [{ durationMs: 1000, from: 1, to: 1 }], thinkTime: null },
      settle: measured.services.length === 0 ? { beforeMs: 0, afterMs: 0 } : { beforeMs: time("before"), afterMs: time("after") },
      ...(warmUpMs > 0 && { warmUp: { loadMs: warmUpMs, restMs: time("rest") } }),
    },
    measured.target,
  );
  // What is shortened shows that a plan runs: its readings are few, whatever the file says.
  if (isDrift) refuseUnjudged(profile.load, pace.mode === "full" ? words["sample-every"] : undefined);
  return {
    name,
    title,
    plan,
    profile: {
      ...profile,
      ...(words["sample-every"] && { sampleMs: parseDuration(words["sample-every"], { what: "sample-every" }) }),
      ...(isDrift && { drift: { harmfulBytesPerHour: harmfulFrom(words) } }),
    },
    recovery: recoveryFrom(words, profile),
    levelRules: levelsFrom(words, profile),
    refusal: words.refusal ?? null,
  };
}

function harmfulFrom({ harmful }: PlanWords): number | null {
  return harmful === undefined ? null : parseGrowth(harmful, { what: "harmful" });
}

function recoveryFrom({ recovery }: PlanWords, { load }: Profile): Scenario["recovery"] {
  if (recovery === undefined) return null;
  const withinMs = parseDuration(recovery, { what: "recovery" });
  return { spike: spikeOf(load.model === "requests" ? [] : load.stages), withinMs };
}

function levelsFrom(words: PlanWords, { load }: Profile): Threshold[] | null {
  const rules = words["level-threshold"];
  if (rules === undefined) return null;
  const judged = load.model === "open" ? "response_time" : "http_req_duration";
  const full = rules.map((rule) => (/^\s*(p\(|avg|min|med|max)[^:]*$/.test(rule) ? `${judged}: ${rule}` : rule));
  refuseShort(load);
  return levelRules(full);
}

/** A level is judged by the distributions of its own time, and they get longer with the load. */
function refuseShort(load: Profile["load"]): void {
  if (load.model === "requests") return;
  const leastMs = batchMsOf(totalDurationMs(load.stages));
  const short = load.stages.find((stage) => isHold(stage) && stage.durationMs < leastMs);
  if (short === undefined) return;
  const [held, whole] = [short.durationMs, totalDurationMs(load.stages)].map(formatDuration);
  throw new UsageError(
    `level-threshold: a level held for ${held} cannot be told apart in a load of ${whole}: hold each for ${formatDuration(leastMs)} at least`,
  );
}
