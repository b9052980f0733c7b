import { isOnlyOffered } from "../../judge/sizing.ts";
import type { Summary } from "../../measure/summary.ts";
import { formatDuration, formatShare } from "../../screen/format.ts";
import { type Evidence, isCheapest, isMeasuredApart, modeOf, sharesHost } from "./evidence.ts";
import type { ComposeLimits } from "./limits.ts";
import { code } from "./markdown.ts";

/** Below this, warm-up and a neighbour's burst weigh as much as the target. */
const shortLoadMs = 60_000;
/** The hypervisor took more than this share of the host's CPU time. */
const muchSteal = 0.01;

interface Caveat {
  /** Whether the evidence says so. */
  applies(summary: Summary, limits: readonly ComposeLimits[], all: readonly Evidence[]): boolean;
  text(summaries: readonly Summary[]): string;
}

const caveats: readonly Caveat[] = [
  {
    applies: sharesHost,
    text: () =>
      "The load generator ran on the same host and took CPU from the target: on a host of its own the target carries more than this.",
  },
  {
    applies: (summary) => isCheapest(summary) && !isPlain(summary),
    text: () => "The endpoint is the cheapest there is: what is measured is the edge, and work in a real backend comes on top.",
  },
  {
    applies: isPlain,
    text: () =>
      "What is called `target` was asked over plain HTTP and no deployment was known of it: there is no TLS in its figures, and perhaps no edge.",
  },
  {
    applies: (summary, _, all) => isMeasuredApart(summary, all),
    text: () =>
      "Topologies were measured one after the other, not in turn: whatever else changed on the machine in between counts as well, so do not rank them by these figures. `stress matrix --repeat` measures them in turn.",
  },
  {
    applies: (summary, limits) => modeOf(summary) === "docker" && clamped(summary, limits).length > 0,
    text: () => "Limits were clamped to what the host has: a larger host gives the same bundle more.",
  },
  {
    applies: (summary) => modeOf(summary) === "embedded",
    text: () => "Embedded services have no enforced limits: they shared all CPUs of the host.",
  },
  {
    applies: ({ generator }) => (generator.steal ?? 0) > muchSteal,
    text: (summaries) => {
      const most = Math.max(...summaries.map(({ generator }) => generator.steal ?? 0));
      return `The host is a virtual machine whose hypervisor took up to ${formatShare(most)} of the CPU time: figures move with its neighbours.`;
    },
  },
  {
    applies: ({ state }) => state.testRunDurationMs < shortLoadMs,
    text: (summaries) => {
      const least = Math.min(...summaries.map(({ state }) => state.testRunDurationMs));
      return `The load was short (${formatDuration(least)} in the shortest run): what held for so long may not hold for an hour.`;
    },
  },
  {
    applies: ({ capacity }) => capacity.kind === "floor",
    text: () => "The load generator was at its limit: the capacity is a floor, and the target may carry more.",
  },
  {
    applies: isOnlyOffered,
    text: () => "The load was fixed beforehand and nothing gave way: the target carries at least what it was sent.",
  },
  {
    applies: ({ capacity }) => capacity.bottleneck === "host",
    text: () => "The host ran out of CPU as a whole: which part of the bundle would have given way first is not known.",
  },
  {
    applies: ({ results }) => results.verdict !== "pass",
    text: (summaries) =>
      `The run did not pass: ${[...new Set(summaries.flatMap(({ results }) => results.reasons))].map(code).join("; ") || "see its summary"}.`,
  },
];

/** Services whose CPUs in the run were fewer than the compose file gives. */
function clamped({ environment }: Summary, limits: readonly ComposeLimits[]): string[] {
  const services = environment.deployment?.services ?? [];
  return services.flatMap(({ name, cpus }) => {
    const given = limits.find(({ service }) => service === name)?.cpus ?? null;
    return given !== null && cpus !== null && cpus < given ? [name] : [];
  });
}

/** What limits the use of these figures, each with the files it follows from; and where to read what no summary tells. */
export function caveatList(evidence: readonly Evidence[], limits: readonly ComposeLimits[], notes: string | null): string {
  const items = caveats.flatMap((caveat) => {
    const found = evidence.filter(({ summary }) => caveat.applies(summary, limits, evidence));
    if (found.length === 0) return [];
    const where = found.length === evidence.length ? "" : ` (${found.map(({ file }) => code(file)).join(", ")})`;
    return [`- ${caveat.text(found.map(({ summary }) => summary))}${where}`];
  });
  if (notes !== null) items.push(`- What the summaries themselves cannot tell is in [${code(notes)}](${encodeURI(notes)}).`);
  return items.join("\n");
}

function isPlain({ environment, profile }: Summary): boolean {
  return environment.deployment === null && profile.target.baseUrl.startsWith("http:");
}
