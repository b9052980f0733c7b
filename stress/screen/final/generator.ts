import type { Summary } from "../../measure/summary.ts";
import { formatCores, formatLatency, formatShare } from "../format.ts";
import type { View } from "../header.ts";
import { clean, joinParts, labelled, left, margin, wrap } from "../line.ts";

const labelWidth = 13;

/** What the load generator itself used, and whether the figures are its limit rather than the target's. */
export function generatorBlock(summary: Summary, view: View): string[] {
  const { generator } = summary;
  const { theme, width } = view;
  const workers = `${generator.workers} ${generator.workers === 1 ? "worker" : "workers"}`;
  const facts = [`${formatCores(generator.cpuCores)} in ${workers}`];
  if (generator.threadCpu.length > 0) facts.push(`busiest ${formatShare(Math.max(...generator.threadCpu))}`);
  if (generator.runDelay.length > 0) facts.push(`kept waiting ${formatShare(Math.max(...generator.runDelay))}`);
  if (generator.steal !== null) facts.push(`steal ${formatShare(generator.steal)}`);
  if (generator.pacerLagP99Ms !== null) facts.push(`pacer lag p99 ${formatLatency(generator.pacerLagP99Ms)}`);
  const verdict = generator.saturated ? theme.warn("! AT ITS LIMIT") : "not the limit";
  const start = " ".repeat(margin) + theme.strong(left("generator", labelWidth));
  const lines = labelled(start, joinParts([verdict, ...facts]), margin + labelWidth, width - margin);
  // What the verdict or the bottleneck has told already is not told again.
  const told = new Set([...summary.results.reasons, ...summary.capacity.evidence]);
  const fresh = generator.evidence.filter((each) => !told.has(each));
  return [...lines, ...fresh.flatMap((each) => wrap(clean(each), width - margin, margin + labelWidth))];
}
