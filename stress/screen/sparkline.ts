import sparkly from "sparkly";

/**
 * Bars of `values` above a zero line, `height` lines from top to bottom. Scaled from zero to `maximum`, so that a steady
 * figure looks steady; null leaves a hole. Taller than one line, each line is the slice of the bars that falls in it.
 */
export function sparkline(values: readonly (number | null)[], maximum: number, height = 1): string[] {
  const scale = maximum > 0 ? maximum : 1;
  const slice = scale / height;
  return Array.from({ length: height }, (_, line) => {
    const base = (height - 1 - line) * slice;
    const bars = values.map((value): number | "" => {
      if (value === null || (base > 0 && value <= base)) return "";
      return Math.min(slice, Math.max(0, value - base));
    });
    return sparkly(bars, { minimum: 0, maximum: slice });
  });
}
