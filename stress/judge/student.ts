/**
 * Student's t distribution. Its distribution function is a regularised incomplete beta function (Abramowitz & Stegun
 * 26.7.1), evaluated by its continued fraction (26.5.8) in Lentz's form. Degrees of freedom may be fractional, as
 * Welch's are, and infinite for the normal distribution.
 */

/** P(T > t) with `df` degrees of freedom, df > 0. */
export function studentTail(t: number, df: number): number {
  if (Number.isNaN(t) || Number.isNaN(df)) return Number.NaN;
  if (t === Number.POSITIVE_INFINITY) return 0;
  if (t === Number.NEGATIVE_INFINITY) return 1;
  // beyond this many the difference from the normal distribution is below the precision of the continued fraction
  const degrees = Math.min(df, 1e7);
  const tail = incompleteBeta(degrees / (degrees + t * t), degrees / 2, 0.5) / 2;
  return t >= 0 ? tail : 1 - tail;
}

/** The t above which `tail` of the distribution lies, 0 < tail < 1. */
export function studentQuantile(tail: number, df: number): number {
  if (tail > 0.5) return -studentQuantile(1 - tail, df);
  let [low, high] = [0, 1];
  while (studentTail(high, df) > tail) [low, high] = [high, high * 2];
  // bisection to the last bit: some 60 steps, and no start value that could be wrong
  for (;;) {
    const middle = (low + high) / 2;
    if (middle <= low || middle >= high) return middle;
    if (studentTail(middle, df) > tail) low = middle;
    else high = middle;
  }
}

/** I_x(a, b). */
function incompleteBeta(x: number, a: number, b: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  // the fraction converges quickly below the mean only
  if (x > (a + 1) / (a + b + 2)) return 1 - incompleteBeta(1 - x, b, a);
  const front = Math.exp(a * Math.log(x) + b * Math.log1p(-x) - logBeta(a, b)) / a;
  return front * continuedFraction(x, a, b);
}

function continuedFraction(x: number, a: number, b: number): number {
  const tiny = 1e-300;
  const awayFromZero = (value: number) => (Math.abs(value) < tiny ? tiny : value);
  let c = 1;
  let d = 1 / awayFromZero(1 - ((a + b) * x) / (a + 1));
  let fraction = d;
  for (let m = 1; m < 100_000; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    let step = 1;
    for (const numerator of [even, odd]) {
      d = 1 / awayFromZero(1 + numerator * d);
      c = awayFromZero(1 + numerator / c);
      step = c * d;
      fraction *= step;
    }
    if (Math.abs(step - 1) < 1e-15) break;
  }
  return fraction;
}

function logBeta(a: number, b: number): number {
  // for large a the difference of two large logarithms would lose what it is for (A & S 6.1.47)
  const ratio = a > 1e5 ? -b * Math.log(a) - (b * (b - 1)) / (2 * a) : logGamma(a) - logGamma(a + b);
  return ratio + logGamma(b);
}

/** Lanczos' approximation with g = 7 and nine terms: 15 digits for x > 0. */
function logGamma(x: number): number {
  if (x < 0.5) return Math.log(Math.PI / Math.sin(Math.PI * x)) - logGamma(1 - x);
  const [first = 0, ...terms] = lanczos;
  const sum = terms.reduce((total, term, i) => total + term / (x + i), first);
  const t = x + 6.5;
  return 0.5 * Math.log(2 * Math.PI) + (x - 0.5) * Math.log(t) - t + Math.log(sum);
}

const lanczos = [
  0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059, 12.507343278686905,
  -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
];
