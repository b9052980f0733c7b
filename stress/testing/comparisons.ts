import { type SimulatedOptions, type SimulatedTarget, simulatedRun, steadyTarget } from "../bench/simulated-run.ts";
import { comparisonSchema } from "../judge/compare/comparison.ts";
import { type CompareOptions, compareGroups, defaultMargins, type RunGroup } from "../judge/compare.ts";
import type { Summary } from "../measure/summary.ts";

export const options: CompareOptions = { margins: defaultMargins, keys: null, paired: false };

/** How the runs of a group are made. */
export interface Making {
  runs?: number;
  from?: number;
  target?: Partial<SimulatedTarget>;
  series?: SimulatedOptions["series"];
  seconds?: number;
  change?: (summary: Summary, at: number) => Summary;
}

/** Simulated runs, `from` the seed of the first. */
export function group(label: string, { runs = 5, from = 1, target = {}, series, seconds = 30, change }: Making = {}): RunGroup {
  return {
    label,
    runs: Array.from({ length: runs }, (_, i) => {
      const summary = simulatedRun({ ...steadyTarget, ...target }, from + i, {
        series: series ?? (runs === 1 ? "batches" : "none"),
        seconds,
      });
      return { file: `${label}-${i + 1}.json`, summary: change?.(summary, i) ?? summary };
    }),
  };
}

/** Compares, and holds the answer to its schema, so that nothing in it is NaN or infinite. */
export function compare(groups: RunGroup[], given: Partial<CompareOptions> = {}) {
  return comparisonSchema.parse(JSON.parse(JSON.stringify(compareGroups(groups, { ...options, ...given }))));
}

/** Runs of other seeds. */
export const b = (making: Making = {}) => group("b", { from: 101, ...making });

export function figure(comparison: ReturnType<typeof compare>, key: string) {
  const found = comparison.figures.find((each) => each.key === key);
  if (found === undefined) throw new Error(`${key} is not among ${comparison.figures.map((each) => each.key)}`);
  return found;
}
