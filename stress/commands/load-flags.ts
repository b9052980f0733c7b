import { availableParallelism } from "node:os";
import { type Command, Option } from "commander";
import { parseAbort } from "../judge/abort.ts";
import { checkSelector, parseSelector } from "../judge/metric-selector.ts";
import { parseThreshold } from "../judge/threshold.ts";
import { type Load, type Profile, profileSchema, type RequestSpec } from "../profile/profile.ts";
import { routesOf } from "../profile/routes.ts";
import { parseStages } from "../profile/stages.ts";
import { parseCount, parseDuration, parseRate } from "../profile/units.ts";
import { UsageError } from "../profile/usage-error.ts";
import { type ClassFlags, classesFrom, thinkFrom, withSpawnRate } from "./class-flags.ts";
import { parseCheck, parseRequest } from "./request-flags.ts";
import {
  addStreamFlags,
  asStreamLoad,
  asStreamRequest,
  judgedStreamTime,
  type StreamFlags,
  streamFrom,
  streamPath,
} from "./stream-flags.ts";

/** Flags as commander hands them over; every one optional, none checked yet. */
export interface LoadFlags extends StreamFlags, ClassFlags {
  stage?: string[];
  vus?: string;
  duration?: string;
  rate?: string;
  requests?: string;
  maxVus?: string;
  arrivals?: "constant" | "poisson";
  seed?: string;
  whenBusy?: "wait" | "drop";
  think?: string;
  path?: string;
  method?: string;
  header?: string[];
  data?: string;
  contentType?: string;
  request?: string[];
  sequence?: boolean;
  check?: string[];
  threshold?: string[];
  abortOn?: string[];
  timeout?: string;
  apdex?: string;
  perConnection?: string;
  resumption?: boolean;
  workers?: string;
  quick?: boolean;
}

/** What a scenario is when no flag says otherwise. */
export interface ScenarioDefaults {
  scenario: string;
  load: Load;
  settle: Profile["settle"];
  warmUp?: Profile["warmUp"];
  /** How long `--vus` or `--rate` are held without `--duration`; 30 s where it is not given. */
  holdMs?: number;
  /** Rules without a metric are about latency. The reference's gates where it is not given. */
  thresholds?: readonly string[];
}

const collect = (value: string, previous: string[] = []) => [...previous, value];

/** Adds the flags that every load has. */
export function addLoadFlags(command: Command): Command {
  command
    .optionsGroup("Load:")
    .option("--quick", "the default profile's shape in 20 s")
    .option("--stage <stage>", "ramp to USERS or RATE/s within DURATION: 30s:50, 1m:500/s (repeatable)", collect)
    .option("-c, --vus <users>", "users, or connections opened beforehand for a rate")
    .option("--duration <time>", "how long to hold --vus or --rate: 30s, 5m, 1h30m")
    .option("-n, --requests <number>", "a fixed number of requests instead of a duration")
    .option("--rate <rate>", "open model: arrivals a second, whatever the target does: 500/s, 30k/m")
    .option("--max-vus <number>", "open model: most connections that may be open")
    .addOption(new Option("--arrivals <kind>", "open model: spacing of arrivals").choices(["constant", "poisson"]))
    .option("--seed <number>", "open model: seed of poisson arrivals")
    .addOption(new Option("--when-busy <what>", "open model: an arrival that finds no free connection").choices(["wait", "drop"]))
    .option("--think <time>", "pause of a user between requests: 1s, or a range 500ms-2s")
    .option("--spawn-rate <rate>", "users come one by one, so many a second, until there are --vus: 200/s")
    .option(
      "--class <class>",
      "class of users 'NAME weight=5 think=1s-3s'; requests name it by class=NAME (repeatable)",
      collect,
    );
  return addRequestFlags(addStreamFlags(command));
}

/** The flags for what is sent, what must hold, and from what: without those for how much. */
export function addRequestFlags(command: Command): Command {
  return command
    .optionsGroup("Requests ({{uuid}}, {{counter}}, {{timestamp}} and {{random}} are filled in):")
    .option("--path <path>", "what to request (default /health)")
    .option("-m, --method <method>", "request method (default GET, or POST with -d)")
    .option("-H, --header <header>", "request header 'Name: value' (repeatable)", collect)
    .option("-d, --data <body>", "request body, or @FILE")
    .option("-T, --content-type <type>", "content type of the body")
    .option("--request <request>", "one of several: 'GET /users/7 weight=3 route=/users/{id}' (repeatable)", collect)
    .option("--sequence", "each user walks the requests in order instead of drawing by weight")
    .option(
      "--check <check>",
      "'status 200', 'body TEXT', 'header NAME TEXT', 'json PATH VALUE', 'graceful' (repeatable)",
      collect,
    )
    .optionsGroup("Objectives:")
    .option("--threshold <rule>", "'http_req_failed: rate<0.01' or 'p(95)<250'; replaces the defaults (repeatable)", collect)
    .option("--abort-on <rule>", "'http_req_failed: rate>0.5 for 30s' (repeatable)", collect)
    .option("--timeout <time>", "longest a request may take (default 30s)")
    .option("--apdex <time>", "APDEX target T (default 500ms)")
    .optionsGroup("Connections and threads:")
    .option("--per-connection <number>", "requests a connection carries before it is opened anew")
    .option("--resumption", "offer the last TLS session when a connection is opened again")
    .option("--workers <number>", "worker threads (default: one up to two cores, then cores less one)");
}

