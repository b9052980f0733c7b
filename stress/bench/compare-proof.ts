import { parseArgs } from "node:util";
import type { Comparison } from "../judge/compare/comparison.ts";
import { compareGroups, defaultMargins } from "../judge/compare.ts";
import { type LiveTrial, liveTally } from "./compare-live.ts";
import { type SimulatedOptions, type SimulatedTarget, simulatedRun, steadyTarget } from "./simulated-run.ts";

/**
 * `npm run proof:compare`, and `npm run proof:compare -- --live --slowdown 1.05` on a real server: how often `stress compare` is wrong, on targets that are simulated and so known: something
 * called worse though nothing changed, and a slowdown that is not found.
 */
export interface Trial {
  runs: number;
  seeds: number;
  a?: Partial<SimulatedTarget>;
  b?: Partial<SimulatedTarget>;
  paired?: boolean;
  seconds?: number;
  /** Of single runs. */
  series?: SimulatedOptions["series"];
}

export type Tally = Record<Comparison["verdict"], number>;

/** Verdicts over `seeds` comparisons of `runs` runs a side. */
export function tally({ runs, seeds, a = {}, b = {}, paired = false, seconds, series = "batches" }: Trial): Tally {
  const counts: Tally = { better: 0, same: 0, worse: 0, "cannot-tell": 0 };
  for (let seed = 0; seed < seeds; seed++) {
    const side = (label: string, target: Partial<SimulatedTarget>, offset: number) => ({
      label,
      runs: Array.from({ length: runs }, (_, i) => ({
        file: `${label}-${i + 1}.json`,
        // a and b in turn, as when interleaved
        summary: simulatedRun({ ...steadyTarget, ...target }, 1 + 2 * (seed * runs + i) + offset, {
          series: runs === 1 ? series : "none",
          ...(seconds !== undefined && { seconds }),
        }),
      })),
    });
    const comparison = compareGroups([side("a", a, 0), side("b", b, 1)], { margins: defaultMargins, keys: null, paired });
    counts[comparison.verdict]++;
  }
  return counts;
}

export function line(what: string, counts: Tally): string {
  const all = Object.values(counts).reduce((sum, count) => sum + count, 0);
  const share = (count: number) => `${((100 * count) / all).toFixed(1)} %`.padStart(7);
  const parts = (["worse", "better", "same", "cannot-tell"] as const).map((verdict) => `${share(counts[verdict])} ${verdict}`);
  return `${what.padEnd(66)} ${parts.join("  ")}`;
}

function simulate(seeds: number): void {
  const say = (what: string, trial: Omit<Trial, "seeds">) => console.log(line(what, tally({ ...trial, seeds })));
  console.log(`${seeds} comparisons each; runs stray by 2 % unless said otherwise`);
  for (const runs of [2, 3, 5, 8, 10]) say(`nothing changed, ${runs} runs a side`, { runs });
  say("nothing changed, 5 runs a side, paired", { runs: 5, paired: true });
  say("nothing changed, 5 runs a side, runs stray by 10 %", { runs: 5, ...both({ strayBetweenRuns: 0.1 }) });
  say("nothing changed, 5 runs a side, 0.1 % fail", { runs: 5, ...both({ failing: 0.001 }) });
  for (const runs of [3, 5, 8, 10]) say(`5 % slower, ${runs} runs a side`, { runs, b: { slowdown: 1.05 } });
  for (const runs of [3, 5]) say(`20 % slower, ${runs} runs a side`, { runs, b: { slowdown: 1.2 } });
  say("5 % slower, 5 runs a side, runs stray by 1 %", {
    runs: 5,
    a: { strayBetweenRuns: 0.01 },
    b: { strayBetweenRuns: 0.01, slowdown: 1.05 },
  });
  const single = { runs: 1, seconds: 30 };
  for (const stray of [0.05, 0.1]) {
    say(`nothing changed, one run a side, runs stray by ${stray * 100} %`, { ...single, ...both({ strayBetweenRuns: stray }) });
  }
  // what the method does not promise, and how far single runs reach
  const few = Math.ceil(seeds / 5);
  const sayFew = (what: string, trial: Omit<Trial, "seeds">) =>
    console.log(line(`${what} (${few})`, tally({ ...trial, seeds: few })));
  sayFew("nothing changed, one run a side, runs stray by 20 %", { ...single, ...both({ strayBetweenRuns: 0.2 }) });
  for (const slowdown of [1.05, 1.2, 1.5]) {
    sayFew(`${Math.round((slowdown - 1) * 100)} % slower, one run a side`, { ...single, b: { slowdown } });
  }
}

const both = (target: Partial<SimulatedTarget>) => ({ a: target, b: target });

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      seeds: { type: "string", default: "1000" },
      /** On a real server in place of a simulated one. */
      live: { type: "boolean", default: false },
      comparisons: { type: "string", default: "20" },
      rounds: { type: "string", default: "5" },
      seconds: { type: "string", default: "2" },
      slowdown: { type: "string", default: "1" },
    },
  });
  if (values.live) {
    const [comparisons, rounds, seconds, slowdown] = [values.comparisons, values.rounds, values.seconds, values.slowdown].map(
      Number,
    );
    const trial = { comparisons, rounds, seconds, slowdown } as LiveTrial;
    console.log(line(`${JSON.stringify(trial)}`, await liveTally(trial, (text) => console.log(text))));
  } else simulate(Number(values.seeds));
}
