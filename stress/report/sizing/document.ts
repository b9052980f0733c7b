import { caveatList } from "./caveats.ts";
import { type Evidence, isCheapest, sorted } from "./evidence.ts";
import { type KeepaliveEvidence, keepaliveSection } from "./keepalive.ts";
import { endpointTable, levelSection } from "./levels.ts";
import type { ComposeLimits } from "./limits.ts";
import { planSection } from "./plan.ts";
import { checksums, costTable, environment, headline, limitTable, memoryTable, method } from "./sections.ts";

export interface SizingOptions {
  /** From the compose file; empty where none was given. */
  limits: readonly ComposeLimits[];
  /** The same load with the upstream pool on and off; null where it was not compared. */
  keepalive: KeepaliveEvidence | null;
  /** Where it is told how the evidence was made, as the document links to it; null where nowhere. */
  notes: string | null;
  /** Share of a replica's capacity that is left unused, 0 to 1. */
  headroom: number;
  /** Command that makes this document again. */
  command: string;
}

/** The sizing document, in Markdown, from evidence alone: the same summaries give the same text. Pure. */
export function renderSizing(given: readonly Evidence[], { limits, keepalive, notes, headroom, command }: SizingOptions): string {
  const evidence = sorted(given);
  const sections: [title: string, body: string][] = [
    ["What it carries", headline(evidence)],
    ["How much before something gives way", levelSection(evidence)],
    ["What the workload stands for", workload(evidence)],
    ["What these figures do not say", caveatList(evidence, limits, notes)],
    ["How much for how many", planSection(evidence, headroom)],
    ["What a request costs", costTable(evidence)],
    ["What the upstream pool is worth", keepalive === null ? "" : keepaliveSection(keepalive)],
    ["Memory", memoryTable(evidence)],
    ["Limits", limitsIntro(limitTable(limits))],
    ["How it was measured", `${environment(evidence)}\n\n${method(evidence)}`],
    ["Evidence", checksums(evidence)],
  ];
  const shown = sections.filter(([, body]) => body !== "").map(([title, body]) => `## ${title}\n\n${body}\n`);
  return [`# Sizing\n\nGenerated from evidence by \`${command}\`; change neither by hand.\n`, ...shown].join("\n");
}

function workload(evidence: readonly Evidence[]): string {
  const cheap = evidence.some(({ summary }) => isCheapest(summary));
  const working = evidence.some(({ summary }) => !isCheapest(summary));
  return [
    "Plateau is the rate held on the highest constant stage, average the rate over the whole load with its ramps. A closed model sends a user's next request when its last one is answered, so the load follows the target; an open model sends at a fixed rate whatever the target does.",
    ...(cheap
      ? [
          "`/health` costs the backend microseconds: through an edge it shows what that edge itself carries, TLS, parsing and forwarding.",
        ]
      : []),
    ...(working
      ? ["Endpoints that work (`/work?cpuUs=N` burns N µs of CPU) show how capacity falls when requests cost something."]
      : []),
    endpointTable(evidence),
  ]
    .filter((part) => part !== "")
    .join("\n\n");
}

function limitsIntro(table: string): string {
  return table === ""
    ? ""
    : `As shipped, by service of the compose file; on a smaller host \`./deploy.sh --docker\` clamps them and says so.\n\n${table}`;
}
