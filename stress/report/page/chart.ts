/** What the page's script draws: made on the server side of the file, read from its data block. Types only. */

/** Units as the page writes them; values are in these units. */
export type ChartUnit = "ms" | "/s" | "MiB" | "cores";

export interface ChartSeries {
  label: string;
  /** Null leaves a gap. */
  values: (number | null)[];
}

/** A stretch of the x axis that is shaded: a stage of the load, or the steady window of a drift. */
export interface ChartBand {
  from: number;
  to: number;
  label: string;
  kind: "ramp" | "hold";
}

/** A level that must not be passed, or one to compare with. */
export interface ChartLevel {
  at: number;
  label: string;
}

/** A straight line between two points: a fitted drift. */
export interface ChartTrend {
  from: [x: number, y: number];
  to: [x: number, y: number];
  label: string;
}

/** A single point: an objective on the percentile curve. */
export interface ChartMark {
  x: number;
  y: number;
  label: string;
  ok: boolean;
}

export interface Chart {
  id: string;
  /** `time`: seconds of the load. `rank`: 1 / (1 − p), so that every further nine takes the same room. */
  axis: "time" | "rank";
  /** Name of the x values in `ChartData.axes`, which charts share. */
  x: string;
  unit: ChartUnit;
  series: ChartSeries[];
  bands: ChartBand[];
  levels: ChartLevel[];
  trends: ChartTrend[];
  marks: ChartMark[];
}

export interface ChartData {
  axes: Record<string, number[]>;
  charts: Chart[];
}
