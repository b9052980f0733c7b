import exported, { type Builder } from "junit-report-builder";
import { longerBy } from "../judge/drift/gate.ts";
import type { Drift } from "../measure/drift-summary.ts";
import type { Summary } from "../measure/summary.ts";
import { nouns, timeLeft } from "../screen/final/drift.ts";
import { wordingOf } from "../screen/final/verdict.ts";
import { formatCount } from "../screen/format.ts";
import { clean } from "../screen/line.ts";
import { describeTarget } from "../screen/target.ts";
import { headlineOf } from "./headline.ts";
import { objectivesOf } from "./objectives.ts";
import { answerOf, findingsOf, reasonsOf } from "./search.ts";

/** Its types tell of a default export within the default export; there is none. */
const builder = exported as unknown as Builder;

/**
 * A summary as a JUnit report, for servers that show tests: the run, the answer of a search, each threshold and each check is
 * a test. What failed is a failure; a run that cannot be judged, was interrupted or did not end is an error, never a pass.
 */
export function renderJunit(summary: Summary): string {
  const { metadata, profile, state, results, root_group } = summary;
  const report = builder.newBuilder().name(`plimsoll ${clean(profile.scenario)}`);
  const target = describeTarget(profile);
  const suite = (name: string) => report.testSuite().name(name).timestamp(new Date(metadata.startedAt));

  const { word, meaning } = wordingOf(summary);
  const run = suite("run")
    .property("target", target)
    .property("id", clean(metadata.id))
    .property("found", headlineOf(summary).sentence);
  const ended = run
    .testCase()
    .className(target)
    .name("the run")
    .time(state.testRunDurationMs / 1000);
  const reasons = results.reasons.map((reason) => clean(reason));
  const message = [word.toLowerCase(), ...(meaning === "" ? [] : [meaning]), ...reasons].join("; ");
  const { verdict } = results;
  if (summary.partial === true || verdict === "invalid" || verdict === "undecided" || verdict === "interrupted") {
    ended.error(message, summary.partial === true ? "incomplete" : verdict);
  } else if (verdict !== "pass") ended.failure(message, verdict);

  if (summary.search !== undefined) {
    const { search } = summary;
    const { kind } = search.answer;
    const told = [`${answerOf(search)}.`, ...reasonsOf(search), ...findingsOf(search)].join(" ");
    const found = suite("search").property("answer", told);
    const answer = found.testCase().className("search").name("the highest load that meets the objectives");
    if (kind === "first-load-fails") answer.failure(told, kind);
    // A floor, or nothing, is no answer.
    else if (kind !== "found" && kind !== "holds-at-max") answer.error(told, kind);
  }

  const objectives = objectivesOf(summary);
  const thresholds = objectives.length > 0 ? suite("thresholds") : null;
  for (const { metric, expression, limit, actual, ok, samples } of objectives) {
    const test = thresholds?.testCase().className(metric).name(expression);
    if (!ok) test?.failure(`measured ${actual}, limit ${limit}, ${formatCount(samples)} samples`, "threshold");
  }

  const checks = root_group.checks.length > 0 ? suite("checks") : null;
  for (const { name, passes, fails } of root_group.checks) {
    const test = checks?.testCase().className("checks").name(clean(name));
    if (fails > 0) test?.failure(`failed ${formatCount(fails)} of ${formatCount(passes + fails)} times`, "check");
  }
  const drift = driftTests(summary);
  const growth = drift.length > 0 ? suite("drift") : null;
  for (const { name, verdict, reasons } of drift) {
    const test = growth?.testCase().className("drift").name(name);
    const told = reasons.map((reason) => clean(reason)).join("; ");
    if (verdict === "leaking" || verdict === "drifting") test?.failure(told, verdict);
    // Not known is not passed.
    else if (verdict !== "stable") test?.error(told, verdict);
  }
  return `${report.build()}\n`;
}

/** What the verdict of a soak rests on; nothing of other runs, which only show it. */
function driftTests({ profile, resources, stability }: Summary): { name: string; verdict: string; reasons: string[] }[] {
  if (profile.drift === undefined || !stability) return [];
  const memory = resources.flatMap(({ name, drift }) =>
    drift ? [{ name: `${clean(name)} memory`, verdict: drift.verdict, reasons: [...drift.reasons, ...timeOf(drift)] }] : [],
  );
  const checks = stability.checks.map(({ check, service, verdict, reasons }) => ({
    name: `${service === null ? "" : `${clean(service)} `}${nouns[check]}`,
    verdict,
    reasons,
  }));
  return [...memory, ...checks];
}

/** To a decision where there is none yet, to the limit where memory grows. */
function timeOf({ verdict, neededMs, timeToLimitMs }: Drift): string[] {
  if (verdict === "undecided" && neededMs !== null) return [longerBy(neededMs)];
  return timeToLimitMs === null ? [] : [`at this slope the limit is reached in ${timeLeft(timeToLimitMs)}`];
}
