import { type Random, seededRandom } from "../../load/random.ts";
import type { Reading } from "./blocks.ts";

/** Memory as it would be sampled, in MiB, over a load of `minutes` that starts at zero. */
export interface Trace {
  minutes: number;
  intervalMs: number;
  /** What the noise is measured in. */
  sigma: number;
}

export type Shape = (trace: Trace, gauss: () => number, uniform: Random) => (t: number, i: number) => number | null;

export function normal(uniform: Random): () => number {
  return () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
}

/** An Ornstein-Uhlenbeck process of stationary deviation `sigma` and correlation time `tauS`, read every `stepS`. */
export function ornstein(gauss: () => number, sigma: number, tauS: number, stepS: number): () => number {
  const phi = Math.exp(-stepS / tauS);
  let x = sigma * gauss();
  return () => {
    const now = x;
    x = phi * x + sigma * Math.sqrt(1 - phi * phi) * gauss();
    return now;
  };
}

function walkWithin(gauss: () => number, step: number, half: number): () => number {
  let x = 0;
  return () => {
    x += step * gauss();
    if (Math.abs(x) > half) x = Math.sign(x) * 2 * half - x;
    return x;
  };
}

const tooth = (t: number, period: number, phase: number) => (((t / period + phase) % 1) + 1) % 1;

/** t in seconds. Sawtooths, swells and steps are multiples of sigma. */
export const nulls: Record<string, Shape> = {
  "white noise":
    ({ sigma }, gauss) =>
    () =>
      sigma * gauss(),
  "AR(1), φ 0.5": ({ sigma }, gauss) => ar(gauss, sigma, 0.5),
  "AR(1), φ 0.9": ({ sigma }, gauss) => ar(gauss, sigma, 0.9),
  "AR(1), φ 0.95": ({ sigma }, gauss) => ar(gauss, sigma, 0.95),
  "OU, τ 10 s": ({ sigma, intervalMs }, gauss) => ornstein(gauss, sigma, 10, intervalMs / 1000),
  "OU, τ 1/10 of the run": ({ sigma, intervalMs, minutes }, gauss) => ornstein(gauss, sigma, minutes * 6, intervalMs / 1000),
  "random walk within bounds": ({ sigma }, gauss) => walkWithin(gauss, sigma / 4, 3 * sigma),
  "random walk, unbounded": ({ sigma }, gauss) => walkWithin(gauss, sigma / 4, Number.POSITIVE_INFINITY),
  "sawtooth, 7 s": (trace, gauss, uniform) => sawtooth(trace, gauss, uniform, 7),
  "sawtooth, 60 s": (trace, gauss, uniform) => sawtooth(trace, gauss, uniform, 60),
  "sawtooth, 1/5 of the run": (trace, gauss, uniform) => sawtooth(trace, gauss, uniform, trace.minutes * 12),
  "sawtooth, 1/2 of the run": (trace, gauss, uniform) => sawtooth(trace, gauss, uniform, trace.minutes * 30),
  "sawtooth, irregular": ({ sigma }, gauss, uniform) => {
    let [level, next] = [0, 0];
    return (t) => {
      if (t >= next) [level, next] = [0, t + 10 - 40 * Math.log(1 - uniform())];
      level += 0.3 * sigma;
      return level + 0.3 * sigma * gauss();
    };
  },
  "warm-up step": ({ sigma, minutes }, gauss, uniform) => {
    const at = minutes * 60 * (0.02 + 0.3 * uniform());
    return (t) => (t < at ? 0 : 15 * sigma) + sigma * gauss();
  },
  "saturating growth": ({ sigma, minutes }, gauss, uniform) => {
    const theta = minutes * 60 * (0.02 + 0.1 * uniform());
    return (t) => 20 * sigma * (1 - Math.exp(-t / theta)) + sigma * gauss();
  },
  "page-cache swell": ({ sigma, minutes }, gauss, uniform) => {
    const [at, width] = [minutes * 60 * (0.2 + 0.6 * uniform()), minutes * 60 * 0.1];
    return (t) => 15 * sigma * Math.exp(-(((t - at) / width) ** 2)) + sigma * gauss();
  },
  outliers:
    ({ sigma }, gauss, uniform) =>
    () =>
      sigma * gauss() + (uniform() < 0.02 ? 50 * sigma * uniform() : 0),
  "missing stretches": ({ sigma, minutes, intervalMs }, gauss, uniform) => {
    const noise = ornstein(gauss, sigma, 10, intervalMs / 1000);
    const gaps = [0, 1, 2].map(() => minutes * 60 * uniform());
    return (t) => {
      const value = noise();
      return gaps.some((gap) => t >= gap && t < gap + minutes * 3) ? null : value;
    };
  },
};

