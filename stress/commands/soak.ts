import { type Command, Option } from "commander";
import { parseDuration, parseGrowth } from "../profile/units.ts";
import { UsageError } from "../profile/usage-error.ts";
import { refuseUnjudged } from "./held-load.ts";
import { addLoadFlags, type LoadFlags } from "./load-flags.ts";
import { profileFrom, type ScenarioDefaults } from "./load-profile.ts";
import { measure } from "./measure.ts";
import { addOutputFlags, type OutputFlags } from "./output-flags.ts";
import { type Preset, presets } from "./soak-preset.ts";
import { addTargetFlags, type TargetFlags, targetFrom } from "./target-flags.ts";

interface SoakFlags extends LoadFlags, TargetFlags, OutputFlags {
  minutes?: string;
  preset: string;
  warmUp: string;
  rest: string;
  before: string;
  after: string;
  sampleEvery?: string;
  harmful?: string;
}

/** The longest run that timers and the time series are made for. */
const mostMinutes = 24 * 24 * 60;
const defaultSampleEvery = "2s";

/** `stress soak`: constant load for an hour, and whether anything grows. */
export const soak = {
  register(program: Command): void {
    const command = program
      .command("soak")
      .description("hold a constant load for an hour and judge whether memory, descriptors, CPU or latency grow");
    addLoadFlags(addTargetFlags(command))
      .optionsGroup("Soak:")
      .option("--minutes <number>", "how long the load is held (default: SOAK_MINUTES, or 60)")
      .addOption(
        new Option("--preset <name>", "load and objectives: the reference's 50 users, or the plan's 500 requests/s")
          .choices(Object.keys(presets))
          .default("users"),
      )
      .option("--warm-up <time>", "load before the baseline is taken, 0s for none", "60s")
      .option("--rest <time>", "rest after the warm-up", "30s")
      .option("--before <time>", "how long the services at rest are read before the load", "30s")
      .option("--after <time>", "how long they are watched after it", "60s")
      .option("--sample-every <time>", `how often the services are read (default: "${defaultSampleEvery}")`)
      .option("--harmful <growth>", "memory growth that fails: 1MiB/min (default: a tenth of limit or baseline in 24 h)");
    addOutputFlags(command, "soak-summary.json").action(async (flags: SoakFlags) => {
      const defaults = soakDefaults(flags, process.env.SOAK_MINUTES);
      const target = await targetFrom(flags);
      if (target.services.length === 0) {
        throw new UsageError(
          "a soak judges the memory of services, and none is known: give --sample NAME=pid:PID, or deploy the bundle",
        );
      }
      const profile = profileFrom(flags, defaults, target.target);
      const sampleMs = parseDuration(flags.sampleEvery ?? defaultSampleEvery, { what: "--sample-every" });
      refuseUnjudged(profile.load, flags.sampleEvery);
      const harmfulBytesPerHour = flags.harmful === undefined ? null : parseGrowth(flags.harmful, { what: "--harmful" });
      process.exitCode = await measure({ ...profile, sampleMs, drift: { harmfulBytesPerHour } }, target, flags);
    });
  },
};

/** What a soak is where no load flag says otherwise. @throws UsageError on flags that make no sense. */
export function soakDefaults(flags: SoakFlags, environment: string | undefined): ScenarioDefaults {
  if (flags.quick) throw new UsageError("--quick is for throughput: a soak is shortened with --minutes");
  if (flags.requests !== undefined) throw new UsageError("-n has no constant load to judge: give --minutes or --duration");
  if (flags.minutes !== undefined && (flags.duration !== undefined || flags.stage !== undefined)) {
    throw new UsageError("--minutes contradicts --duration and --stage: give one of them");
  }
  const preset = presets[flags.preset] as Preset;
  const holdMs = minutesFrom(flags.minutes, environment) * 60_000;
  const warmUpMs = parseDuration(flags.warmUp, { what: "--warm-up", allowZero: true });
  const restMs = parseDuration(flags.rest, { what: "--rest", allowZero: true });
  return {
    scenario: "soak",
    load: preset.load(holdMs),
    thresholds: preset.thresholds,
    holdMs,
    ...(warmUpMs > 0 && { warmUp: { loadMs: warmUpMs, restMs } }),
    settle: {
      beforeMs: parseDuration(flags.before, { what: "--before" }),
      afterMs: parseDuration(flags.after, { what: "--after" }),
    },
  };
}

function minutesFrom(flag: string | undefined, environment: string | undefined): number {
  const [what, text] = flag !== undefined ? ["--minutes", flag] : ["SOAK_MINUTES", environment || "60"];
  const minutes = /^\d+(\.\d+)?$/.test(text.trim()) ? Number(text) : 0;
  if (minutes <= 0 || minutes > mostMinutes) {
    throw new UsageError(`${what} "${text}": accepted is a number of minutes above zero, such as 60, at most ${mostMinutes}`);
  }
  return minutes;
}
