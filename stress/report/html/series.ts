import { LatencyHistogram } from "../../measure/histogram.ts";
import type { Summary } from "../../measure/summary.ts";
import type { ChartBand } from "../page/chart.ts";

/** The time series of a summary by column, without rows that are damaged. */
export interface Series {
  /** Seconds of the load at the end of each row. */
  seconds: number[];
  /** Seconds that each row covers. */
  lengths: number[];
  /** What a row covers but for the first and the last. */
  intervalS: number;
  columns: ReadonlyMap<string, (number | null)[]>;
}

export function seriesOf({ timeseries }: Summary): Series {
  const time = timeseries.columns.indexOf("t_ms");
  const rows = time === -1 ? [] : timeseries.rows.filter((row) => typeof row[time] === "number");
  const ends = rows.map((row) => (row[time] as number) / 1000);
  return {
    seconds: ends.map((end) => rounded(end, 6)),
    lengths: ends.map((end, at) => end - (ends[at - 1] ?? 0)),
    intervalS: timeseries.intervalMs / 1000,
    columns: new Map(timeseries.columns.map((name, column) => [name, rows.map((row) => row[column] ?? null)])),
  };
}

/** Values of a column, scaled and short; null throughout where the summary has no such column. */
export function column(series: Series, name: string, scale = 1): (number | null)[] {
  const values = series.columns.get(name);
  return series.seconds.map((_, at) => shortened(values?.[at] ?? null, scale));
}

/**
 * Events a second of a column of counts. A row much shorter than the others, as the last one may be, has no rate of its
 * own: a request more or less would be a spike.
 */
export function rate(series: Series, name: string): (number | null)[] {
  const counts = series.columns.get(name);
  return series.lengths.map((length, at) => {
    const count = counts?.[at] ?? null;
    return count === null || length < series.intervalS / 4 ? null : rounded(count / length, 4);
  });
}

function shortened(value: number | null, scale: number): number | null {
  return value === null ? null : rounded(value * scale, 4);
}

/** A screen shows no more than four digits, and an hour of rows must stay a page. */
export function rounded(value: number, digits: number): number {
  return Number(value.toPrecision(digits));
}

/** The stages of the load as they were, in seconds. */
export function stageBands({ phases }: Summary): ChartBand[] {
  let from = 0;
  return phases.map(({ name, kind, durationMs }) => {
    const to = from + durationMs / 1000;
    const band = { from: rounded(from, 6), to: rounded(to, 6), label: name, kind };
    from = to;
    return band;
  });
}

/** The distribution in `data`, or null where it cannot be read: a page is better than none. */
export function distribution(data: string): LatencyHistogram | null {
  try {
    return LatencyHistogram.decode(data);
  } catch {
    return null;
  }
}

/** The greatest value, null without one. Not by spreading: 3,600 rows are many arguments. */
export function greatest(values: readonly (number | null)[]): number | null {
  return values.reduce<number | null>((most, value) => (value !== null && (most === null || value > most) ? value : most), null);
}
