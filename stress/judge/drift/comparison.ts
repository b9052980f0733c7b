import type { StabilityCheck } from "../../measure/drift-summary.ts";
import { quantile } from "./blocks.ts";

/** Readings of a figure before the load and at the end of the time after it. */
export interface BeforeAfter {
  service: string;
  before: readonly number[];
  after: readonly number[];
}

/** What may remain of a figure: its share of the figure before, and at least a floor in the figure's unit. */
export interface Allowance {
  share: number;
  floor: number;
}

const mebibyte = 2 ** 20;

/** Memory after the drain: a tenth more than before is allowed, and 8 MiB where a tenth is less than that. */
export const residualAllowance: Allowance = { share: 0.1, floor: 8 * mebibyte };
/** Descriptors, sockets and threads: what logging, a health check and one keep-alive connection may hold. */
export const countAllowance: Allowance = { share: 0.1, floor: 8 };
/** An idle service that burns a tenth of a core more than before does not idle. */
export const cpuAllowance: Allowance = { share: 0.25, floor: 0.1 };

export function residualOf(readings: BeforeAfter, allowance = residualAllowance): StabilityCheck {
  return returned("residual", "bytes", readings, allowance, (values) => quantile(values, 0.5));
}

/**
 * Counts after the drain against those before. The lowest reading after counts: connections close one by one, and one
 * that a health check opens is no leak. `retained`: idle connections that the service keeps on purpose, to its upstream.
 */
export function countsOf(check: "fds" | "threads" | "sockets", readings: BeforeAfter, retained = 0): StabilityCheck {
  const allowance = { ...countAllowance, floor: countAllowance.floor + retained };
  return returned(
    check,
    "count",
    readings,
    allowance,
    (values) => quantile(values, 0),
    (values) => quantile(values, 1),
  );
}

/** CPU after the load: most readings must be idle, so a collection or a reload that comes then is no spin. */
export function cpuAfterOf(readings: BeforeAfter, allowance = cpuAllowance): StabilityCheck {
  return returned("cpu-after", "cores", readings, allowance, (values) => quantile(values, 0.5));
}

function returned(
  check: StabilityCheck["check"],
  unit: StabilityCheck["unit"],
  { service, before, after }: BeforeAfter,
  { share, floor }: Allowance,
  last: (values: readonly number[]) => number | null,
  first: (values: readonly number[]) => number | null = (values) => quantile(values, 0.5),
): StabilityCheck {
  const [was, is] = [first(before), last(after)];
  const result = { check, service, unit, before: was, after: is, ratio: null };
  if (was === null || is === null) {
    const missing = was === null ? "before the load" : "after it";
    return { ...result, verdict: "invalid", allowed: null, reasons: [`${service}: ${nouns[check]} was not read ${missing}`] };
  }
  const allowed = was + Math.max(floor, share * was);
  const shown = `${service}: ${nouns[check]} ${show(is, unit)} after the load, ${show(was, unit)} before`;
  if (is <= allowed) return { ...result, verdict: "stable", allowed, reasons: [shown] };
  return { ...result, verdict: "drifting", allowed, reasons: [`${shown}, allowed ${show(allowed, unit)}`] };
}

const nouns: Record<StabilityCheck["check"], string> = {
  residual: "memory",
  fds: "number of descriptors",
  threads: "number of threads",
  sockets: "number of sockets",
  "fds-growth": "growth of descriptors",
  "sockets-growth": "growth of sockets",
  "cpu-after": "CPU",
  latency: "latency",
  throughput: "throughput",
};

function show(value: number, unit: StabilityCheck["unit"]): string {
  if (unit === "bytes") return `${(value / mebibyte).toFixed(1)} MiB`;
  return unit === "count" ? String(Math.round(value)) : `${value.toFixed(2)} ${unit}`;
}
