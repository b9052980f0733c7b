import { isAtLeast } from "../../judge/sizing.ts";
import type { SearchSummary } from "../../measure/search-summary.ts";
import type { Summary } from "../../measure/summary.ts";
import { absent, formatDuration, formatRate } from "../../screen/format.ts";
import { answerOf, findingsOf, levelHeads, levelRows, reasonsOf } from "../search.ts";
import { type Evidence, endpointOf, placeOf, workloadOf } from "./evidence.ts";
import { code, plain, table } from "./markdown.ts";

/** What each search found, and every load it tried. */
export function levelSection(evidence: readonly Evidence[]): string {
  return evidence
    .flatMap(({ file, summary }) => {
      const { search } = summary;
      if (search === undefined) return [];
      const title = `### ${plain(placeOf(summary))}, ${code(endpointOf(summary))}: ${answerOf(search)}`;
      const levels = table(levelHeads(search).map(plain), levelRows(search, summary.profile.timeoutMs), 0);
      return [[title, account(file, search), levels].join("\n\n")];
    })
    .join("\n\n");
}

/** What each place carries of every workload, beside each other; empty where there is one workload alone. */
export function endpointTable(evidence: readonly Evidence[]): string {
  const workloads = Map.groupBy(evidence, workloadOf);
  if (workloads.size < 2) return "";
  const places = [...new Set(evidence.map(({ summary }) => placeOf(summary)))];
  const rows = places.map((place) => [
    plain(place),
    ...[...workloads.values()].map((runs) =>
      capacityOf(runs.map(({ summary }) => summary).filter((summary) => placeOf(summary) === place)),
    ),
  ]);
  return table(["topology", ...columnNames([...workloads.values()])], rows, 1);
}

/** Endpoints; with their files where different workloads ask for the same. */
function columnNames(workloads: readonly (readonly Evidence[])[]): string[] {
  const endpoints = workloads.map(([first]) => (first === undefined ? absent : code(endpointOf(first.summary))));
  return endpoints.map((endpoint, at) => {
    const isOnly = endpoints.every((other, i) => i === at || other !== endpoint);
    return isOnly ? endpoint : `${endpoint} (${(workloads[at] ?? []).map(({ file }) => code(file)).join(", ")})`;
  });
}

/** What was searched for counts more than what a fixed load showed; a soak asks something else. */
function capacityOf(summaries: readonly Summary[]): string {
  const searched = summaries.find(({ search }) => search !== undefined)?.search;
  if (searched !== undefined) return answerOf(searched);
  const run = summaries.find(({ metadata }) => metadata.scenario !== "soak") ?? summaries[0];
  if (run === undefined) return absent;
  return `${isAtLeast(run) ? "≥ " : ""}${formatRate(run.capacity.sustainedRps)} requests/s (plateau)`;
}

function account(file: string, search: SearchSummary): string {
  const { probeMs, confirmMs } = search.plan;
  return [
    ...[...reasonsOf(search), ...findingsOf(search)].map(plain),
    `Probes of ${formatDuration(probeMs)}, confirmed over ${formatDuration(confirmMs)} (${code(file)}); response times count from when a request was due.`,
  ].join(" ");
}
