import type { SearchSummary } from "../measure/search-summary.ts";
import type { Summary } from "../measure/summary.ts";
import { bottlenecks } from "../screen/final/capacity.ts";
import { formatDuration, formatRate } from "../screen/format.ts";
import { clean } from "../screen/line.ts";
import { asSentence, findingsOf, intervalOf } from "./search.ts";

/** What a run found, in words. Text is one line, without control characters, not escaped. */
export interface Headline {
  /** One sentence, without its full stop: what the target carries, or why that is not known. */
  sentence: string;
  /** The conditions of that figure, and what gave way first; empty where nothing is known. */
  detail: string;
}

/** The first thing a reader should know. */
export function headlineOf(summary: Summary): Headline {
  const { capacity, metrics, search } = summary;
  if (search !== undefined) return searchHeadline(search);
  if (metrics.http_reqs?.type !== "counter" || metrics.http_reqs.values.count === 0) {
    return { sentence: "No request was made", detail: "There is nothing to say about capacity." };
  }
  const rate = formatRate(capacity.sustainedRps ?? capacity.averageRps);
  const figure = `${capacity.kind === "floor" ? "at least " : ""}${rate} requests a second`;
  return { sentence: sentenceOf(summary, figure), detail: `${basisOf(summary)}${gaveWayOf(summary)}` };
}

/** The reasons of a verdict, each once, without the one that the sentence above them ends with. */
export function untold(reasons: readonly string[], sentence: string): string[] {
  return [...new Set(reasons)].filter((reason) => !sentence.endsWith(`: ${clean(reason)}`));
}

/** What was confirmed and nothing else: the run whose summary this is may be a probe that broke. */
function searchHeadline(search: SearchSummary): Headline {
  const { answer, plan } = search;
  const { kind, rate, reason } = answer;
  if (rate === null) {
    const why = reason === "" ? "" : `: ${clean(reason)}`;
    return { sentence: `What it carries was not found${why}`, detail: findingsOf(search).join(" ") };
  }
  const figure = `${kind === "found" ? "" : "at least "}${formatRate(rate)} requests a second`;
  return {
    sentence: `It carries ${figure}${intervalOf(answer)}`,
    detail: [`Confirmed over ${formatDuration(plan.confirmMs)}.`, ...findingsOf(search)].join(" "),
  };
}

function basisOf(summary: Summary): string {
  const { capacity, profile, state } = summary;
  const load = formatDuration(state.testRunDurationMs);
  const { sustainedRps, sustainedAt, averageRps } = capacity;
  if (heldNoLevel(summary)) return `${formatRate(averageRps)} requests a second on average over the whole load of ${load}.`;
  if (sustainedRps === null || sustainedAt === null) {
    return `On average over ${load}${profile.load.model === "requests" ? "" : "; no stage held a constant level"}.`;
  }
  // An average that ramps pull down is another figure than what was held.
  return `Held at ${clean(sustainedAt).replace(/^(at|hold) /, "")}; ${formatRate(averageRps)} on average over the whole load of ${load}.`;
}

/** Levels were judged one by one, and what the whole run answered is no measure of one that held. */
function heldNoLevel({ plan }: Summary): boolean {
  return plan?.breakingPoint !== undefined && plan.breakingPoint.heldAt === null;
}

function gaveWayOf(summary: Summary): string {
  const { capacity, partial, results } = summary;
  if (partial === true || results.verdict === "invalid") return "";
  const told = new Set(results.reasons);
  const evidence = capacity.evidence.filter((each) => !told.has(each)).map((each) => asSentence(clean(each)));
  return [bottleneckOf(summary), ...evidence]
    .filter((part) => part !== "")
    .map((part) => ` ${part}`)
    .join("");
}

function bottleneckOf({ capacity, results }: Summary): string {
  if (capacity.bottleneck === "unknown") return "What would give way first is not known.";
  // A run that failed did not carry what it was given, whether or not a cause was found.
  if (capacity.bottleneck === "none") return results.verdict === "pass" ? "Nothing gave way: it may carry more." : "";
  const first = capacity.bottleneck === "host" ? "host that all of this ran on" : bottlenecks[capacity.bottleneck];
  return `What gave way first: the ${first}.`;
}

function sentenceOf(summary: Summary, figure: string): string {
  if (summary.partial === true) return `So far, it carried ${figure}`;
  if (heldNoLevel(summary) && summary.results.verdict !== "invalid") return "No level was held";
  switch (summary.results.verdict) {
    case "pass":
      return `It carries ${figure}`;
    case "fail":
      return `It carried ${figure}, but not as it should`;
    case "regression":
      return `It carries ${figure}, worse than before`;
    case "aborted":
      return `It carried ${figure} until a rule ended the run`;
    case "interrupted":
      return `It carried ${figure} until it was interrupted`;
    case "undecided":
      return `It carried ${figure}; whether well enough is undecided`;
    case "invalid":
      return `What it carries cannot be told from this run`;
  }
}
