import type { MeasuredMetric } from "../measure/metrics.ts";
import type { Aggregation, MetricSource } from "./threshold.ts";

const percentileOf = (aggregation: Aggregation) => (aggregation.method === "p" ? aggregation.p : 50);

/** A measured metric as the judgement of thresholds reads it; trends in milliseconds. */
export function sourceOf(metric: MeasuredMetric): MetricSource {
  switch (metric.type) {
    case "trend": {
      const { histogram } = metric;
      const perMs = metric.unit === "ms" ? 1 : 1000;
      const bounded = ({ us, beyond }: { us: number; beyond: boolean }) => ({ actual: us / perMs, beyond });
      return {
        type: "trend",
        count: histogram.count,
        censored: histogram.censored,
        value(aggregation) {
          switch (aggregation.method) {
            case "avg":
              return bounded(histogram.mean());
            case "max":
              return bounded(histogram.max());
            case "min":
              return histogram.count > 0 ? { actual: histogram.minUs / perMs, beyond: false } : bounded(histogram.max());
            default:
              return bounded(histogram.percentile(percentileOf(aggregation)));
          }
        },
      };
    }
    case "counter":
      return exact("counter", metric.count, (aggregation) => (aggregation.method === "rate" ? metric.rate : metric.count));
    case "rate": {
      const total = metric.passes + metric.fails;
      return exact("rate", total, () => (total === 0 ? null : metric.passes / total));
    }
    case "gauge":
      return exact("gauge", 1, () => metric.value);
  }
}

function exact(type: MetricSource["type"], count: number, actual: (aggregation: Aggregation) => number | null): MetricSource {
  return { type, count, censored: 0, value: (aggregation) => ({ actual: actual(aggregation), beyond: false }) };
}
