import type { Stage } from "../profile/profile.ts";
import { seededRandom } from "./random.ts";

/** When arrivals are due. Pure; times in milliseconds since the load started. */
export interface Pacer {
  /** When the cumulative number of arrivals reaches `n` (any real number ≥ 0); infinite beyond the profile's total. */
  dueAt(n: number): number;
  /** Arrivals a second at `tMs`. */
  rateAt(tMs: number): number;
  /** Cumulative arrivals until `tMs`. */
  countAt(tMs: number): number;
  /** Area under the rate curve: arrivals of the whole profile. */
  total: number;
}

/** Areas are sums of rounded products: without it 8.3 a second would arrive 250 times in 30 s, the last at its end. */
const countTolerance = 1e-6;

interface Segment {
  startMs: number;
  durationMs: number;
  /** Arrivals a millisecond at its start and end. */
  from: number;
  to: number;
  /** Arrivals before it. */
  before: number;
  area: number;
}

/**
 * The n-th arrival is due when the area under the rate curve reaches n. Over a segment of length D from rate a to b the
 * area after τ is aτ + (b − a)τ²/2D. Solving for τ at area m, in the form that does not cancel when b is near a:
 *
 *     τ = 2m / (a + √(a² + 2(b − a)m/D))
 */
export function pacerFor(stages: readonly Stage[]): Pacer {
  const segments: Segment[] = [];
  let startMs = 0;
  let before = 0;
  for (const { durationMs, from, to } of stages) {
    const area = (((from + to) / 2) * durationMs) / 1000;
    segments.push({ startMs, durationMs, from: from / 1000, to: to / 1000, before, area });
    startMs += durationMs;
    before += area;
  }
  const at = (tMs: number) => segments.find((segment) => tMs < segment.startMs + segment.durationMs);
  return {
    total: before,
    dueAt(n) {
      for (const { startMs, durationMs, from, to, before, area } of segments) {
        const m = n - before;
        if (m > area - countTolerance) continue;
        if (m <= 0 && from > 0) return startMs;
        const root = Math.sqrt(Math.max(0, from * from + (2 * (to - from) * m) / durationMs));
        // Zero over zero: the first arrival of a ramp from nothing is due when the ramp starts.
        return m <= 0 ? startMs : startMs + (2 * m) / (from + root);
      }
      return Number.POSITIVE_INFINITY;
    },
    rateAt(tMs) {
      const segment = at(tMs);
      if (segment === undefined || tMs < 0) return 0;
      const share = (tMs - segment.startMs) / segment.durationMs;
      return (segment.from + (segment.to - segment.from) * share) * 1000;
    },
    countAt(tMs) {
      const segment = at(tMs);
      if (segment === undefined) return tMs < 0 ? 0 : before;
      const t = Math.max(0, tMs - segment.startMs);
      return segment.before + segment.from * t + ((segment.to - segment.from) * t * t) / (2 * segment.durationMs);
    },
  };
}

/** The due times of one worker, in order; infinite after the last. */
export interface Arrivals {
  next(): number;
}

/** Worker `index` of `of` sends arrivals index, index + of, …: together exactly the pacer's, none twice, none lost. */
export function constantArrivals(pacer: Pacer, index: number, of: number): Arrivals {
  let n = index - of;
  return {
    next() {
      n += of;
      return pacer.dueAt(n);
    },
  };
}

/**
 * A Poisson process of the pacer's rate: unit-rate exponential gaps mapped through the inverse of the cumulative rate
 * (time rescaling; Çınlar, Introduction to Stochastic Processes, 1975). Each worker's stream has rate 1/of, and
 * independent Poisson streams add up to one.
 */
export function poissonArrivals(pacer: Pacer, index: number, of: number, seed: number): Arrivals {
  const random = seededRandom(seed, index);
  let area = 0;
  return {
    next() {
      area -= Math.log(1 - random()) * of;
      return pacer.dueAt(area);
    },
  };
}
