/** What a fit of a few columns leaves. `lastVariance` is that of the last coefficient, for residuals of variance one. */
export interface LeastSquares {
  coefficients: number[];
  residual: number;
  logDeterminant: number;
  lastVariance: number;
}

/**
 * Fits the last of `series` by all others. By modified Gram-Schmidt, which does not square the condition number as normal
 * equations do: memory is hundreds of megabytes that change by kilobytes. The series are overwritten.
 */
export function leastSquares(series: readonly Float64Array[]): LeastSquares {
  const columns = series.length - 1;
  const upper = series.map(() => new Float64Array(series.length));
  let logDeterminant = 0;
  let lastNorm2 = 0;
  for (let j = 0; j < columns; j++) {
    const column = series[j] as Float64Array;
    const norm2 = dot(column, column);
    logDeterminant += Math.log(norm2);
    lastNorm2 = norm2;
    for (let k = j + 1; k <= columns; k++) {
      const other = series[k] as Float64Array;
      const factor = dot(column, other) / norm2;
      (upper[j] as Float64Array)[k] = factor;
      for (let i = 0; i < other.length; i++) (other[i] as number) -= factor * (column[i] as number);
    }
  }
  const coefficients: number[] = new Array(columns).fill(0);
  for (let j = columns - 1; j >= 0; j--) {
    let value = upper[j]?.[columns] ?? 0;
    for (let k = j + 1; k < columns; k++) value -= (upper[j]?.[k] ?? 0) * (coefficients[k] ?? 0);
    coefficients[j] = value;
  }
  const rest = series[columns] as Float64Array;
  return { coefficients, residual: dot(rest, rest), logDeterminant, lastVariance: 1 / lastNorm2 };
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] as number) * (b[i] as number);
  return sum;
}
