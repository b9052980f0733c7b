import { studentQuantile } from "../student.ts";
import { levelsOf, type Reading, type Span } from "./blocks.ts";
import type { Designs } from "./design.ts";
import { type Effect, effectOf, type Level } from "./effect.ts";

/** Growth that was found in one stretch of a load, and what it was found in. */
export interface Growth {
  levels: readonly Level[];
  span: Span;
  /** Per hour. */
  slope: Effect;
  /** All of the load. */
  readings: readonly Reading[];
  load: Span;
  floorShare: number;
}

const hourMs = 3_600_000;
/** Long enough for a collector's cycle of a fifteenth of the stretch: their floors are what is live. */
const longBlocks = 15;
/** A floor that grows by less than this share of what memory grows by does not grow with it. */
const floorGrowth = 0.5;
const overallLevels = 180;
/** One leak in a hundred is taken for a warm-up, and is undecided. */
const slowingRisk = 0.01;

/** Growth that is certain, and yet may be no leak. Null when nothing speaks against one. */
export function doubtOf(growth: Growth, designs: Designs): string | null {
  const { levels, span, slope, readings, load, floorShare } = growth;
  const [first, last] = [levels[0], levels.at(-1)];
  if (first === undefined || last === undefined) return null;
  // A tooth of a slow sawtooth, or memory given back and taken again, rises to where it has been before.
  const grown = (slope.estimate * (last.atMs - first.atMs)) / hourMs;
  const end = levels.slice(-3).reduce((sum, { value }) => sum + value, 0) / 3;
  const peak = readings.reduce(
    (most, { atMs, value }) => (atMs < span.fromMs ? Math.max(most, value) : most),
    Number.NEGATIVE_INFINITY,
  );
  if (end < peak + grown / 2) return "memory grows, but not beyond what it was earlier in the load";
  // Teeth that grow raise the levels of short blocks, some of which see no floor.
  const floors = levelsOf(readings, span, longBlocks, floorShare);
  const floor = effectOf(floors, (i) => (floors[i]?.atMs ?? 0) / hourMs, { lower: 0.05, upper: 0.05 }, { designs });
  if (floor !== null && floor.estimate < floorGrowth * slope.estimate)
    return "memory grows, but not what is left after collections";
  const all = levelsOf(readings, load, Math.min(overallLevels, Math.floor(readings.length / 2)), floorShare);
  if (slows(levels, 0.05, designs) || slowsOverall(all, designs)) {
    return "memory grows, but ever more slowly: a longer run would tell a warm-up from a leak";
  }
  return null;
}

/** With any kind of noise. */
function slows(levels: readonly Level[], risk: number, designs: Designs): boolean {
  const bend = bendOf(levels, risk, designs);
  return bend !== null && bend.upper < 0;
}

/**
 * With the likeliest kind of noise: to overlook that growth slows down is to call a warm-up a leak, and the start of the
 * load, where it slows down most, is part of the answer.
 */
function slowsOverall(levels: readonly Level[], designs: Designs): boolean {
  const bend = bendOf(levels, slowingRisk, designs);
  return bend !== null && bend.estimate < -studentQuantile(slowingRisk, levels.length - 3) * bend.error;
}

function bendOf(levels: readonly Level[], risk: number, designs: Designs): Effect | null {
  const [first, last] = [levels[0]?.atMs ?? 0, levels.at(-1)?.atMs ?? 0];
  const time = (i: number) => ((levels[i]?.atMs ?? 0) - (first + last) / 2) / (last - first);
  return effectOf(levels, (i) => time(i) ** 2, { lower: risk, upper: risk }, { nuisances: [time], designs });
}
