import { type Found, scenarios, searchSimulated } from "./test-simulated-search.ts";

/** `npm run proof:search [seeds]`: how often the search is right, on servers whose capacity is known. */
const seeds = Number(process.argv[2] ?? 300);
const precision = 0.03;

interface Scores {
  within: number;
  found: number;
  covered: number;
}

function quantile(values: readonly number[], share: number): number {
  return values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(share * values.length))] ?? Number.NaN;
}

const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
const signed = (share: number) => `${share < 0 ? "−" : "+"}${Math.abs(100 * share).toFixed(2)} %`;

console.log(`${seeds} seeds each; within ${percent(precision)} of the truth, 95 % interval holds the truth\n`);
console.log("| server | truth, /s | within | interval holds | width | error p2.5 | p50 | p97.5 | probes |");
console.log("|---|---|---|---|---|---|---|---|---|");
let failed = false;
for (const scenario of scenarios()) {
  const all: Found[] = Array.from({ length: seeds }, (_, seed) => searchSimulated(scenario, seed + 1, precision));
  const errors = all.flatMap(({ error }) => error ?? []);
  const score: Scores = {
    found: errors.length,
    within: errors.filter((error) => Math.abs(error) <= precision).length / seeds,
    covered: all.filter(({ covered }) => covered).length / seeds,
  };
  const widths = all.flatMap(({ fit }) => (fit === null ? [] : fit.interval.high / fit.interval.low - 1));
  const cells = [
    scenario.name,
    scenario.capacity.toFixed(1),
    percent(score.within),
    percent(score.covered),
    percent(quantile(widths, 0.5)),
    signed(quantile(errors, 0.025)),
    signed(quantile(errors, 0.5)),
    signed(quantile(errors, 0.975)),
    String(
      quantile(
        all.map(({ observations }) => observations.length),
        0.5,
      ),
    ),
  ];
  console.log(`| ${cells.join(" | ")} |`);
  if (score.within < 0.95) failed = true;
}
process.exitCode = failed ? 1 : 0;