/** A request takes at most this long unless `--timeout` says otherwise. */
const defaultTimeout = "30s";
/** APDEX target of the field's common default. */
const defaultApdex = "500ms";
const defaultHoldMs = 30_000;

/** Turns flags into a profile. @throws UsageError on the first thing that makes no sense. */
export function profileFrom(flags: LoadFlags, defaults: ScenarioDefaults, target: Profile["target"]): Profile {
  const stream = streamFrom(flags);
  const ended = loadFrom(flags, defaults);
  if (stream !== undefined && flags.spawnRate !== undefined) {
    throw new UsageError("--spawn-rate contradicts --sse and --ws: how fast streams are opened is --ramp");
  }
  const load = stream === undefined ? withSpawnRate(ended, flags) : asStreamLoad(ended, flags.ramp, flags.stage !== undefined);
  const requests = requestsFrom(stream === undefined ? flags : { path: streamPath(stream), ...flags }).map((request) =>
    stream === undefined ? request : asStreamRequest(request, stream),
  );
  const classes = classesFrom(flags, requests, load);
  const checks = stream === undefined ? (flags.check?.map(parseCheck) ?? defaultChecks(requests)) : [];
  const judged = stream === undefined ? judgedLatency(load) : judgedStreamTime(stream);
  const profile: Profile = {
    scenario: defaults.scenario,
    target,
    load,
    requests,
    ...(classes && { classes }),
    ...(stream && { stream }),
    selection: flags.sequence ? "sequence" : "weighted",
    checks,
    session: {
      requestsPerConnection:
        flags.perConnection === undefined ? null : parseCount(flags.perConnection, { what: "--per-connection" }),
      resumption: flags.resumption ?? false,
    },
    timeoutMs: parseDuration(flags.timeout ?? defaultTimeout, { what: "--timeout" }),
    thresholds: {},
    abort: (flags.abortOn ?? []).map(parseAbort),
    apdexMs: parseDuration(flags.apdex ?? defaultApdex, { what: "--apdex" }),
    workers: workersFrom(flags.workers),
    ...(defaults.warmUp && { warmUp: defaults.warmUp }),
    settle: defaults.settle,
  };
  const parts = {
    model: load.model,
    routes: routesOf(profile),
    checks: checks.map(({ name }) => name),
    classes: (classes ?? []).map(({ name }) => name),
    stream,
  };
  for (const rule of flags.threshold ?? defaults.thresholds ?? (stream ? streamThresholds : referenceThresholds)) {
    const threshold = parseThreshold(latencyRule.test(rule) ? `${judged}: ${rule}` : rule);
    checkSelector(threshold, parts);
    const rules = profile.thresholds[threshold.metric] ?? [];
    profile.thresholds[threshold.metric] = rules;
    rules.push(threshold.expression);
  }
  for (const { metric } of profile.abort) checkSelector(parseSelector(metric), parts);
  return profileSchema.parse(profile);
}

/** A rule without a metric, such as `p(95)<250`, is about latency. */
const latencyRule = /^\s*(p\(|avg|min|med|max)[^:]*$/;

/** Objectives apply to response time where there is one, to the service time of successes elsewhere. */
function judgedLatency(load: Load): string {
  return load.model === "open" ? "response_time" : "http_req_duration{expected_response:true}";
}

/** The reference's gates. */
const referenceThresholds = ["http_req_failed: rate<0.01", "p(95)<250", "p(99)<500"];

/** The same for streams, of which those count that were lost, too. */
const streamThresholds = ["streams_failed: rate<0.01", "p(95)<250", "p(99)<500"];

/** The reference's checks for its endpoint; elsewhere only what any success has. */
function defaultChecks(requests: readonly RequestSpec[]): Profile["checks"] {
  const status = { kind: "status" as const, name: "status is 200", status: 200 };
  const isHealth = requests.every(({ path, method }) => path === "/health" && method === "GET");
  return isHealth ? [status, { kind: "body", name: 'body holds "status"', contains: '"status"' }] : [status];
}

function loadFrom(flags: LoadFlags, { load: fallback, holdMs = defaultHoldMs }: ScenarioDefaults): Load {
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

function requestsFrom(flags: LoadFlags): RequestSpec[] {
  const { request } = flags;
  if (flags.sequence && (request === undefined || request.length < 2)) {
    throw new UsageError("--sequence needs several requests: give --request more than once");
  }
  if (request === undefined) return [parseRequest(null, flags)];
  if (flags.path !== undefined || flags.method !== undefined) {
    throw new UsageError("--path and -m contradict --request: each request names its method and path");
  }
  return request.map((text) => parseRequest(text, flags));
}

/** With up to two cores one thread saturates its share; beyond, one core is left to the main thread and the kernel. */
/** More threads than any machine has cores measure their own scheduling. */
const mostWorkers = 512;

function workersFrom(text: string | undefined): number {
  if (text !== undefined) {
    const workers = parseCount(text, { what: "--workers" });
    if (workers > mostWorkers) throw new UsageError(`--workers ${workers}: accepted are at most ${mostWorkers} threads`);
    return workers;
  }
  const cores = availableParallelism();
  return cores <= 2 ? 1 : cores - 1;
}
