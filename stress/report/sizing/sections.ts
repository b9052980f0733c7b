import { costsOf, isAtLeast, memoryOf } from "../../judge/sizing.ts";
import { bottlenecks } from "../../screen/final/capacity.ts";
import { latencyText } from "../../screen/final/latency.ts";
import {
  absent,
  formatBytes,
  formatChange,
  formatDuration,
  formatExact,
  formatMebibytes,
  formatRate,
  formatShare,
} from "../../screen/format.ts";
import { latencyRows } from "../latency.ts";
import { answerOf } from "../search.ts";
import { type Evidence, endpointOf, placeOf } from "./evidence.ts";
import type { ComposeLimits } from "./limits.ts";
import { code, plain, table } from "./markdown.ts";

/**
 * Capacity and latency, a row a run: response time in the open model, service time otherwise, of all requests. A search
 * without an answer has figures of its last probe alone, and they are of no load that was held.
 */
export function headline(evidence: readonly Evidence[]): string {
  const rows = evidence.map(({ summary }) => {
    const { capacity, metrics, profile, results, search } = summary;
    const isKnown = search === undefined || search.answer.rate !== null;
    const [latency] = isKnown ? latencyRows(summary) : [];
    const failed = isKnown && metrics.http_req_failed?.type === "rate" ? metrics.http_req_failed.values.rate : null;
    const floor = isAtLeast(summary) ? "≥ " : "";
    return [
      plain(placeOf(summary)),
      code(endpointOf(summary)),
      search === undefined
        ? `${summary.metadata.scenario}, ${formatDuration(summary.state.testRunDurationMs)}`
        : `search, confirmed over ${formatDuration(search.plan.confirmMs)}`,
      search === undefined ? `${floor}${formatRate(capacity.sustainedRps)}` : answerOf(search),
      isKnown ? `${floor}${formatRate(capacity.averageRps)}` : absent,
      ...(["p(50)", "p(95)", "p(99)"] as const).map((name) => latencyText(latency?.trend, name, profile.timeoutMs)),
      formatShare(failed),
      bottlenecks[capacity.bottleneck],
      results.verdict,
    ];
  });
  const head = ["topology", "endpoint", "run", "plateau, requests/s", "average, requests/s", "p(50)", "p(95)", "p(99)", "failed"];
  const note =
    "Percentiles are of all requests: of response time, from when a request was due, in the open model, and of service time otherwise.";
  return `${table([...head, "gave way first", "verdict"], rows, 3)}\n\n${note}`;
}

/** The load of each run, in words, and the command that makes it again. */
export function method(evidence: readonly Evidence[]): string {
  return evidence
    .map(({ file, summary }) => {
      const stages = summary.phases.map(({ name, durationMs }) => `${name} for ${formatDuration(durationMs)}`).join(", ");
      const { version, commit, startedAt, command } = summary.metadata;
      const build = `plimsoll ${version}${commit === null ? "" : `, ${code(commit.slice(0, 12))}`}, ${startedAt.slice(0, 10)}`;
      return `- ${code(file)}: ${stages || "a fixed number of requests"} (${summary.profile.load.model} model); ${build}\n  ${code(command)}`;
    })
    .join("\n");
}

/** The machines that the runs were made on; one line where it was the same. */
export function environment(evidence: readonly Evidence[]): string {
  const lines = evidence.map(({ summary }) => {
    const { host, node } = summary.environment;
    const machine = `${host.cpuModel}, ${host.cores} cores, ${formatBytes(host.memoryBytes)}`;
    return `- ${machine}; ${host.os}, ${host.kernel}; Node.js ${node.replace(/^v/, "")}`;
  });
  return [...new Set(lines)].join("\n");
}

/** What the compose file gives each service by default. */
export function limitTable(limits: readonly ComposeLimits[]): string {
  const rows = limits.map(({ service, cpus, memoryBytes, reservedMemoryBytes, cpuShares }) => [
    service,
    cpus === null ? absent : formatExact(cpus),
    formatBytes(memoryBytes),
    cpuShares === null ? absent : formatExact(cpuShares / 1024),
    formatBytes(reservedMemoryBytes),
  ]);
  return table(["service", "CPU limit", "memory limit", "CPU share, cores", "memory reserved"], rows);
}

/** Memory of each service before, under and after load. */
export function memoryTable(evidence: readonly Evidence[]): string {
  const rows = evidence.flatMap(({ summary }) =>
    summary.resources.map((service) => {
      const memory = memoryOf(service);
      return [
        plain(`${placeOf(summary)}: ${service.name}`),
        `${summary.metadata.scenario}, ${service.source === "process" ? "RSS" : "anonymous"}`,
        formatMebibytes(memory?.coldBytes ?? null),
        formatMebibytes(memory?.preBytes ?? null),
        `${formatMebibytes(memory?.steadyBytes ?? null)} (${formatChange(memory?.steadyPct ?? null)})`,
        `${formatMebibytes(memory?.postBytes ?? null)} (${formatChange(memory?.residualPct ?? null)})`,
      ];
    }),
  );
  return table(["service", "run", "cold, MiB", "before, MiB", "steady, MiB", "after, MiB"], rows, 2);
}

/** What a request and a connection cost, a row a service and endpoint. */
export function costTable(evidence: readonly Evidence[]): string {
  const rows = evidence.flatMap(({ summary }) =>
    costsOf(summary).map((cost) => [
      plain(`${placeOf(summary)}: ${cost.name}`),
      summary.metadata.scenario,
      code(endpointOf(summary)),
      cost.cpuSecondsPerThousand === null ? absent : cost.cpuSecondsPerThousand.toFixed(3),
      formatMebibytes(cost.restBytes),
      cost.bytesPerConnection === null ? absent : `≤ ${formatBytes(cost.bytesPerConnection)}`,
    ]),
  );
  const head = [
    "service",
    "run",
    "endpoint",
    "CPU s for 1,000 requests",
    "before the load, MiB",
    "memory a connection under load",
  ];
  const note =
    "Before its confirming run a search has just probed: that is not at rest. Memory a connection is all growth under load, divided by the connections; a heap that grows with the rate is in it.";
  return `${table(head, rows, 3)}\n\n${note}`;
}

/** Where the figures come from, checkable. */
export function checksums(evidence: readonly Evidence[]): string {
  const rows = evidence.map(({ file, sha256, summary }) => [code(file), summary.metadata.startedAt, code(sha256)]);
  return table(["file", "started", "SHA-256"], rows, 3);
}
