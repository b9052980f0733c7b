import { createHash, randomUUID } from "node:crypto";
import { capacityOf } from "../judge/capacity.ts";
import { type Finding, findingsOf } from "../judge/drift/gate.ts";
import { sourceOf } from "../judge/measured.ts";
import { parseSelector } from "../judge/metric-selector.ts";
import { describeResult, evaluate, parseExpression } from "../judge/threshold.ts";
import { verdictOf } from "../judge/verdict.ts";
import type { Stability } from "../measure/drift-summary.ts";
import { metricInfo } from "../measure/metric-names.ts";
import { type MeasuredMetric, metricOf } from "../measure/metrics.ts";
import type { Recording } from "../measure/recording.ts";
import type { Metric, ServiceResources, Summary, ThresholdResult } from "../measure/summary.ts";
import type { Profile } from "../profile/profile.ts";
import { redactProfile } from "../profile/redact.ts";
import { routesOf } from "../profile/routes.ts";
import { configHash, loadHash } from "../profile/sent.ts";

/** All that a summary is made from. */
export interface RunFacts {
  profile: Profile;
  recording: Recording;
  loadMs: number;
  startedAt: Date;
  endedAt: Date;
  version: string;
  commit: string | null;
  command: string;
  environment: Summary["environment"];
  resources: ServiceResources[];
  stability: Stability | null;
  generator: { cpuCores: number; processBusyShare: number | null; stealShare: number | null };
  warnings: string[];
  aborted: string[];
  interrupted: boolean;
  isTty: { stdout: boolean; stderr: boolean };
  partial: boolean;
}

const trendStats = ["count", "min", "avg", "med", "max", "p(50)", "p(90)", "p(95)", "p(99)", "p(99.9)"];

/** The summary of a run, complete or as far as it has come. Pure. */
export function summarise(facts: RunFacts): Summary {
  const { profile, recording, loadMs } = facts;
  const measured = recording.metrics(loadMs);
  const judged = thresholdsOf(profile, measured);
  const carried = recording.carried();
  const isOpen = profile.load.model === "open";
  const reasons = recording.evidence.reasons(recording.pacerLagP99Ms, recording.totals.localLimits);
  const phases = recording.phaseRows();
  const shown = redactProfile(profile);
  return {
    schemaVersion: 1,
    ...(facts.partial && { partial: true as const }),
    metadata: {
      id: randomUUID(),
      startedAt: facts.startedAt.toISOString(),
      endedAt: facts.endedAt.toISOString(),
      version: facts.version,
      commit: facts.commit,
      command: facts.command,
      scenario: profile.scenario,
      configHash: configHash(profile),
      loadHash: loadHash(profile),
    },
    environment: facts.environment,
    profile: shown,
    options: { summaryTrendStats: trendStats, noColor: (process.env.NO_COLOR ?? "") !== "" },
    state: { testRunDurationMs: loadMs, isStdOutTTY: facts.isTty.stdout, isStdErrTTY: facts.isTty.stderr },
    root_group: { name: "", path: "", id: idOf(""), groups: [], checks: checksOf(recording, profile) },
    metrics: Object.fromEntries(metricsShown(measured, judged, routesOf(profile).length)),
    phases,
    timeseries: recording.timeseries.toSummary(),
    failures: recording.failures(),
    generator: {
      workers: profile.workers,
      cpuCores: facts.generator.cpuCores,
      threadCpu: recording.evidence.threadCpu,
      runDelay: recording.evidence.runDelay,
      steal: facts.generator.stealShare,
      hostBusy: facts.generator.processBusyShare,
      pacerLagP99Ms: recording.pacerLagP99Ms,
      offered: isOpen ? recording.totals.due : null,
      achieved: isOpen ? recording.totals.sent : null,
      blocked: isOpen ? recording.totals.blocked : null,
      saturated: reasons.length > 0,
      evidence: reasons,
    },
    resources: facts.resources,
    stability: facts.stability,
    capacity: capacityOf({
      answered: carried.answered,
      loadMs,
      phases,
      generatorReasons: reasons,
      resources: facts.resources,
      host: {
        cores: facts.environment.host.cores,
        busyShare: facts.generator.processBusyShare,
        stealShare: facts.generator.stealShare,
      },
    }),
    warnings: facts.warnings,
    results: verdictOf({
      failedThresholds: failedOf(judged),
      aborted: facts.aborted,
      // A checkpoint that is read is all that is left of a run: what it has not judged did not pass.
      interrupted: facts.interrupted || facts.partial,
      isPaced: recording.isPaced,
      generatorReasons: reasons,
      hasLocalFailures: recording.totals.localLimits > 0,
      services: facts.resources,
      requests: carried.attempts,
      drift: profile.drift === undefined || facts.stability === null ? [] : findings(facts.resources, facts.stability),
    }),
  };
}

function findings(resources: readonly ServiceResources[], { checks }: Stability): Finding[] {
  return findingsOf({ memory: resources.map(({ name, drift }) => ({ service: name, drift: drift ?? null })), checks });
}

type Judged = Map<string, Record<string, ThresholdResult>>;

function thresholdsOf(profile: Profile, measured: Map<string, MeasuredMetric>): Judged {
  return new Map(
    Object.entries(profile.thresholds).map(([key, expressions]) => {
      const selector = parseSelector(key);
      const metric = measured.get(key);
      const source = metric === undefined ? null : sourceOf(metric);
      return [key, Object.fromEntries(expressions.map((text) => [text, evaluate(parseExpression(text, selector), source)]))];
    }),
  );
}

function failedOf(judged: Judged): { text: string; isLatency: boolean }[] {
  return [...judged].flatMap(([key, results]) =>
    Object.entries(results)
      .filter(([, { ok }]) => !ok)
      .map(([expression, result]) => {
        // Without data there is no time that the generator could have added.
        const isLatency = result.reason !== "no-data" && metricInfo[parseSelector(key).name].type === "trend";
        return { text: describeResult(key, expression, result), isLatency };
      }),
  );
}

/** The first tag by which parts of a run are told apart. */
const partForm = /\{(?:expected_response:\w+,)?(route|class):/;

/** Every whole metric, successful requests apart as in k6, each route where there are several, each class of users, and what rules name. */
function* metricsShown(measured: Map<string, MeasuredMetric>, judged: Judged, routes: number): Generator<[string, Metric]> {
  for (const [key, source] of measured) {
    const results = judged.get(key);
    const isPart = key.includes("{");
    const part = partForm.exec(key)?.[1];
    const isShown =
      part === undefined
        ? key === "http_req_duration{expected_response:true}"
        : part === "class" || (routes > 1 && !key.includes(",class:"));
    if (isPart && results === undefined && !isShown) continue;
    const metric = metricOf(source);
    yield [key, results === undefined ? metric : { ...metric, thresholds: results }];
  }
}

function checksOf(recording: Recording, profile: Profile): Summary["root_group"]["checks"] {
  return profile.checks.map(({ name }, i) => ({
    name,
    path: `::${name}`,
    id: idOf(`::${name}`),
    passes: recording.totals.checkPasses[i] ?? 0,
    fails: recording.totals.checkFails[i] ?? 0,
  }));
}

/** k6 names checks by the MD5 of their path. */
function idOf(path: string): string {
  return createHash("md5").update(path).digest("hex");
}
