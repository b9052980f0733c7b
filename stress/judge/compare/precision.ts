import { LatencyHistogram } from "../../measure/histogram.ts";
import type { Summary } from "../../measure/summary.ts";
import { type Precision, precisionOfPercentile, precisionOfRatio } from "./batch-means.ts";
import { type Figure, plateauSpan } from "./figures.ts";

/**
 * How well a run determines its own figures, from its time series: rows for rates, shares and resources, batch
 * distributions for percentiles, both of its plateau.
 */
export class RunPrecision {
  readonly #summary: Summary;
  readonly #pieces = new Map<"data" | "response", Pieces>();

  constructor(summary: Summary) {
    this.#summary = summary;
  }

  /** On the figure's own scale; null where neither the series nor a count says. */
  of({ kind, value }: Figure): Precision | null {
    const [name, part] = splitKey(kind.key);
    const ratio = (parts: (row: Read) => [number | null, number | null]) => ratioOfRows(this.#summary, parts);
    // a run without a single failure has no clusters of them
    if (kind.scale === "share" && value === 0) return countAlone;
    if (kind.scale === "share" && this.#summary.profile.stream !== undefined) return this.#ofStreams(value);
    switch (name) {
      case "sustained_rps":
      case "average_rps":
        return relative(ratio((row) => [this.#answered(row), row("seconds")]));
      case "http_req_failed":
        return ratio((row) => [row("failed"), row("requests")]) ?? countAlone;
      case "checks_failed":
      case "dropped_iterations":
        return countAlone;
      case "cpu_per_request":
        return relative(ratio((row) => [times(this.#gauges("cpu", part, row), row("seconds")), row("requests")]));
      case "memory":
        return relative(
          ratio((row) => [
            times(this.#gauges("rss", part, row) ?? this.#gauges("anon", part, row), row("seconds")),
            row("seconds"),
          ]),
        );
      case "http_req_duration":
      case "sse_event_gap":
      case "ws_round_trip":
        return this.#ofPercentile(part, "data");
      case "response_time":
      case "sse_event_lateness":
      case "ws_response_time":
        return this.#ofPercentile(part, "response");
      default:
        return null;
    }
  }

  /** Successful answers, as capacity counts them; what fails of streams are not their events. */
  #answered(read: Read): number | null {
    const requests = read("requests");
    if (this.#summary.profile.stream !== undefined || requests === null) return requests;
    return requests - (read("failed") ?? 0);
  }

  /** Batches hold durations that count from when something was due apart from the others. */
  #ofPercentile(name: string, of: "data" | "response"): Precision | null {
    const { pieces, whole } = this.#piecesOf(of);
    return whole.count === 0 ? null : precisionOfPercentile(Number(name.slice(2, -1)), pieces, whole);
  }

  /**
   * A share of streams. Rows count what came over them, and not how many were asked for; but how unevenly they failed, all
   * at once when a server went away, is how uncertain their share is. Where none failed at a constant level it is a count.
   */
  #ofStreams(share: number): Precision {
    const rate = relative(ratioOfRows(this.#summary, (row) => [row("failed"), row("seconds")]));
    return rate === null ? countAlone : { standardError: rate.standardError * share, df: rate.df };
  }

  /** A gauge of one service, or of all together; null where one was not read. */
  #gauges(prefix: string, service: string, read: Read): number | null {
    const names = service === "" ? this.#summary.resources.map(({ name }) => name) : [service];
    const values = names.map((name) => read(`${prefix}:${name}`));
    return values.reduce((sum, value) => (sum === null || value === null ? null : sum + value), 0);
  }

  /** Decoded once for all percentiles: that takes longer than everything else. */
  #piecesOf(part: "data" | "response"): Pieces {
    const known = this.#pieces.get(part);
    if (known !== undefined) return known;
    const span = plateauSpan(this.#summary);
    const pieces = this.#summary.timeseries.batches
      .filter(({ fromMs, toMs }) => fromMs >= span.fromMs - slackMs && toMs <= span.toMs + slackMs)
      .flatMap((batch) => batch[part] ?? [])
      .map((data) => LatencyHistogram.decode(data));
    const whole = new LatencyHistogram();
    for (const piece of pieces) whole.add(piece);
    this.#pieces.set(part, { pieces, whole });
    return { pieces, whole };
  }
}

/** Of a share that no series tells over time: nothing beyond the binomial variance that every share has at the least. */
const countAlone: Precision = { standardError: 0, df: Number.POSITIVE_INFINITY };

interface Pieces {
  pieces: readonly LatencyHistogram[];
  whole: LatencyHistogram;
}

/** `memory backend` and `response_time p(95)` are a name and a part. */
function splitKey(key: string): [name: string, part: string] {
  const space = key.indexOf(" ");
  return space === -1 ? [key, ""] : [key.slice(0, space), key.slice(space + 1)];
}

/** Rounds are told a moment late: what reaches this far into another stage still belongs to the plateau. */
const slackMs = 250;

interface RatioOfRows extends Precision {
  ratio: number;
}

/** Of the logarithm. */
function relative(of: RatioOfRows | null): Precision | null {
  return of === null || of.ratio <= 0 ? null : { standardError: of.standardError / of.ratio, df: of.df };
}

type Read = (column: string) => number | null;

function ratioOfRows(summary: Summary, parts: (row: Read) => [number | null, number | null]): RatioOfRows | null {
  const { columns, rows, intervalMs } = summary.timeseries;
  const at = new Map(columns.map((name, i) => [name, i]));
  const span = plateauSpan(summary);
  const [numerators, denominators]: [number[], number[]] = [[], []];
  let previous: number | null = null;
  for (const row of rows) {
    const endMs = row[at.get("t_ms") ?? -1] ?? null;
    if (endMs === null) return null;
    const fromMs: number = previous ?? Math.max(0, endMs - intervalMs);
    previous = endMs;
    if (fromMs < span.fromMs - slackMs || endMs > span.toMs + slackMs) continue;
    const seconds = (endMs - fromMs) / 1000;
    const read: Read = (column) => (column === "seconds" ? seconds : (row[at.get(column) ?? -1] ?? null));
    const [numerator, denominator] = parts(read);
    if (numerator === null || denominator === null) continue;
    numerators.push(numerator);
    denominators.push(denominator);
  }
  const precision = precisionOfRatio(numerators, denominators);
  if (precision === null) return null;
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  return { ...precision, ratio: sum(numerators) / sum(denominators) };
}

const times = (value: number | null, by: number | null) => (value === null || by === null ? null : value * by);
