import type { ReactNode } from "react";
import type { Chart } from "../page/chart.ts";
import { Table, type TableProps } from "./table.tsx";

export interface FigureProps {
  chart: Chart;
  title: string;
  /** What the chart shows, in words, for those who do not see it; and beside it for all. */
  summary: string;
  /** What each series shows while no instant is chosen, in the order of the series. */
  atRest: readonly string[];
  table?: TableProps;
  /** Offers a logarithmic scale. */
  canLog?: boolean;
}

/** A chart with a legend, a description in words and its figures in a table. The page's script draws into `plot`. */
export function Figure({ chart, title, summary, atRest, table, canLog = false }: FigureProps): ReactNode {
  const titleId = `${chart.id}-title`;
  return (
    <figure id={chart.id} aria-labelledby={titleId}>
      <figcaption>
        <h3 id={titleId}>{title}</h3>
        <p>{summary}</p>
      </figcaption>
      <div className="legend">
        <ul>
          {chart.series.map(({ label }, at) => (
            <li key={label} data-series={at} className={`series s${at % 4}`}>
              <Key at={at} />
              <span>{label}</span> <output data-rest={atRest[at] ?? ""}>{atRest[at] ?? ""}</output>
            </li>
          ))}
          {chart.levels.length > 0 || chart.trends.length > 0 ? (
            <li className="series level">
              <Key at={-1} />
              <span>{[...chart.levels, ...chart.trends].map(({ label }) => label).join(", ")}</span>
            </li>
          ) : null}
        </ul>
        <span className="reading" data-reading="" />
        {canLog ? (
          <button type="button" className="toggle scripted" data-log="" aria-pressed="false">
            Log scale
          </button>
        ) : null}
      </div>
      <div className="plot scripted" data-chart={chart.id} />
      {table === undefined ? null : (
        <details>
          <summary>The figures as a table</summary>
          <Table {...table} />
        </details>
      )}
    </figure>
  );
}

/** Patterns by which lines differ besides their colour; the script draws the same. */
const dashes = ["", "7 4", "2 3", "9 3 2 3"];

function Key({ at }: { at: number }): ReactNode {
  return (
    <svg className="key" viewBox="0 0 28 8" width="28" height="8" aria-hidden="true">
      <path d="M0 4h28" fill="none" stroke="currentColor" strokeWidth="2.5" strokeDasharray={at < 0 ? "4 4" : dashes[at % 4]} />
    </svg>
  );
}
