import type { Level } from "./effect.ts";

/** A reading of anything; times in milliseconds since the run started. */
export interface Reading {
  atMs: number;
  value: number;
}

export interface Span {
  fromMs: number;
  toMs: number;
}

/** A block with less than this share of the readings that the fullest ones have is left out: its level is not like theirs. */
const leastFill = 0.4;

/** The value below which `share` of the values lie, between neighbours by line. Null of nothing. */
export function quantile(values: readonly number[], share: number): number | null {
  const sorted = values.toSorted((a, b) => a - b);
  const at = share * (sorted.length - 1);
  const [low, high] = [sorted[Math.floor(at)], sorted[Math.ceil(at)]];
  return low === undefined || high === undefined ? null : low + (high - low) * (at - Math.floor(at));
}

/**
 * The level of each of `count` equal blocks of a span: the `share` quantile of its readings. Blocks do two things that
 * single readings cannot: they average over a garbage collector's cycle, and what happens within one is nobody's
 * assumption. A low quantile reads the floor of a sawtooth, which is what is live, and does not see peaks and outliers.
 */
export function levelsOf(readings: readonly Reading[], span: Span, count: number, share: number): Level[] {
  const blockMs = (span.toMs - span.fromMs) / count;
  const blocks: Reading[][] = Array.from({ length: count }, () => []);
  for (const reading of readings) {
    if (reading.atMs < span.fromMs || reading.atMs > span.toMs) continue;
    blocks[Math.min(count - 1, Math.floor((reading.atMs - span.fromMs) / blockMs))]?.push(reading);
  }
  const full = quantile(
    blocks.map(({ length }) => length),
    0.75,
  );
  return blocks.flatMap((block) => {
    const value = quantile(
      block.map((reading) => reading.value),
      share,
    );
    if (value === null || block.length < leastFill * (full ?? 0)) return [];
    // When the readings were, not where the block is: half a block may be missing.
    return { atMs: block.reduce((sum, { atMs }) => sum + atMs, 0) / block.length, value };
  });
}
