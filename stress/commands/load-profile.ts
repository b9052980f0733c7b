import { availableParallelism } from "node:os";
import { parseAbort } from "../judge/abort.ts";
import { checkSelector, parseSelector } from "../judge/metric-selector.ts";
import { parseThreshold } from "../judge/threshold.ts";
import { type Load, type Profile, profileSchema, type RequestSpec } from "../profile/profile.ts";
import { routesOf } from "../profile/routes.ts";
import { parseCount, parseDuration } from "../profile/units.ts";
import { UsageError } from "../profile/usage-error.ts";
import { classesFrom, withSpawnRate } from "./class-flags.ts";
import type { LoadFlags } from "./load-flags.ts";
import { type LoadDefaults, loadFrom } from "./load-model.ts";
import { parseCheck, parseRequest } from "./request-flags.ts";
import { asStreamLoad, asStreamRequest, judgedStreamTime, streamFrom, streamPath } from "./stream-flags.ts";

/** What a scenario is when no flag says otherwise. */
export interface ScenarioDefaults extends LoadDefaults {
  scenario: string;
  settle: Profile["settle"];
  warmUp?: Profile["warmUp"];
  /** Rules without a metric are about latency. The reference's gates where it is not given. */
  thresholds?: readonly string[];
}

/** A request takes at most this long unless `--timeout` says otherwise. */
const defaultTimeout = "30s";
/** APDEX target of the field's common default. */
const defaultApdex = "500ms";

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

/** More threads than any machine has cores measure their own scheduling. */
const mostWorkers = 512;

/** With up to two cores one thread saturates its share; beyond, one core is left to the main thread and the kernel. */
function workersFrom(text: string | undefined): number {
  if (text !== undefined) {
    const workers = parseCount(text, { what: "--workers" });
    if (workers > mostWorkers) throw new UsageError(`--workers ${workers}: accepted are at most ${mostWorkers} threads`);
    return workers;
  }
  const cores = availableParallelism();
  return cores <= 2 ? 1 : cores - 1;
}
