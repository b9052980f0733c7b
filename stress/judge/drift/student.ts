/**
 * Student's t by the regularised incomplete beta function: its continued fraction by Lentz's method (Abramowitz and
 * Stegun, 26.5.8 and 26.7.1). Good to ten digits for the degrees of freedom met here.
 */

/** P(T > t) for `dof` degrees of freedom. */
export function upperTail(t: number, dof: number): number {
  const half = incompleteBeta(dof / (dof + t * t), dof / 2, 0.5) / 2;
  return t >= 0 ? half : 1 - half;
}

/**
 * The t that is exceeded with probability `alpha` below one half. By Newton's method from 0, where the tail is convex: each
 * step falls short of the answer, so none can miss it.
 */
export function criticalT(alpha: number, dof: number): number {
  const peak = Math.exp(-logBeta(dof / 2, 0.5)) / Math.sqrt(dof);
  let t = 0;
  for (let i = 0; i < 200; i++) {
    const density = peak * (1 + (t * t) / dof) ** (-(dof + 1) / 2);
    const step = (upperTail(t, dof) - alpha) / density;
    t += step;
    if (step <= 1e-12 * t) break;
  }
  return t;
}

function incompleteBeta(x: number, a: number, b: number): number {
  if (x <= 0 || x >= 1) return x <= 0 ? 0 : 1;
  // The fraction converges fast below the mean only; above it, the other tail is computed.
  if (x > (a + 1) / (a + b + 2)) return 1 - incompleteBeta(1 - x, b, a);
  const front = Math.exp(a * Math.log(x) + b * Math.log1p(-x) - logBeta(a, b)) / a;
  const away = (value: number) => (Math.abs(value) < 1e-300 ? 1e-300 : value);
  let c = 1;
  let d = 1 / away(1 - ((a + b) * x) / (a + 1));
  let fraction = d;
  for (let m = 1; m < 500; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / away(1 + even * d);
    c = away(1 + even / c);
    fraction *= d * c;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / away(1 + odd * d);
    c = away(1 + odd / c);
    const step = d * c;
    fraction *= step;
    if (Math.abs(step - 1) < 1e-14) break;
  }
  return front * fraction;
}

function logBeta(a: number, b: number): number {
  return logGamma(a) + logGamma(b) - logGamma(a + b);
}

/** Lanczos' approximation (g = 7, n = 9), for x > 0. */
function logGamma(x: number): number {
  if (x < 0.5) return Math.log(Math.PI / Math.sin(Math.PI * x)) - logGamma(1 - x);
  let sum = lanczos[0] as number;
  for (let i = 1; i < lanczos.length; i++) sum += (lanczos[i] as number) / (x + i - 1);
  const t = x + 6.5;
  return Math.log(Math.sqrt(2 * Math.PI)) + (x - 0.5) * Math.log(t) - t + Math.log(sum);
}

const lanczos = [
  0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059, 12.507343278686905,
  -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
];
