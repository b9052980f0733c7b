import type { Load } from "../profile/profile.ts";
import { parseStages } from "../profile/stages.ts";
import { parseCount, parseDuration, parseRate } from "../profile/units.ts";
import { UsageError } from "../profile/usage-error.ts";
import { thinkFrom } from "./class-flags.ts";
import type { LoadFlags } from "./load-flags.ts";

const defaultHoldMs = 30_000;

/** What is asked of the target where no flag says otherwise. */
export interface LoadDefaults {
  load: Load;
  /** How long `--vus` or `--rate` are held without `--duration`; 30 s where it is not given. */
  holdMs?: number;
}

/** The load that flags ask for, by one of three models. @throws UsageError where they contradict each other. */
export function loadFrom(flags: LoadFlags, { load: fallback, holdMs = defaultHoldMs }: LoadDefaults): Load {
  const { stage, vus, duration, rate, requests } = flags;
  const users = vus === undefined ? null : parseCount(vus, { what: "--vus" });
  const thinkTime = flags.think === undefined ? null : thinkFrom(flags.think);
  const ways = [stage && "--stage", rate && "--rate", requests && "-n"].filter((flag) => flag !== undefined);
  if (ways.length > 1) throw new UsageError(`${ways.join(" and ")} contradict each other: give one of them`);
  if (stage && duration) throw new UsageError("--duration contradicts --stage: each stage says how long it lasts");
  if (requests && duration)
    throw new UsageError("--duration contradicts -n: a fixed number of requests takes as long as it takes");
  if (flags.quick && (ways.length > 0 || users !== null || duration)) {
    throw new UsageError("--quick is a shorter form of the default profile: leave out --stage, --vus, --duration, --rate and -n");
  }
  if (requests !== undefined) {
    const total = parseCount(requests, { what: "-n" });
    return refuseOpenFlags(flags, { model: "requests", requests: total, users: Math.min(users ?? 50, total), thinkTime });
  }
  if (rate !== undefined) {
    const level = parseRate(rate, { what: "--rate" });
    return openFrom(flags, [{ durationMs: durationOf(duration, holdMs), from: level, to: level }], users);
  }
  if (stage !== undefined) {
    const { unit, stages } = parseStages(stage);
    if (unit === "requests/s") return openFrom(flags, stages, users);
    if (users !== null) throw new UsageError("--vus contradicts --stage: stages of users say how many there are");
    return refuseOpenFlags(flags, { model: "closed", stages, thinkTime });
  }
  if (fallback.model === "open") {
    const stages = fallback.stages.map((stage) => ({ ...stage, durationMs: durationOf(duration, stage.durationMs) }));
    return openFrom(flags, stages, users);
  }
  if (users !== null || duration !== undefined) {
    const level = users ?? 50;
    return refuseOpenFlags(flags, {
      model: "closed",
      stages: [{ durationMs: durationOf(duration, holdMs), from: level, to: level }],
      thinkTime,
    });
  }
  return refuseOpenFlags(flags, { ...fallback, thinkTime });
}

function durationOf(duration: string | undefined, holdMs: number): number {
  return duration === undefined ? holdMs : parseDuration(duration, { what: "--duration" });
}

/** k6's habit: a tenth of the rate, at most 500, opened beforehand; the rate, at most 5,000, at most. */
export function openFrom(flags: LoadFlags, stages: Extract<Load, { model: "open" }>["stages"], users: number | null): Load {
  if (flags.think !== undefined) throw new UsageError("--think contradicts a rate: arrivals do not wait for anybody");
  const peak = Math.max(...stages.map(({ from, to }) => Math.max(from, to)));
  const connections = users ?? Math.ceil(Math.min(500, Math.max(10, peak / 10)));
  const maxConnections =
    flags.maxVus === undefined
      ? Math.ceil(Math.max(connections, Math.min(5000, peak)))
      : parseCount(flags.maxVus, { what: "--max-vus" });
  if (maxConnections < connections) {
    throw new UsageError(`--max-vus ${maxConnections} is below the ${connections} connections opened beforehand (--vus)`);
  }
  return {
    model: "open",
    stages,
    arrivals: flags.arrivals ?? "constant",
    seed: flags.seed === undefined ? 1 : parseCount(flags.seed, { what: "--seed", allowZero: true }),
    whenBusy: flags.whenBusy ?? "wait",
    connections,
    maxConnections,
  };
}

function refuseOpenFlags(flags: LoadFlags, load: Load): Load {
  const given = [
    flags.maxVus && "--max-vus",
    flags.arrivals && "--arrivals",
    flags.seed && "--seed",
    flags.whenBusy && "--when-busy",
  ];
  const first = given.find((flag) => flag !== undefined);
  if (first !== undefined && load.model !== "open") {
    throw new UsageError(`${first} needs a rate: give --rate 500/s or rate stages such as --stage 30s:500/s`);
  }
  return load;
}
