import type { Series } from "./measure.ts";
import { ratios, spread } from "./statistic.ts";

export interface Figures {
  readonly small: ReadonlyMap<string, Series>;
  readonly medium: ReadonlyMap<string, Series>;
  readonly large: ReadonlyMap<string, Series>;
  readonly idleKib: ReadonlyMap<string, number>;
  readonly idle: number;
  readonly missing: readonly string[];
  readonly machine: string;
  readonly load: { readonly connections: number; readonly rounds: number; readonly seconds: number };
}

const titles: Readonly<Record<string, string>> = {
  nginx: "nginx, one worker",
  haproxy: "HAProxy, one thread",
  floor: "floor: node:https + undici `dispatch`, no features",
  edge: "the edge, one worker, all features",
  stock: "@fastify/http-proxy as it comes",
};

/** The whole result as Markdown: median over the rounds, least and greatest in parentheses. Ratios are taken within a round. */
export function markdown({ small, medium, large, idleKib, idle, missing, machine, load }: Figures): string {
  const base = (key: keyof Series, of: ReadonlyMap<string, Series>, name: string) => of.get(name)?.[key] ?? [];
  const rows = [...small].map(([name, series]) => [
    titles[name] ?? name,
    spread(series.cpuUsPerRequest, 1),
    spread(ratios(series.cpuUsPerRequest, base("cpuUsPerRequest", small, "nginx")), 2),
    spread(ratios(series.cpuUsPerRequest, base("cpuUsPerRequest", small, "floor")), 2),
    spread(series.rps, 0),
    spread(ratios(series.rps, base("rps", small, "stock")), 2),
    spread(series.p99Ms, 1),
    spread(ratios(medium.get(name)?.rps ?? [], base("rps", medium, "nginx")), 2),
    spread(ratios(large.get(name)?.rps ?? [], base("rps", large, "nginx")), 2),
    idleKib.has(name) ? (idleKib.get(name) ?? 0).toFixed(1) : "–",
  ]);
  const head = [
    "",
    "CPU per request, µs",
    "÷ nginx",
    "÷ floor",
    "requests/s",
    "÷ stock",
    "p99, ms",
    "64 KiB: requests/s ÷ nginx",
    "1 MiB: requests/s ÷ nginx",
    "KiB per idle connection",
  ];
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |\n`;
  return (
    line(head) +
    line(head.map((_cell, column) => (column === 0 ? "---" : "---:"))) +
    rows.map(line).join("") +
    `\n${load.connections} kept TLS 1.3 connections, one request at a time on each, small answer unless said; ` +
    `${load.rounds} interleaved rounds of ${load.seconds} s: median (least–greatest), ratios within a round. ` +
    `Idle: growth of resident memory at ${idle} connections.\n\n${machine}.\n` +
    (missing.length > 0 ? `\nNot measured, because not on PATH: ${missing.join(", ")}.\n` : "")
  );
}
