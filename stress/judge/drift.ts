import type { Drift } from "../measure/drift-summary.ts";
import { levelsOf, type Reading, type Span } from "./drift/blocks.ts";
import { Designs } from "./drift/design.ts";
import { doubtOf } from "./drift/doubt.ts";
import { type Effect, effectOf, type Level } from "./drift/effect.ts";
import { steadySpan } from "./drift/steady.ts";

/** One service's memory over one run; times in milliseconds since the run started, values in bytes. */
export interface MemorySeries {
  figure: Drift["figure"];
  readings: readonly Reading[];
  /** From the first request due to the last; null when there was no load. */
  load: Span | null;
  /** Readings of the whole run, and those that should have been and were not; `readings` may hold fewer, since a log merges them. */
  taken: number;
  lost: number;
}

export interface DriftOptions {
  limitBytes: number | null;
  baselineBytes: number | null;
  /** Probability of calling memory leaking that does not leak: this check's share of the run's. */
  falseAlarm: number;
  /** Probability of calling memory stable that grows by the harmful slope. */
  missedLeak?: number;
  harmfulBytesPerHour?: number;
}

const hourMs = 3_600_000;
const mebibyte = 2 ** 20;
/** A low quantile of a block is the floor of a sawtooth; the very lowest would be at the mercy of one bad reading. */
const floorShare = 0.1;
/** Short blocks tell fast noise from slow, long ones average over a collector's cycle: both are looked at. */
const fineLevels = 360;
const coarseLevels = 45;
const leastLevels = 12;
const readingsPerLevel = 2;
/** Memory is judged by no fewer readings of a constant load than these. */
export const leastReadings = leastLevels * readingsPerLevel;
/** Lost readings, and blocks left without, above these shares leave a slope without a basis. */
const lostShare = 0.2;
const missingShare = 0.3;

