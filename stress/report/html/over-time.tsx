import type { Summary } from "../../measure/summary.ts";
import { absent, formatCount, formatDuration, formatLatency, formatRate } from "../../screen/format.ts";
import type { Chart, ChartLevel } from "../page/chart.ts";
import { Figure } from "./figure.tsx";
import type { Section } from "./section.ts";
import { column, distribution, greatest, rate, rounded, type Series, seriesOf, stageBands } from "./series.ts";
import type { TableProps } from "./table.tsx";

/** What was carried and how fast, second by second, with the stages of the load shaded. */
export function overTimeSection(summary: Summary): Section {
  const series = seriesOf(summary);
  if (series.seconds.length === 0) {
    return { id: "over-time", title: "Over time", body: <p>Nothing was recorded: the load did not last for one row.</p> };
  }
  const bands = stageBands(summary);
  const empty = { axis: "time" as const, x: "load", bands, levels: [], trends: [], marks: [] };
  const carried: Chart = { ...empty, id: "throughput", unit: "/s", series: throughputSeries(summary, series) };
  const latency: Chart = { ...empty, id: "latency", unit: "ms", series: latencySeries(series), levels: limitsOf(summary) };
  const response = responseChart(summary, empty);
  const length = formatDuration(summary.timeseries.intervalMs);
  const most = carried.series.map(({ values }) => greatest(values));
  const body = (
    <>
      <Figure
        chart={carried}
        title="Throughput"
        summary={`Requests a second, in rows of ${length}. The most in one row: ${formatRate(most[0] ?? null)}.`}
        atRest={most.map((value) => `at most ${formatRate(value)} /s`)}
        table={tableOf(summary, series)}
      />
      <Figure
        chart={latency}
        title="Latency"
        summary={`Service time: from the first byte sent to the last byte received.${censoredNote(summary)}`}
        atRest={latency.series.map(({ values }) => `at most ${formatLatency(greatest(values))}`)}
        canLog
      />
      {response === null ? null : (
        <Figure
          chart={response}
          title="Response time"
          summary={`${responseText(summary)}, of those that came: what users waited.`}
          atRest={response.series.map(({ values }) => `at most ${formatLatency(greatest(values))}`)}
          canLog
        />
      )}
    </>
  );
  return {
    ...{ id: "over-time", title: "Over time", body },
    charts: response === null ? [carried, latency] : [carried, latency, response],
    axes: { load: series.seconds, stretches: summary.timeseries.batches.map(({ toMs }) => rounded(toMs / 1000, 6)) },
  };
}

function responseText({ profile: { stream } }: Summary): string {
  if (stream === undefined) return "From when a request was due to the last byte of its answer";
  return stream.kind === "sse"
    ? "From when an event was due to its coming"
    : "From when a message was due to the last byte of its echo";
}

/** Where there are due times: response times of the run's stretches, each from its own merged distribution. */
function responseChart({ timeseries }: Summary, empty: Omit<Chart, "id" | "unit" | "series">): Chart | null {
  const histograms = timeseries.batches.map(({ response }) => (response === undefined ? null : distribution(response)));
  if (!histograms.some((histogram) => histogram !== null && histogram.count > 0)) return null;
  const at = (p: number) =>
    histograms.map((histogram) =>
      histogram === null || histogram.count === 0 ? null : rounded(histogram.percentile(p).us / 1000, 4),
    );
  const series = [50, 95, 99, 100].map((p) => ({ label: p === 100 ? "max" : `p${p}`, values: at(p) }));
  return { ...empty, id: "response", x: "stretches", unit: "ms", series };
}

function throughputSeries(summary: Summary, series: Series): Chart["series"] {
  const failed = rate(series, "failed");
  return [
    { label: "requests", values: rate(series, "requests") },
    // A line along the bottom says nothing that the figures do not.
    ...(summary.failures.length > 0 ? [{ label: "failed", values: failed }] : []),
  ];
}

function latencySeries(series: Series): Chart["series"] {
  return (["p50", "p95", "p99", "max"] as const).map((name) => ({ label: name, values: column(series, `${name}_ms`) }));
}

/** Limits of service time that a percentile of the chart is held to. */
function limitsOf({ metrics }: Summary): ChartLevel[] {
  const keys = ["http_req_duration", "http_req_duration{expected_response:true}"];
  return keys.flatMap((key) =>
    Object.keys(metrics[key]?.thresholds ?? {}).flatMap((expression) => {
      const parts = /^\s*(p\((?:50|95|99)\)|med|max)\s*<=?\s*(\d+(?:\.\d+)?)\s*$/.exec(expression);
      return parts === null ? [] : [{ at: Number(parts[2]), label: `${parts[1]} limit ${formatLatency(Number(parts[2]))}` }];
    }),
  );
}

function censoredNote({ metrics }: Summary): string {
  const duration = metrics.http_req_duration;
  if (duration?.type !== "trend" || duration.values.censored === 0) return "";
  return ` ${formatCount(duration.values.censored)} requests got no answer in time: a point that falls among them is the least it can be.`;
}

/**
 * The run in at most 120 stretches. Their percentiles come from the stretches' own merged distributions: percentiles of
 * rows could not be put together.
 */
function tableOf({ timeseries }: Summary, series: Series): TableProps {
  const columns = ["Time", "Requests/s", "Failed", "p50", "p95", "p99", "max"];
  const requests = series.columns.get("requests");
  const failed = series.columns.get("failed");
  const rows = timeseries.batches.map(({ fromMs, toMs, data }) => {
    const inside = series.seconds.flatMap((second, at) => (second * 1000 > fromMs + 1 && second * 1000 <= toMs + 1 ? [at] : []));
    const count = (values: readonly (number | null)[] | undefined) => inside.reduce((sum, at) => sum + (values?.[at] ?? 0), 0);
    const latency = distribution(data);
    const ms = (us: number) => (latency === null || latency.count === 0 ? absent : formatLatency(us / 1000));
    return [
      `${formatDuration(fromMs)} – ${formatDuration(toMs)}`,
      inside.length === 0 ? absent : formatRate((count(requests) * 1000) / (toMs - fromMs)),
      inside.length === 0 ? absent : formatCount(count(failed)),
      ...[50, 95, 99].map((p) => ms(latency?.percentile(p).us ?? 0)),
      ms(latency?.max().us ?? 0),
    ];
  });
  return {
    caption: "Throughput and latency over time; latency of complete responses, from the distribution of each stretch",
    columns: columns.map((name, at) => ({ name, figure: at > 0 })),
    rows,
  };
}
