import { Counter, collectDefaultMetrics, Gauge, Registry } from "prom-client";
import type { AdmissionStats } from "./admission.ts";
import type { UpstreamStats } from "./upstream.ts";

/** Upper bounds in seconds; Prometheus adds +Inf. */
const durationBounds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/**
 * Tallies of the hot path: array stores, because a labelled prom-client observation costs most of a microsecond a
 * request. They become metrics when somebody scrapes.
 */
export class EdgeTally {
  /** Index: status code. */
  readonly statuses = new Float64Array(600);
  /** Index: bucket; the last one is +Inf. Not cumulative. */
  readonly durations = new Float64Array(durationBounds.length + 1);
  durationSumS = 0;
  tlsHandshakes = 0;
  tlsResumptions = 0;
  tlsFailures = 0;

  /** Status 0: the client left before it was answered. */
  request(status: number, durationMs: number): void {
    this.statuses[status] = (this.statuses[status] ?? 0) + 1;
    const seconds = durationMs / 1_000;
    this.durationSumS += seconds;
    let bucket = 0;
    while (bucket < durationBounds.length && seconds > (durationBounds[bucket] ?? 0)) bucket++;
    this.durations[bucket] = (this.durations[bucket] ?? 0) + 1;
  }
}

export interface EdgeMetricSources {
  readonly tally: EdgeTally;
  readonly admission: () => AdmissionStats;
  readonly upstreams: () => readonly UpstreamStats[];
  readonly connections: () => number;
  readonly slowClients: () => { readonly open: number; readonly cut: number };
  readonly streams: () => { readonly events: number; readonly webSockets: number };
}

/** A registry whose metrics are computed at scrape time. */
export function createEdgeMetrics({
  tally,
  admission,
  upstreams,
  connections,
  streams,
  slowClients,
}: EdgeMetricSources): Registry {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry, prefix: "edge_" });

  new Counter({
    name: "edge_requests_total",
    help: "Requests by status; 0: the client left before it was answered.",
    labelNames: ["status"],
    registers,
    collect() {
      this.reset();
      for (const [status, count] of tally.statuses.entries()) if (count > 0) this.inc({ status }, count);
    },
  });
  registry.registerMetric(durationMetric(tally) as never);

  const counter = (name: string, help: string, read: () => number) =>
    new Counter({
      name,
      help,
      registers,
      collect() {
        this.reset();
        this.inc(read());
      },
    });
  const gauge = (name: string, help: string, read: () => number | Promise<number>) =>
    new Gauge({
      name,
      help,
      registers,
      async collect() {
        this.set(await read());
      },
    });
  counter("edge_tls_handshakes_total", "TLS handshakes completed.", () => tally.tlsHandshakes);
  counter("edge_tls_resumptions_total", "TLS handshakes that resumed a session.", () => tally.tlsResumptions);
  counter("edge_tls_failures_total", "TLS handshakes that failed.", () => tally.tlsFailures);
  counter("edge_refused_total", "Requests refused because the queue was full.", () => admission().refused);
  counter("edge_queue_timeouts_total", "Requests that waited too long for a place.", () => admission().timedOut);
  gauge("edge_in_flight", "Requests being forwarded.", () => admission().inFlight);
  gauge("edge_queued", "Requests waiting for a place.", () => admission().queued);
  gauge("edge_connections", "Client connections open.", connections);
  gauge("edge_event_streams", "Event streams open, to clients that asked for them.", () => streams().events);
  gauge("edge_slow_clients", "Requests at their client's pace, beside those in flight.", () => slowClients().open);
  counter("edge_slow_clients_cut_total", "Requests broken off at their client's pace for others.", () => slowClients().cut);
  gauge("edge_websockets", "WebSockets open or being opened.", () => streams().webSockets);

  const perUpstream = (name: string, help: string, read: (stats: UpstreamStats) => number) =>
    new Gauge({
      name,
      help,
      labelNames: ["upstream"],
      registers,
      collect() {
        for (const stats of upstreams()) this.set({ upstream: stats.origin }, read(stats));
      },
    });
  perUpstream("edge_upstream_connections", "Upstream connections open.", (stats) => stats.connected);
  perUpstream("edge_upstream_running", "Requests on an upstream connection.", (stats) => stats.running);
  const perUpstreamTotal = (name: string, help: string, read: (stats: UpstreamStats) => number) =>
    new Counter({
      name,
      help,
      labelNames: ["upstream"],
      registers,
      collect() {
        this.reset();
        for (const stats of upstreams()) this.inc({ upstream: stats.origin }, read(stats));
      },
    });
  perUpstreamTotal("edge_upstream_connections_opened_total", "Upstream connections opened.", (stats) => stats.connectionsOpened);
  // A connection is opened for a request that goes out on it: all others found one that was kept.
  perUpstreamTotal("edge_upstream_connections_reused_total", "Requests sent on a kept upstream connection.", (stats) =>
    Math.max(0, stats.requestsSent - stats.connectionsOpened),
  );
  perUpstreamTotal(
    "edge_upstream_connect_failures_total",
    "Upstream connections that failed.",
    (stats) => stats.connectionsFailed,
  );
  perUpstreamTotal("edge_upstream_ejections_total", "Times an upstream was ejected.", (stats) => stats.ejections);
  perUpstream("edge_upstream_ejected", "1 while an upstream is ejected.", (stats) => (stats.ejected ? 1 : 0));
  return registry;
}

/** A histogram from the tally; prom-client's own can only be observed into. */
function durationMetric(tally: EdgeTally) {
  const name = "edge_request_duration_seconds";
  const help = "From the request's headers to the end of its answer.";
  return {
    name,
    help,
    type: "histogram",
    aggregator: "sum",
    reset() {},
    get() {
      let cumulative = 0;
      const values: { metricName: string; labels: Record<string, string>; value: number }[] = [];
      for (const [index, count] of tally.durations.entries()) {
        cumulative += count;
        const le = String(durationBounds[index] ?? "+Inf");
        values.push({ metricName: `${name}_bucket`, labels: { le }, value: cumulative });
      }
      values.push({ metricName: `${name}_sum`, labels: {}, value: tally.durationSumS });
      values.push({ metricName: `${name}_count`, labels: {}, value: cumulative });
      return { name, help, type: "histogram", aggregator: "sum", values };
    },
  };
}
