import { type NoReplica, type Replica, replicaOf, type Sized, sizeFor } from "../../judge/sizing.ts";
import { formatBytes, formatCores, formatCount, formatRate, formatShare } from "../../screen/format.ts";
import { type Evidence, endpointOf, placeOf } from "./evidence.ts";
import { code, plain, table } from "./markdown.ts";

/** Rates that the table answers for, requests a second. */
const wanted = [100, 250, 500, 1_000, 2_000, 5_000, 10_000, 20_000];

/** What wanted rates take, a table for each run that measured a replica, and why the others did not. A soak asks something else. */
export function planSection(evidence: readonly Evidence[], headroom: number): string {
  const measured = evidence.flatMap(({ file, summary }) =>
    summary.metadata.scenario === "soak" ? [] : [{ file, summary, found: replicaOf(summary) }],
  );
  const parts = measured.map(({ file, summary, found }) => {
    const body = isReplica(found)
      ? `${basis(file, found)}\n\n${rows(found, headroom)}`
      : `${code(file)} shows no replica: ${plain(found.because)}.`;
    return `### ${plain(placeOf(summary))}, ${code(endpointOf(summary))}: ${summary.metadata.scenario}\n\n${body}`;
  });
  const hasTable = measured.some(({ found }) => isReplica(found));
  return [...(hasTable ? [intro(headroom)] : []), ...parts].join("\n\n");
}

function isReplica(found: Replica | NoReplica): found is Replica {
  return "rps" in found;
}

function intro(headroom: number): string {
  return [
    `Every replica is loaded to at most ${formatShare(1 - headroom)} of what one was measured to carry, and has the memory that one had at that.`,
    "CPU is *measured* where that very rate was held, and *interpolated* between two rates that were.",
    "Otherwise it is *in proportion* to the lowest rate that was, which is rather too little: the fewer the requests, the more CPU each of them usually takes.",
    "Several replicas were not measured together: their rows are that many times one replica at its share, and assume that replicas on hosts of their own do not slow each other down. Those beyond what one replica carries say how many times that.",
  ].join(" ");
}

function basis(file: string, { rps, cores, memoryBytes }: Replica): string {
  return `One replica as measured in ${code(file)}: ${formatRate(rps)} requests/s with ${formatCores(cores)} and ${formatBytes(memoryBytes)}.`;
}

const bases: Record<Sized["cpuBasis"], string> = {
  measured: "measured",
  interpolated: "interpolated",
  "in-proportion": "in proportion",
};

function basisOf({ replicas, extrapolation, cpuBasis }: Sized): string {
  if (replicas === 1) return bases[cpuBasis];
  return extrapolation <= 1 ? "not measured together" : `extrapolated, × ${extrapolation.toFixed(1)}`;
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
      basisOf(sized),
    ];
  });
  return table(["requests/s", "replicas", "cores in use", "memory", "headroom", "basis"], body, 0);
}
