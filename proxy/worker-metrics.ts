import type { AdminSource } from "./admin.ts";
import type { MetricValues } from "./worker-message.ts";
import type { Workers } from "./workers.ts";

/**
 * The metrics of all workers as those of one edge. What workers that have ended had counted stays in the sums: a total
 * that shrinks at a reload would look like a restart, and a rate computed from it like a burst.
 */
export class WorkerMetrics implements NonNullable<AdminSource["metrics"]> {
  readonly contentType = "text/plain; version=0.0.4; charset=utf-8";
  readonly #workers: Workers;
  #departed: MetricValues = [];
  #died = 0;

  constructor(workers: Workers) {
    this.#workers = workers;
  }

  /** A worker died; its replacement is on its way. */
  died(): void {
    this.#died++;
  }

  /** Takes over the counts of a worker that has ended. */
  async depart(metrics: MetricValues): Promise<void> {
    const counts = metrics.filter(({ type }) => type === "counter" || type === "histogram");
    const merged = await merge([this.#departed, counts]);
    this.#departed = (await merged.getMetricsAsJSON()) as unknown as MetricValues;
  }

  async metrics(): Promise<string> {
    // Before the others are asked: who ends meanwhile must not count twice.
    const departed = this.#departed;
    const answers = await this.#workers.ask("metrics");
    const registry = await merge([departed, ...answers.map(({ worker, answer }) => answer ?? worker.metrics ?? [])]);
    const { Counter, Gauge } = await import("prom-client");
    const registers = [registry];
    new Gauge({ name: "edge_workers", help: "Workers that take connections.", registers }).set(this.#workers.serving.length);
    new Counter({ name: "edge_worker_deaths_total", help: "Workers that ended unasked.", registers }).inc(this.#died);
    return registry.metrics();
  }
}

// Loaded when somebody scrapes: a primary that nobody asks carries less.
async function merge(metrics: readonly MetricValues[]) {
  const { AggregatorRegistry } = await import("prom-client");
  return AggregatorRegistry.aggregate(metrics.map((values) => values.map(notAveraged)));
}

/** prom-client averages the percentiles of event-loop delay; the worst worker's is what a client may have met. */
function notAveraged<T extends { name: string }>(metric: T): T {
  return metric.name.includes("eventloop_lag") ? { ...metric, aggregator: "max" } : metric;
}
