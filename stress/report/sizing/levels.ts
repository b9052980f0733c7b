import { isAtLeast } from "../../judge/sizing.ts";
import type { SearchLevel, SearchSummary } from "../../measure/search-summary.ts";
import type { Summary } from "../../measure/summary.ts";
import { absent, formatCount, formatDuration, formatMebibytes, formatRate, formatShare } from "../../screen/format.ts";
import { levelPercentile } from "../../screen/search-words.ts";
import { type Evidence, endpointOf, placeOf, workloadOf } from "./evidence.ts";
import { code, plain, table } from "./markdown.ts";

const outcomes: Record<SearchLevel["outcome"], string> = { pass: "held", fail: "broke", generator: "generator's limit" };

/** What each search found, and every load it tried. */
export function levelSection(evidence: readonly Evidence[]): string {
  return evidence
    .flatMap(({ file, summary }) => {
      const { search } = summary;
      if (search === undefined) return [];
      const title = `### ${plain(placeOf(summary))}, ${code(endpointOf(summary))}: ${answerOf(search)}`;
      return [[title, account(file, search), levelTable(summary, search)].join("\n\n")];
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

/** `1,234 requests/s`, with the interval where there is one. */
export function answerOf({ answer }: SearchSummary): string {
  if (answer.rate === null) return "not found";
  const rate = `${answer.kind === "found" ? "" : "≥ "}${formatRate(answer.rate)} requests/s`;
  if (answer.interval === null) return rate;
  const { low, high, confidence } = answer.interval;
  return `${rate} (${formatRate(low)} to ${formatRate(high)}, ${Math.round(confidence * 100)} %)`;
}

function account(file: string, { answer, brokeFirst, bottleneck, plan }: SearchSummary): string {
  const parts = [`${plain(answer.reason)} (${code(file)}).`];
  if (brokeFirst !== null) parts.push(`First to break: ${plain(brokeFirst.text)} at ${formatRate(brokeFirst.rate)} requests/s.`);
  if (bottleneck !== null && bottleneck.evidence.length > 0)
    parts.push(`Exhausted there: ${plain(bottleneck.evidence.join("; "))}.`);
  parts.push(
    `Probes of ${formatDuration(plan.probeMs)}, confirmed over ${formatDuration(plan.confirmMs)}; response times count from when a request was due.`,
  );
  return parts.join(" ");
}

function levelTable({ profile }: Summary, { levels }: SearchSummary): string {
  const services = levels[0]?.services.map(({ name }) => name) ?? [];
  const rows = levels
    .toSorted((a, b) => a.rate - b.rate || Date.parse(a.startedAt) - Date.parse(b.startedAt))
    .map((level) => [
      `${formatRate(level.rate)}`,
      level.phase === "confirm" ? `${outcomes[level.outcome]} (confirming)` : outcomes[level.outcome],
      ...(["p(50)", "p(95)", "p(99)"] as const).map((name) => levelPercentile(level, name, profile.timeoutMs)),
      formatShare(level.failedShare),
      formatCount(level.dropped),
      ...services.flatMap((name) => {
        const found = level.services.find((service) => service.name === name);
        return [found?.cpuCores?.toFixed(2) ?? absent, formatMebibytes(found?.memoryBytes ?? null)];
      }),
    ]);
  const head = ["requests/s", "outcome", "p(50)", "p(95)", "p(99)", "failed", "dropped"];
  return table([...head, ...services.flatMap((name) => [`${plain(name)}, cores`, "MiB"])], rows, 0);
}
