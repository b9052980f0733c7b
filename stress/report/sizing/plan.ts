import { type Replica, replicaOf, sizeFor } from "../../judge/sizing.ts";
import { formatBytes, formatCores, formatCount, formatRate, formatShare } from "../../screen/format.ts";
import { type Evidence, endpointOf, placeOf } from "./evidence.ts";
import { code, plain, table } from "./markdown.ts";

/** Rates that the table answers for, requests a second. */
const wanted = [100, 250, 500, 1_000, 2_000, 5_000, 10_000, 20_000];

/** What wanted rates take, a table for each run that measured a replica. */
export function planSection(evidence: readonly Evidence[], headroom: number): string {
  return evidence
    .flatMap(({ file, summary }) => {
      const replica = replicaOf(summary);
      if (replica === null || summary.metadata.scenario === "soak") return [];
      return [
        `### ${plain(placeOf(summary))}, ${code(endpointOf(summary))}\n\n${basis(file, replica)}\n\n${rows(replica, headroom)}`,
      ];
    })
    .join("\n\n");
}

function basis(file: string, { rps, cores, memoryBytes }: Replica): string {
  return `One replica as measured in ${code(file)}: ${formatRate(rps)} requests/s with ${formatCores(cores)} and ${formatBytes(memoryBytes)}.`;
}

function rows(replica: Replica, headroom: number): string {
  const body = wanted.map((rps) => {
    const sized = sizeFor(rps, replica, headroom);
    return [
      formatCount(rps),
      formatCount(sized.replicas),
      sized.cores.toFixed(2),
      formatBytes(sized.memoryBytes),
      formatShare(sized.headroom),
      sized.extrapolation <= 1 ? "measured" : `extrapolated, × ${sized.extrapolation.toFixed(1)}`,
    ];
  });
  return table(["requests/s", "replicas", "cores in use", "memory", "headroom", "basis"], body, 0);
}