/** Leaks of `perMinute` MiB on top of noise. */
export function leaks(perMinute: number): Record<string, Shape> {
  const noise = ({ sigma, intervalMs }: Trace, gauss: () => number) => ornstein(gauss, sigma, 10, intervalMs / 1000);
  return {
    "linear leak": (trace, gauss) => plus(noise(trace, gauss), (t) => (perMinute * t) / 60),
    "leak under a sawtooth": (trace, gauss, uniform) => {
      const saw = sawtooth({ ...trace, sigma: trace.sigma }, gauss, uniform, 23);
      return (t, i) => saw(t, i) + (perMinute * t) / 60;
    },
    "leak that starts at half": (trace, gauss) =>
      plus(noise(trace, gauss), (t) => (perMinute * Math.max(0, t - trace.minutes * 30)) / 60),
    "leak in steps of a minute": (trace, gauss) => plus(noise(trace, gauss), (t) => perMinute * Math.floor(t / 60)),
    "leak in steps, irregular": (trace, gauss, uniform) => {
      let [level, next] = [0, 0];
      return plus(noise(trace, gauss), (t) => {
        if (t >= next) {
          const wait = -90 * Math.log(1 - uniform());
          [level, next] = [level + (next === 0 ? 0 : (perMinute * 90) / 60), t + wait];
        }
        return level;
      });
    },
    "leak after a warm-up step": (trace, gauss) =>
      plus(noise(trace, gauss), (t) => (perMinute * t) / 60 + (t < trace.minutes * 6 ? 0 : 15 * trace.sigma)),
  };
}

/** Readings of a shape in bytes above `baseMiB`, in whole pages as a kernel tells them. */
export function readingsOf(shape: Shape, trace: Trace, seed: number, baseMiB = 100): Reading[] {
  const uniform = seededRandom(seed, 0);
  const at = shape(trace, normal(uniform), uniform);
  const readings: Reading[] = [];
  for (let i = 0; i * trace.intervalMs < trace.minutes * 60_000; i++) {
    const value = at((i * trace.intervalMs) / 1000, i);
    if (value === null) continue;
    readings.push({ atMs: i * trace.intervalMs, value: Math.round((baseMiB + value) * 256) * 4096 });
  }
  return readings;
}

function ar(gauss: () => number, sigma: number, phi: number): () => number {
  let x = sigma * gauss();
  return () => {
    const now = x;
    x = phi * x + sigma * Math.sqrt(1 - phi * phi) * gauss();
    return now;
  };
}

function sawtooth({ sigma }: Trace, gauss: () => number, uniform: Random, period: number): (t: number, i: number) => number {
  const phase = uniform();
  return (t) => 10 * sigma * tooth(t, period, phase) + 0.5 * sigma * gauss();
}

function plus(noise: () => number, more: (t: number) => number): (t: number) => number {
  return (t) => noise() + more(t);
}

/** Made to fool the judgement; some of it cannot be told from a leak by anyone who sees no more than the run. */
export const adversaries: Record<string, Shape> = {
  "sawtooth of growing amplitude": ({ sigma, minutes }, gauss, uniform) => {
    const phase = uniform();
    return (t) => sigma * (2 + (8 * t) / (minutes * 60)) * tooth(t, 30, phase) + 0.5 * sigma * gauss();
  },
  "one late step": ({ sigma, minutes, intervalMs }, gauss, uniform) => {
    const at = minutes * 60 * (0.5 + 0.4 * uniform());
    return plus(ornstein(gauss, sigma, 10, intervalMs / 1000), (t) => (t < at ? 0 : 10 * sigma));
  },
  "warm-up that saturates with 20 min": ({ sigma, intervalMs }, gauss) =>
    plus(ornstein(gauss, sigma / 4, 10, intervalMs / 1000), (t) => 20 * (1 - Math.exp(-t / 1200))),
  "diurnal swell of 40 MiB": ({ sigma, intervalMs }, gauss, uniform) => {
    const phase = uniform();
    return plus(ornstein(gauss, sigma / 4, 10, intervalMs / 1000), (t) => 20 * Math.sin(2 * Math.PI * (t / 86_400 + phase)));
  },
  "slow walk under fast noise": ({ sigma, minutes, intervalMs }, gauss) => {
    const fast = ornstein(gauss, sigma, 10, intervalMs / 1000);
    const step = (2 * sigma) / Math.sqrt((minutes * 60_000) / intervalMs);
    let x = 0;
    return () => {
      x += step * gauss();
      return x + fast();
    };
  },
  "sawtooth longer than the run": ({ sigma, minutes, intervalMs }, gauss, uniform) => {
    const phase = uniform();
    return plus(ornstein(gauss, sigma / 4, 10, intervalMs / 1000), (t) => 10 * sigma * tooth(t, minutes * 90, phase));
  },
};
