/** A stream of numbers in [0, 1). */
export type Random = () => number;

/**
 * A seeded stream: SplitMix32 by way of Steele, Lea and Flood, "Fast splittable pseudorandom number generators" (2014).
 * Streams of different `stream` numbers are independent for our purposes: arrival gaps and request mixes.
 */
export function seededRandom(seed: number, stream: number): Random {
  let state = (Math.imul(seed, 0x9e3779b1) ^ Math.imul(stream + 1, 0x85ebca6b)) >>> 0;
  return () => {
    state = (state + 0x9e3779b9) >>> 0;
    let mixed = state;
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32;
  };
}
