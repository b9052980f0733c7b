import type { Drift, StabilityCheck } from "../../measure/drift-summary.ts";
import type { Summary } from "../../measure/summary.ts";
import { absent, formatBytes, formatCount, formatDuration, formatLatency, formatRate } from "../format.ts";
import type { View } from "../header.ts";
import { clean, joinParts, labelled, margin } from "../line.ts";
import { table } from "../table.ts";

type Verdict = Drift["verdict"] | StabilityCheck["verdict"];

/** Whether anything grew: the slope of each service's memory against the one that harms, then everything that should be as it was. */
export function driftBlock(summary: Summary, view: View): string[] {
  const { stability, resources } = summary;
  const drifts = resources.flatMap(({ name, drift }) => (drift ? [{ name, drift }] : []));
  if (!stability || drifts.length === 0) return [];
  const { theme, width } = view;
  const heading = [
    theme.strong("drift"),
    ...["verdict", "growth, MiB/h", "bounds", "harmful", "to the limit"].map((name) => theme.faint(name)),
  ];
  const rows = drifts.map(({ name, drift }) => [`${sign(drift.verdict, view)} ${clean(name)}`, ...driftCells(drift)]);
  const lines = table([heading, ...rows], { align: "llrrrr", width, least: [14, 9], gap: width >= 100 ? 2 : 1 });
  return [...lines, ...checkLines(stability.checks, view)];
}

/** Verdict, growth and its bounds, harmful growth (MiB an hour), and the time to the limit or to a decision. */
export function driftCells({ verdict, slope, harmfulBytesPerHour, neededMs, timeToLimitMs }: Drift): string[] {
  const bounds = slope === null ? absent : `${mebibytes(slope.lowerBytesPerHour)} to ${mebibytes(slope.upperBytesPerHour)}`;
  const last = verdict === "undecided" && neededMs !== null ? `run ${formatDuration(neededMs)} more` : timeLeft(timeToLimitMs);
  return [verdict, mebibytes(slope?.bytesPerHour ?? null), bounds, mebibytes(harmfulBytesPerHour), last];
}

/** The time to a service's limit, in days where it is longer than two. */
export function timeLeft(ms: number | null): string {
  if (ms === null) return absent;
  const days = ms / 86_400_000;
  return days >= 2 ? `${formatCount(days)} days` : formatDuration(ms);
}

function mebibytes(bytes: number | null): string {
  return bytes === null
    ? absent
    : (bytes / 2 ** 20)
        .toFixed(2)
        .replace(/^-(?=0\.00$)/, "")
        .replace("-", "−");
}

/** What is not stable on lines of its own, the rest named together. */
function checkLines(checks: readonly StabilityCheck[], view: View): string[] {
  const nameOf = ({ check, service }: StabilityCheck) => `${service === null ? "" : `${clean(service)} `}${nouns[check]}`;
  const troubles = checks
    .filter(({ verdict }) => verdict !== "stable")
    .flatMap((check) => {
      const figures = `${show(check.before, check.unit)} → ${show(check.after, check.unit)}`;
      const allowed = check.allowed === null ? "" : `, allowed ${show(check.allowed, check.unit)}`;
      return ` ${sign(check.verdict, view)} ${nameOf(check)} ${check.verdict}: ${figures}${allowed}`;
    });
  const stable = [...new Set(checks.filter(({ verdict }) => verdict === "stable").map(({ check }) => nouns[check]))];
  const fine =
    stable.length === 0 ? [] : labelled(` ${view.theme.good("✓")} as before`, joinParts(stable), 14, view.width - margin);
  return [...troubles, ...fine];
}

/** What should be as it was, for people. */
export const nouns: Record<StabilityCheck["check"], string> = {
  residual: "memory after the load",
  fds: "descriptors",
  threads: "threads",
  sockets: "sockets",
  "fds-growth": "descriptors under load",
  "sockets-growth": "sockets under load",
  "cpu-after": "CPU after the load",
  latency: "latency",
  throughput: "throughput",
};

export function show(value: number | null, unit: StabilityCheck["unit"]): string {
  if (value === null) return absent;
  switch (unit) {
    case "bytes":
      return formatBytes(value);
    case "count":
      return formatCount(value);
    case "cores":
      return `${value.toFixed(2)} cores`;
    case "ms":
      return formatLatency(value);
    case "requests/s":
      return `${formatRate(value)}/s`;
  }
}

function sign(verdict: Verdict, { theme }: View): string {
  if (verdict === "stable") return theme.good("✓");
  return verdict === "leaking" || verdict === "drifting" ? theme.bad("✗") : theme.warn("?");
}
