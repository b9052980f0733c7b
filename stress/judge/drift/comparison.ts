import type { StabilityCheck } from "../../measure/drift-summary.ts";
import { quantile } from "./blocks.ts";

/** Readings of a figure before the load and at the end of the time after it. */
export interface BeforeAfter {
  service: string;
  before: readonly number[];
  after: readonly number[];
}

/** The same, and as it was found before the warm-up; empty where there was none. */
export interface ColdToo extends BeforeAfter {
  cold?: readonly number[];
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

export function residualOf({ service, before, after }: BeforeAfter, allowance = residualAllowance): StabilityCheck {
  return returned("residual", "bytes", { service, was: median(before), is: median(after) }, allowance);
}

/**
 * Counts after the drain against those before. The lowest reading after counts: connections close one by one, and one
 * that a health check opens is no leak. `retained`: idle connections that the service keeps on purpose, to its upstream.
 *
 * What the warm-up left open before the load is that pool, or both pools of a service between two others: it is allowed
 * in place of `retained`, never besides, or leaks as large as the pool would pass.
 */
export function countsOf(check: "fds" | "threads" | "sockets", readings: ColdToo, retained = 0): StabilityCheck {
  const { service, before, after } = readings;
  const base = lower(readings, 1);
  const kept = Math.max(retained, (quantile(before, 1) ?? 0) - (base.was ?? 0));
  return returned(check, "count", { service, ...base, is: quantile(after, 0) }, countAllowance, kept);
}

/**
 * CPU after the load: most readings must be idle, so a collection or a reload that comes then is no spin. What spins since the
 * warm-up does so before the load, too: idle is what it was before it had ever worked.
 */
export function cpuAfterOf(readings: ColdToo, allowance = cpuAllowance): StabilityCheck {
  const { service, after } = readings;
  return returned("cpu-after", "cores", { service, ...lower(readings, 0.5), is: median(after) }, allowance);
}

/** The quantile before the load, or that as found before the warm-up where it is lower. */
function lower({ before, cold = [] }: ColdToo, p: number): Pick<Returned, "was" | "isAsFound"> {
  const [rested, found] = [quantile(before, p), quantile(cold, p)];
  const isAsFound = rested !== null && found !== null && found < rested;
  return { was: isAsFound ? found : rested, isAsFound };
}

interface Returned {
  service: string;
  was: number | null;
  /** `was` is of the time before the warm-up, not of that before the load. */
  isAsFound?: boolean;
  is: number | null;
}

function returned(
  check: StabilityCheck["check"],
  unit: StabilityCheck["unit"],
  { service, was, isAsFound = false, is }: Returned,
  { share, floor }: Allowance,
  kept = 0,
): StabilityCheck {
  const result = { check, service, unit, before: was, after: is, ratio: null };
  if (was === null || is === null) {
    const missing = was === null ? "before the load" : "after it";
    return { ...result, verdict: "invalid", allowed: null, reasons: [`${service}: ${nouns[check]} was not read ${missing}`] };
  }
  const allowed = was + kept + Math.max(floor, share * was);
  const shown = `${service}: ${nouns[check]} ${show(is, unit)} after the load, ${show(was, unit)} ${isAsFound ? "as found" : "before"}`;
  if (is <= allowed) return { ...result, verdict: "stable", allowed, reasons: [shown] };
  return { ...result, verdict: "drifting", allowed, reasons: [`${shown}, allowed ${show(allowed, unit)}`] };
}

function median(values: readonly number[]): number | null {
  return quantile(values, 0.5);
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
