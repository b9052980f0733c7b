import { levelsOf, type Reading, type Span } from "./blocks.ts";
import { leastSquares } from "./least-squares.ts";

/** Fine enough to cut a step of warm-up close to where it ends. */
const blocks = 48;

/**
 * Where the load's start is over: the start that makes the slope of what follows most certain, not later than the middle.
 *
 * The marginal standard error rule (White, "An effective truncation heuristic for bias reduction in simulation output",
 * Simulation 69, 1997) deletes the readings whose deletion narrows the confidence interval of the mean; here it is the
 * interval of the slope, so that a leak is not taken for a start. Cutting costs precision by the third power of the
 * length, so a start is cut only where it bends the line by more than that. `settled` is false when the best cut is the
 * last one allowed: then the series was still bending at the middle.
 */
export function steadySpan(readings: readonly Reading[], load: Span, floorShare: number): Span & { settled: boolean } {
  const levels = levelsOf(readings, load, blocks, floorShare);
  const blockMs = (load.toMs - load.fromMs) / blocks;
  const latest = Math.floor(levels.length / 2);
  let [best, least] = [0, Number.POSITIVE_INFINITY];
  for (let cut = 0; cut <= latest; cut++) {
    const kept = levels.slice(cut);
    if (kept.length < 5) break;
    const { residual, lastVariance } = leastSquares([
      new Float64Array(kept.length).fill(1),
      Float64Array.from(kept, ({ atMs }) => (atMs - load.fromMs) / blockMs),
      Float64Array.from(kept, ({ value }) => value),
    ]);
    const variance = (residual / (kept.length - 2)) * lastVariance;
    if (variance < least * 0.999) [best, least] = [cut, variance];
  }
  const first = levels[best];
  const fromMs = best === 0 || first === undefined ? load.fromMs : first.atMs - blockMs / 2;
  return { fromMs, toMs: load.toMs, settled: best < latest };
}
