/** What a fit of a few columns leaves. `lastVariance` is that of the last coefficient, for residuals of variance one. */
export interface LeastSquares {
  coefficients: number[];
  residual: number;
  logDeterminant: number;
  lastVariance: number;
}

/**
 * Each row is its columns and then the value. By modified Gram-Schmidt on whole columns, which does not square the
 * condition number as normal equations do: memory is hundreds of megabytes that change by kilobytes.
 */
export function leastSquares(rows: readonly (readonly number[])[], columns: number): LeastSquares {
  const basis = Array.from({ length: columns + 1 }, (_, j) => rows.map((row) => row[j] ?? 0));
  const upper = basis.map(() => basis.map(() => 0));
  let logDeterminant = 0;
  for (let j = 0; j < columns; j++) {
    const column = basis[j] ?? [];
    const norm2 = dot(column, column);
    logDeterminant += Math.log(norm2);
    for (let k = j + 1; k <= columns; k++) {
      const other = basis[k] ?? [];
      const factor = dot(column, other) / norm2;
      (upper[j] as number[])[k] = factor;
      for (let i = 0; i < other.length; i++) other[i] = (other[i] ?? 0) - factor * (column[i] ?? 0);
    }
  }
  const coefficients: number[] = new Array(columns).fill(0);
  for (let j = columns - 1; j >= 0; j--) {
    let value = upper[j]?.[columns] ?? 0;
    for (let k = j + 1; k < columns; k++) value -= (upper[j]?.[k] ?? 0) * (coefficients[k] ?? 0);
    coefficients[j] = value;
  }
  const [last, rest] = [basis[columns - 1] ?? [], basis[columns] ?? []];
  return { coefficients, residual: dot(rest, rest), logDeterminant, lastVariance: 1 / dot(last, last) };
}

function dot(a: readonly number[], b: readonly number[]): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] ?? 0) * (b[i] ?? 0);
  return sum;
}
