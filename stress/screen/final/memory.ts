import type { MemoryWindow, ServiceResources, Summary } from "../../measure/summary.ts";
import { formatChange, formatLimits, formatMebibytes, formatRate } from "../format.ts";
import type { View } from "../header.ts";
import { clean, margin, wrap } from "../line.ts";
import { table } from "../table.ts";

/**
 * Memory of each service before, during and after the load, and the change against before. Processes show their
 * resident set; containers what the engine accounts, named for what it is, since that is not a resident set.
 */
export function memoryBlock(summary: Summary, view: View): string[] {
  const { resources } = summary;
  if (resources.length === 0) return [];
  const { theme, width } = view;
  const wide = width >= 100;
  const processesOnly = resources.every((service) => service.source === "process");
  const title = theme.strong(processesOnly ? "rss, MiB" : "memory, MiB");
  const names = ["cold", "before", "steady", "change", "after", "residual", "cpu", ...(wide ? ["limit"] : [])];
  const rows = resources.flatMap((service) => serviceRows(service, wide, view));
  const align = `lrrrrrrr${wide ? "l" : ""}`;
  const lines = table([[title, ...names.map((name) => theme.faint(name))], ...rows], {
    align,
    width,
    least: [15, 6, 7, 7, 8, 7, 8, 6],
    gap: wide ? 2 : 1,
  });
  return [...lines, ...resources.flatMap((service) => troubles(service, view))];
}

function serviceRows(service: ServiceResources, wide: boolean, view: View): string[][] {
  const name = clean(service.name);
  const { cpus, memoryBytes, enforced } = service.limits;
  const limits = formatLimits(cpus, memoryBytes);
  const limit = enforced || limits === "none" ? limits : `${limits}, not enforced`;
  const cpu = formatRate(service.cpu.steadyCores);
  const tail = wide ? [cpu, view.theme.faint(limit)] : [cpu];
  const windows: [string, MemoryWindow | null][] =
    service.source === "process"
      ? [[name, service.rss]]
      : [
          [`${name} anon`, service.anon],
          ["  working set", service.workingSet],
        ];
  return windows
    .filter(([, window]) => window !== null || service.source === "process")
    .map(([label, window], at) => [label, ...figures(window), ...(at === 0 ? tail : [])]);
}

function figures(window: MemoryWindow | null): string[] {
  return [
    formatMebibytes(window?.coldBytes ?? null),
    formatMebibytes(window?.preBytes ?? null),
    formatMebibytes(window?.steadyBytes ?? null),
    formatChange(window?.steadyPct ?? null),
    formatMebibytes(window?.postBytes ?? null),
    formatChange(window?.residualPct ?? null),
  ];
}

function troubles(service: ServiceResources, view: View): string[] {
  const { restarts, oomKills, running, samples } = service;
  const { theme, width } = view;
  const name = clean(service.name);
  const times = (count: number): string => (count === 1 ? "once" : `${count} times`);
  const lines: string[] = [];
  if (restarts > 0) lines.push(theme.bad(`✗ ${name} died and was restarted ${times(restarts)}`));
  if (oomKills !== null && oomKills > 0) lines.push(theme.bad(`✗ ${name} was killed for memory ${times(oomKills)}`));
  if (!running) lines.push(theme.bad(`✗ ${name} was down at the end`));
  if (samples.lost > 0) lines.push(theme.warn(`! ${name}: ${samples.lost} of ${samples.taken + samples.lost} samples lost`));
  return lines.flatMap((line) => wrap(line, width - margin, margin));
}
