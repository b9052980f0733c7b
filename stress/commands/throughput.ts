import type { Command } from "commander";
import type { Profile, Stage } from "../profile/profile.ts";
import { addLoadFlags, type LoadFlags } from "./load-flags.ts";
import { profileFrom } from "./load-profile.ts";
import { measure } from "./measure.ts";
import { addOutputFlags, type OutputFlags } from "./output-flags.ts";
import { measureRepeatedly, type RepeatFlags, repetitionsFrom } from "./repeat.ts";
import { addTargetFlags, type MeasuredTarget, type TargetFlags, targetFrom } from "./target-flags.ts";

/** The reference's four minutes: ramp to 50 users, hold, ramp to 100, ramp down. */
const fullProfile: readonly (readonly [seconds: number, users: number])[] = [
  [30, 50],
  [120, 50],
  [60, 100],
  [30, 0],
];
const quickFactor = 20 / 240;

/** `stress throughput`: how much the target carries, by the reference's profile or by any other. */
export const throughput = {
  register(program: Command): void {
    const command = program
      .command("throughput")
      .description("measure how much the target carries: four minutes of 0, 50 and 100 users, or any other load");
    addOutputFlags(addLoadFlags(addTargetFlags(command)))
      .optionsGroup("Repetition:")
      .option("--repeat <runs>", "this many runs, each with a summary of its own beside --out: summary-1.json …")
      .option("--cool-down <time>", "pause between them", "5s")
      .action(async (flags: LoadFlags & TargetFlags & OutputFlags & RepeatFlags) => {
        const target = await targetFrom(flags);
        const profile = throughputProfile(flags, target);
        const runs = repetitionsFrom(flags);
        process.exitCode =
          runs === 1
            ? await measure(profile, target, flags)
            : await measureRepeatedly(profile, target, () => targetFrom(flags), runs, flags);
      });
  },
};

/** @throws UsageError on the first flag that makes no sense. */
export function throughputProfile(flags: LoadFlags, { target, services }: MeasuredTarget): Profile {
  const quick = flags.quick === true;
  const load = { model: "closed" as const, stages: stagesOf(quick ? quickFactor : 1), thinkTime: null };
  return profileFrom(flags, { scenario: "throughput", load, settle: settleOf(quick, services.length) }, target);
}

/** The memory windows around the load; without a service to sample there is nothing to wait for. */
function settleOf(quick: boolean, services: number): Profile["settle"] {
  if (services === 0) return { beforeMs: 0, afterMs: 0 };
  return quick ? { beforeMs: 2000, afterMs: 5000 } : { beforeMs: 3000, afterMs: 10_000 };
}

function stagesOf(factor: number): Stage[] {
  let from = 0;
  return fullProfile.map(([seconds, to]) => {
    const stage = { durationMs: seconds * 1000 * factor, from, to };
    from = to;
    return stage;
  });
}