/** Does this memory grow, by enough to matter? Pure. */
export function driftOf(series: MemorySeries, options: DriftOptions, designs = new Designs()): Drift {
  const missedLeak = options.missedLeak ?? 0.01;
  const harmful = options.harmfulBytesPerHour ?? harmfulSlope(options);
  const { load } = series;
  const readings = series.readings.filter(({ atMs }) => load && atMs >= load.fromMs && atMs <= load.toMs);
  const nothing: Drift = {
    figure: series.figure,
    verdict: "undecided",
    slope: null,
    harmfulBytesPerHour: harmful,
    steady: null,
    samples: series.taken,
    lost: series.lost,
    levels: 0,
    effectiveLevels: null,
    correlationMs: null,
    neededMs: null,
    timeToLimitMs: null,
    reasons: [],
  };
  if (load === null) return { ...nothing, reasons: ["no stage held a constant load"] };
  if (readings.length === 0) return { ...nothing, verdict: "invalid", reasons: ["no memory was read during the load"] };
  const due = series.taken + series.lost;
  if (series.lost > lostShare * due) {
    return { ...nothing, verdict: "invalid", reasons: [`${series.lost} of ${due} samples were lost`] };
  }
  const { settled, ...steady } = steadySpan(readings, load, floorShare);
  const found = levelsIn(readings, steady, fineLevels);
  const judged = { ...nothing, steady, levels: found.levels.length };
  if (found.levels.length < leastLevels) {
    const perMs = (steady.toMs - steady.fromMs) / Math.max(1, found.levels.length);
    const neededMs = (leastLevels - found.levels.length) * perMs;
    return { ...judged, neededMs, reasons: [`too few samples: ${readings.length} in the load`] };
  }
  if (found.levels.length < (1 - missingShare) * found.asked) {
    return { ...judged, verdict: "invalid", reasons: ["samples are missing for long stretches of the load"] };
  }
  // Looks share the risks: the steady stretch at two resolutions, and the last half of the load for a leak that starts late.
  const halfFromMs = (load.fromMs + load.toMs) / 2;
  const late = { fromMs: Math.max(halfFromMs, steady.fromMs), toMs: steady.toMs };
  const looks = [
    { span: steady, most: fineLevels, share: 0.6 },
    { span: steady, most: coarseLevels, share: 0.2 },
    { span: late, most: coarseLevels, share: 0.2 },
  ].flatMap(({ span, most, share }) => {
    const risks = { lower: options.falseAlarm * share, upper: missedLeak / 2 };
    const { levels } = levelsIn(readings, span, most);
    const slope =
      levels.length < leastLevels ? null : effectOf(levels, (i) => (levels[i]?.atMs ?? 0) / hourMs, risks, { designs });
    return slope === null ? [] : [{ span, levels, slope, risks }];
  });
  const whole = looks
    .filter(({ span }) => span === steady)
    .reduce<(typeof looks)[number] | undefined>((a, b) => (a && width(a.slope) <= width(b.slope) ? a : b), undefined);
  if (whole === undefined) return { ...judged, reasons: ["too few samples to fit a slope"] };
  const above = harmful === null ? [] : looks.filter(({ slope }) => slope.lower > harmful);
  const doubts = above.map((look) => doubtOf({ ...look, readings, load, floorShare }, designs));
  const leak = above[doubts.indexOf(null)];
  const { slope, levels, span, risks } = leak ?? whole;
  const last = levels.at(-1)?.value ?? 0;
  const timeToLimitMs =
    options.limitBytes === null || slope.lower <= 0 ? null : Math.max(0, ((options.limitBytes - last) / slope.estimate) * hourMs);
  const result: Drift = {
    ...judged,
    steady: span,
    levels: levels.length,
    slope: {
      bytesPerHour: slope.estimate,
      lowerBytesPerHour: slope.lower,
      upperBytesPerHour: slope.upper,
      lowerConfidence: 1 - risks.lower,
      upperConfidence: 1 - risks.upper,
    },
    effectiveLevels: slope.effective,
    correlationMs: Number.isFinite(slope.noise.correlationMs) ? slope.noise.correlationMs : null,
    timeToLimitMs,
  };
  const said = `${perHour(slope.estimate)} (${perHour(slope.lower)} to ${perHour(slope.upper)})`;
  if (harmful === null) return { ...result, reasons: ["neither a memory limit nor a baseline is known to judge growth by"] };
  if (leak) return { ...result, verdict: "leaking", reasons: [`memory grows by ${said}; harmful is ${perHour(harmful)}`] };
  if (above.length > 0) return { ...result, reasons: doubts.filter((doubt) => doubt !== null) };
  if (slope.upper < harmful && settled) {
    return { ...result, verdict: "stable", reasons: [`memory changes by ${said}; harmful is ${perHour(harmful)}`] };
  }
  const unsettled = settled ? [] : ["memory was still settling at the middle of the load"];
  // How long memory goes on settling is not known: by as much more as was cut off, its middle lies well behind that.
  const settlingMs = settled ? 0 : steady.fromMs - load.fromMs;
  if (slope.upper < harmful) return { ...result, neededMs: settlingMs, reasons: unsettled };
  const slopeMs = neededTime(slope, harmful, span.toMs - span.fromMs);
  const neededMs = slopeMs === null ? null : Math.max(slopeMs, settlingMs);
  const hopeless = neededMs === null ? "; it takes more than another week to tell, or a larger --harmful" : "";
  const unknown = `memory may change by ${said}; harmful is ${perHour(harmful)}${hopeless}`;
  return { ...result, neededMs, reasons: [...unsettled, unknown] };
}

/** What would fill a tenth of the limit, or of the baseline where there is none, in 24 hours. */
export function harmfulSlope({ limitBytes, baselineBytes }: Pick<DriftOptions, "limitBytes" | "baselineBytes">): number | null {
  const room = limitBytes ?? baselineBytes;
  return room === null ? null : room / 10 / 24;
}

function width({ lower, upper }: Effect): number {
  return upper - lower;
}

function levelsIn(readings: readonly Reading[], span: Span, most: number): { levels: Level[]; asked: number } {
  const inside = readings.filter(({ atMs }) => atMs >= span.fromMs && atMs <= span.toMs).length;
  const asked = Math.min(most, Math.floor(inside / readingsPerLevel));
  return { levels: asked < 1 ? [] : levelsOf(readings, span, asked, floorShare), asked };
}

/**
 * For a slope whose bounds lie on both sides of the harmful one. Its error falls with the length of the run to the power 3/2,
 * that of a random walk to the power 1/2. Null beyond a week: nobody should plan by such a guess.
 */
function neededTime(slope: Effect, harmful: number, spanMs: number): number | null {
  const distance = Math.abs(harmful - slope.estimate);
  const width = slope.estimate < harmful ? slope.upper - slope.estimate : slope.estimate - slope.lower;
  const power = slope.noise.correlationMs > spanMs ? 2 : 2 / 3;
  const moreMs = spanMs * ((width / distance) ** power - 1);
  return moreMs <= 7 * 24 * hourMs ? moreMs : null;
}

function perHour(bytes: number): string {
  const sign = bytes < 0 ? "−" : "+";
  return `${sign}${(Math.abs(bytes) / mebibyte).toFixed(2)} MiB/h`;
}
