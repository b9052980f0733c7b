import type { ServiceInfo } from "../measure/event.ts";
import { absent, formatChange, formatCores, formatLimits, formatMebibytes, formatShare } from "../screen/format.ts";
import type { View } from "../screen/header.ts";
import { clean } from "../screen/line.ts";
import { table } from "../screen/table.ts";
import type { RunState, ServiceUsage } from "./run-state.ts";

/** Share of a limit from which a service is said to be at it. */
const atLimit = 0.95;

/** Memory and processor of each service beside its limits, and of the generator beside the question whether it is the limit. */
export function servicePanel(state: RunState, view: View): string[] {
  const { theme, width } = view;
  const wide = width >= 100;
  const usages = [...state.usage.values()];
  const memory = usages.length > 0 && usages.every((usage) => usage.source === "container") ? "anon" : "rss";
  const heading = ["service", `${memory} MiB`, "before", "change", "cpu", "limit"].map((name) => theme.faint(name));
  const rows = state.services.map((service) => serviceRow(service, state.usage.get(service.name), wide, view));
  const generator = state.snapshot?.generator;
  if (generator !== undefined) {
    const load = wide ? `, busiest thread ${formatShare(generator.occupancy)}` : "";
    rows.push([
      "generator",
      formatMebibytes(generator.rssBytes),
      "",
      "",
      formatCores(generator.cpuCores),
      generator.saturated ? theme.warn(`! AT ITS LIMIT${load}`) : `not the limit${load}`,
    ]);
  }
  return table([heading, ...rows], { align: "lrrrrl", width, flexible: 5, least: [13, 9, 8, 8, 11, 16] });
}

function serviceRow(service: ServiceInfo, usage: ServiceUsage | undefined, wide: boolean, view: View): string[] {
  const { theme } = view;
  const now = usage?.rssBytes ?? null;
  const before = usage?.preBytes ?? null;
  const change = now !== null && before !== null && before > 0 ? ((now - before) / before) * 100 : null;
  const cpu = usage?.cpuCores ?? null;
  const limits = formatLimits(service.cpus, service.memoryBytes);
  const declared = wide && limits !== "none" ? `${limits}, not enforced` : "not enforced";
  let limit = theme.faint(service.enforced ? limits : declared);
  if (service.enforced && service.cpus !== null && cpu !== null && cpu >= service.cpus * atLimit)
    limit = theme.warn("! at its cpu limit");
  if (service.enforced && service.memoryBytes !== null && now !== null && now >= service.memoryBytes * atLimit) {
    limit = theme.warn("! at its memory limit");
  }
  if (usage !== undefined && usage.restarts > 0) limit = theme.bad(`✗ restarted ${usage.restarts}×`);
  return [
    clean(service.name),
    formatMebibytes(now),
    formatMebibytes(before),
    formatChange(change),
    cpu === null ? absent : formatCores(cpu),
    limit,
  ];
}
