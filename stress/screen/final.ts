import type { Summary } from "../measure/summary.ts";
import { capacityBlock } from "./final/capacity.ts";
import { driftBlock } from "./final/drift.ts";
import { failureBlock } from "./final/failures.ts";
import { filesBlock } from "./final/files.ts";
import { generatorBlock } from "./final/generator.ts";
import { latencyBlock } from "./final/latency.ts";
import { memoryBlock } from "./final/memory.ts";
import { phaseBlock } from "./final/phases.ts";
import { breakingPointBlock, planBlock } from "./final/plan.ts";
import { classBlock, routeBlock } from "./final/routes.ts";
import { levelBlock, searchBlock } from "./final/search.ts";
import { streamBlock } from "./final/streams.ts";
import { checkBlock, thresholdBlock } from "./final/thresholds.ts";
import { verdictBlock } from "./final/verdict.ts";
import { warningBlock } from "./final/warnings.ts";
import { headerLine, type View } from "./header.ts";
import { fit } from "./line.ts";

/**
 * The final screen: everything a run found, the most important first. The one layout behind the end of a live run, the
 * plain-text report and `stress show`. Pure: the same summary gives the same lines.
 */
export function finalScreen(summary: Summary, files: readonly string[], view: View): string[] {
  const { profile, environment } = summary;
  const header = headerLine(profile, environment.deployment?.topology ?? null, environment.host.cores, view);
  const blocks = [
    [header],
    verdictBlock(summary, view),
    planBlock(summary, view),
    searchBlock(summary, view),
    levelBlock(summary, view),
    breakingPointBlock(summary, view),
    capacityBlock(summary, view),
    streamBlock(summary, view),
    latencyBlock(summary, view),
    classBlock(summary, view),
    routeBlock(summary, view),
    failureBlock(summary, view),
    thresholdBlock(summary, view),
    checkBlock(summary, view),
    phaseBlock(summary, view),
    memoryBlock(summary, view),
    driftBlock(summary, view),
    generatorBlock(summary, view),
    warningBlock(summary, view),
    filesBlock(files, view),
  ];
  const shown = blocks.filter((block) => block.length > 0);
  return shown.flatMap((block, at) => (at === 0 ? block : ["", ...block])).map((line) => fit(line, view.width).trimEnd());
}
