import type { Summary } from "../../measure/summary.ts";
import { latencyColumns, latencyText } from "../../screen/final/latency.ts";
import { absent, formatCount, formatLatency } from "../../screen/format.ts";
import { type LatencyRow, latencyRows } from "../latency.ts";
import type { Chart, ChartMark } from "../page/chart.ts";
import { Figure } from "./figure.tsx";
import type { Section } from "./section.ts";
import { distribution, rounded } from "./series.ts";
import { Table, type TableProps } from "./table.tsx";

/** Points of the curve for each tenfold of rarity. */
const pointsPerNine = 40;
/** Beyond one in a million, a point is a request or two. */
const rarest = 1e6;

/** How latency is distributed: the figures, and the curve toward the rare ones. */
export function percentilesSection(summary: Summary): Section | null {
  const rows = latencyRows(summary).filter(({ trend }) => trend.values.count + trend.values.censored > 0);
  if (rows.length === 0) return null;
  const limitMs = summary.profile.timeoutMs;
  const others = ["http_req_waiting", "http_req_connecting", "http_req_tls_handshaking", "pacer_lag"].flatMap((name) => {
    const metric = summary.metrics[name];
    return metric?.type === "trend" && metric.values.count > 0 ? [{ label: otherNames[name] ?? name, trend: metric }] : [];
  });
  const drawn = rows.filter(({ trend }, at) => at === 0 || trend.histogram.data !== rows[at - 1]?.trend.histogram.data);
  const chart = curveOf(summary, drawn, rows.flatMap(marksOf));
  const censored = Math.max(...rows.map(({ trend }) => trend.values.censored));
  const body = (
    <>
      <Table
        caption="Latency"
        quiet
        columns={["Of", ...latencyColumns.map((name) => name.replace(/[()]/g, ""))].map((name, at) => ({ name, figure: at > 0 }))}
        rows={[...rows, ...others].map(({ label, trend }) => [
          label,
          ...latencyColumns.map((name) => latencyText(trend, name, limitMs)),
        ])}
      />
      {censored > 0 ? (
        <p>
          {formatCount(censored)} got no answer in time. They count in every percentile; one that falls among them is only known
          to be longer than the time that they had, and the curve ends before them.
        </p>
      ) : null}
      {chart === null ? (
        <p>The summary holds no distribution that could be read, so there is no curve.</p>
      ) : (
        <Figure
          chart={chart}
          title="Percentile curve"
          summary="How long the slowest share of the requests took at the least. Each further nine takes the same room."
          atRest={chart.series.map(({ values }) => greatestOf(values))}
          table={tableOf(drawn, limitMs)}
          canLog
        />
      )}
    </>
  );
  return {
    id: "latency-percentiles",
    title: "Latency",
    body,
    ...(chart === null ? {} : { charts: [chart], axes: { rarity: raritiesOf(drawn) } }),
  };
}

function greatestOf(values: Chart["series"][number]["values"]): string {
  const last = formatLatency(values.findLast((value) => value !== null) ?? null);
  return values.at(-1) == null ? `known up to ${last}` : `at most ${last}`;
}

const otherNames: Record<string, string> = {
  http_req_waiting: "first byte",
  http_req_connecting: "connecting",
  http_req_tls_handshaking: "TLS handshake",
  pacer_lag: "pacer lag (ours)",
};

/** 1 / (1 − p), evenly spaced on a logarithmic scale, as far as there are observations. */
function raritiesOf(rows: readonly LatencyRow[]): number[] {
  const most = Math.min(rarest, Math.max(...rows.map(({ trend }) => trend.values.count + trend.values.censored)));
  const steps = Math.floor(Math.log10(most) * pointsPerNine);
  const even = Array.from({ length: steps + 1 }, (_, step) => rounded(10 ** (step / pointsPerNine), 6));
  return most > (even.at(-1) ?? 0) ? [...even, most] : even;
}

/** Values come from the distributions; percentiles of parts are never put together. */
function curveOf(summary: Summary, rows: readonly LatencyRow[], marks: ChartMark[]): Chart | null {
  const rarities = raritiesOf(rows);
  const series = rows.flatMap(({ label, trend }) => {
    const histogram = distribution(trend.histogram.data);
    if (histogram === null || histogram.count !== trend.values.count) return [];
    // Where they lie does not matter here: no point is drawn among them.
    histogram.addCensored(trend.values.censored, summary.profile.timeoutMs * 1000);
    const total = trend.values.count + trend.values.censored;
    const values = rarities.map((rarity) => {
      if (rarity > total) return null;
      // One request of them all is the slowest.
      const { us, beyond } = histogram.percentile(rarity === total ? 100 : Math.max(1e-9, 100 * (1 - 1 / rarity)));
      return beyond ? null : rounded(us / 1000, 4);
    });
    return [{ label, values }];
  });
  if (series.length === 0) return null;
  return { id: "curve", axis: "rank", x: "rarity", unit: "ms", series, bands: [], levels: [], trends: [], marks };
}

/** Objectives as points on the curve: this percentile below that latency. */
function marksOf({ trend }: LatencyRow): ChartMark[] {
  return Object.entries(trend.thresholds ?? {}).flatMap(([expression, { ok }]) => {
    const parts = /^\s*p\((\d+(?:\.\d+)?)\)\s*<=?\s*(\d+(?:\.\d+)?)\s*$/.exec(expression);
    const [p, limit] = [Number(parts?.[1]), Number(parts?.[2])];
    if (parts === null || p >= 100) return [];
    return [{ x: rounded(1 / (1 - p / 100), 6), y: limit, label: `p(${p}) < ${formatLatency(limit)}`, ok }];
  });
}

const tabled = [10, 25, 50, 75, 90, 95, 99, 99.5, 99.9, 99.99, 99.999];

function tableOf(rows: readonly LatencyRow[], limitMs: number): TableProps {
  const columns = rows.map(({ trend }) => {
    const histogram = distribution(trend.histogram.data);
    histogram?.addCensored(trend.values.censored, limitMs * 1000);
    const total = trend.values.count + trend.values.censored;
    return tabled.map((p) => {
      // Of fewer requests it would be the slowest one.
      if (histogram === null || total * (1 - p / 100) < 1) return absent;
      const { us, beyond } = histogram.percentile(p);
      return beyond ? "no answer" : formatLatency(us / 1000);
    });
  });
  return {
    caption: "Percentiles of latency",
    columns: [{ name: "Percentile" }, ...rows.map(({ label }) => ({ name: label, figure: true }))],
    rows: tabled.map((p, at) => [`p${p}`, ...columns.map((texts) => texts[at])]),
  };
}
