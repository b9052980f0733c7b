import type { Profile } from "../profile/profile.ts";
import { cellsOf } from "../profile/routes.ts";
import { type LevelUnit, labelOf, totalDurationMs } from "../profile/stages.ts";
import { hasDueTimes } from "../profile/stream.ts";
import type { FailureClass, Latency, Snapshot } from "./event.ts";
import { GeneratorEvidence, occupancyOf } from "./generator.ts";
import type { LatencyHistogram } from "./histogram.ts";
import { type MeasuredMetric, type MeasuredRun, merged, metricsOf, type UserRange } from "./metrics.ts";
import { Phases } from "./phases.ts";
import { failureClasses, type Interval } from "./tally.ts";
import { Timeseries } from "./timeseries.ts";
import { type RouteTotals, Totals } from "./totals.ts";

/** What the generator's process as a whole costs; read outside, since this file does no I/O. */
export interface ProcessLoad {
  cpuCores: number;
  rssBytes: number;
}

/** Everything measured in a run, as intervals come in; bounded memory. */
export class Recording {
  readonly totals: Totals;
  readonly phases: Phases;
  readonly timeseries: Timeseries;
  readonly evidence: GeneratorEvidence;
  readonly unit: LevelUnit;
  /** What came after `steadyFromMs` of the load, its drain included: the answers to a backlog belong to the load that made it. */
  readonly #steady: Totals | null;
  readonly #steadyFromMs: number;
  readonly #profile: Profile;
  /** What came since the last round. */
  readonly #window: Totals;
  readonly #users: number[];
  readonly #occupancy: number[];
  /** Streams open, by worker. */
  readonly #open: number[];
  #usersRange: UserRange | null = null;
  #roundAtMs = 0;

  /** `steadyFromMs`: since when `steadyMetrics` counts, null where nobody will ask for them. */
  constructor(profile: Profile, gauges: readonly string[], steadyFromMs: number | null = null) {
    const { load, workers, stream } = profile;
    const stages = load.model === "requests" ? [] : load.stages;
    const options = { routes: cellsOf(profile).length, checks: profile.checks.length, streams: stream !== undefined };
    this.#profile = profile;
    this.totals = new Totals(options);
    this.#window = new Totals(options);
    this.#steady = steadyFromMs === null ? null : new Totals(options);
    this.#steadyFromMs = steadyFromMs ?? 0;
    this.unit = load.model === "open" ? "requests/s" : "users";
    this.phases = new Phases(stages, workers, this.unit);
    const hasDue = load.model === "open" || (stream !== undefined && hasDueTimes(stream));
    this.timeseries = new Timeseries(load.model === "requests" ? null : totalDurationMs(stages), gauges, hasDue);
    this.evidence = new GeneratorEvidence(workers);
    this.#users = new Array<number>(workers).fill(0);
    this.#occupancy = new Array<number>(workers).fill(0);
    this.#open = new Array<number>(workers).fill(0);
  }

  /** `loadStartMs` is on the intervals' clock, 0 before the load. */
  add(interval: Interval, loadStartMs: number): void {
    const middleMs = (interval.fromMs + interval.toMs) / 2 - loadStartMs;
    const isDrain = loadStartMs > 0 && this.phases.isOver(middleMs);
    this.totals.add(interval, isDrain);
    this.#window.add(interval, isDrain);
    this.#users[interval.worker] = interval.users;
    this.#open[interval.worker] = interval.streams?.open ?? 0;
    if (loadStartMs === 0 || middleMs < 0) return;
    this.phases.add(interval, loadStartMs);
    if (middleMs >= this.#steadyFromMs) this.#steady?.add(interval, isDrain);
    if (this.phases.isEmpty || this.phases.stageAt(middleMs) >= 0) {
      this.evidence.add(interval.worker, interval.thread);
    }
    this.#occupancy[interval.worker] = occupancyOf(interval.thread);
  }

  /** Ends a round: what came since the last one becomes a row of the time series and a snapshot. */
  round(atMs: number, loadMs: number, load: ProcessLoad, gauges: Record<string, number | null>): Omit<Snapshot, "thresholds"> {
    const durationMs = Math.max(1, loadMs - this.#roundAtMs);
    const users = this.#users.reduce((sum, count) => sum + count, 0);
    this.#usersRange = {
      value: users,
      min: Math.min(this.#usersRange?.min ?? users, users),
      max: Math.max(this.#usersRange?.max ?? users, users),
    };
    const isOpen = this.#profile.load.model === "open";
    const { requests, failed, service, response } = this.#figures(this.#window);
    const latency = latencyOf(service);
    this.timeseries.add(this.#roundAtMs, { atMs: loadMs, users, requests, failed, ...latency, gauges }, service, response);
    const lag = this.#window.pacerLag;
    const occupancy = Math.max(...this.#occupancy);
    const snapshot = {
      atMs,
      loadMs,
      stage: this.phases.stageAt(loadMs - 1),
      users,
      offeredRate: isOpen ? (this.#window.due * 1000) / durationMs : null,
      interval: {
        durationMs,
        requests,
        failed,
        rps: (requests * 1000) / durationMs,
        service: latency,
        response: response && latencyOf(response),
      },
      total: this.#total(isOpen),
      generator: {
        ...load,
        occupancy,
        pacerLagP99Ms: this.isPaced ? lag.percentile(99).us / 1000 : null,
        saturated: this.evidence.reasons(this.pacerLagP99Ms, this.totals.localLimits).length > 0,
      },
      ...this.#streams(),
    };
    this.#roundAtMs = loadMs;
    return snapshot;
  }

  /** To be called after `round` and `windowMetrics`. */
  clearWindow(): void {
    this.#window.clear();
  }

  /** Null where the generator sends nothing by the clock. */
  get pacerLagP99Ms(): number | null {
    return this.isPaced ? this.totals.pacerLag.percentile(99).us / 1000 : null;
  }

  metrics(loadMs: number): Map<string, MeasuredMetric> {
    return metricsOf(this.totals, this.#run(loadMs));
  }

  /** Metrics of the time since the last round, for rules about what happens now. */
  windowMetrics(durationMs: number): Map<string, MeasuredMetric> {
    return metricsOf(this.#window, this.#run(durationMs));
  }

  /** As `metrics`, without the time before `steadyFromMs`; empty where that was not asked for. */
  steadyMetrics(loadMs: number): Map<string, MeasuredMetric> {
    return this.#steady === null ? new Map() : metricsOf(this.#steady, this.#run(loadMs - this.#steadyFromMs));
  }

  phaseRows() {
    return this.phases.toSummary((stage) => labelOf(stage, this.unit));
  }

  /** How much the target carried during the load: requests that succeeded, or what came over streams; and how much was asked of it. */
  carried(): { answered: number; attempts: number } {
    const { streams } = this.totals;
    if (streams !== null) return { answered: streams.counts.operations, attempts: streams.counts.asked };
    const { ok, drained, drainedFailed, requests } = this.totals.all();
    return { answered: ok.count - (drained - drainedFailed), attempts: requests };
  }

  failures(): { class: string; count: number; example: string }[] {
    const { failures } = this.totals.all();
    return failureClasses.flatMap((failure, i) => {
      const count = failures[i] ?? 0;
      return count === 0 ? [] : { class: failure, count, example: this.totals.examples.get(failure) ?? "" };
    });
  }

  /** Something is sent by the clock: arrivals, or messages over WebSockets. */
  get isPaced(): boolean {
    const { load, stream } = this.#profile;
    return load.model === "open" || (stream?.kind === "ws" && hasDueTimes(stream));
  }

  /** What the load is counted in: requests and their times, or what comes over streams. */
  #figures(totals: Totals): Figures {
    const { load, stream } = this.#profile;
    if (totals.streams !== null && stream !== undefined) {
      const { times, counts, failed } = totals.streams;
      return { requests: counts.operations, failed, service: times.gap, response: hasDueTimes(stream) ? times.late : null };
    }
    const all = totals.all();
    const { requests, failed, response } = all;
    return { requests, failed, service: merged(all.ok, all.bad), response: load.model === "open" ? response : null };
  }

  #streams(): Pick<Snapshot, "streams"> {
    if (this.totals.streams === null) return {};
    const { opened, refused, dropped, reconnects } = this.totals.streams.counts;
    return { streams: { open: this.#open.reduce((sum, count) => sum + count, 0), opened, refused, dropped, reconnects } };
  }

  #run(loadMs: number): MeasuredRun {
    return {
      model: this.#profile.load.model,
      loadMs,
      users: this.#usersRange ?? { value: 0, min: 0, max: 0 },
      cells: cellsOf(this.#profile),
      checks: this.#profile.checks.map(({ name }) => name),
      stream: this.#profile.stream,
    };
  }

  #total(isOpen: boolean): Snapshot["total"] {
    const all = this.totals.all();
    const { requests, failed, service, response } = this.#figures(this.totals);
    const sum = (counts: readonly number[]) => counts.reduce((total, count) => total + count, 0);
    return {
      requests,
      failed,
      bytesReceived: this.totals.bytesReceived,
      bytesSent: this.totals.bytesSent,
      connectionsOpened: this.totals.connectionsOpened,
      dropped: isOpen ? all.dropped : null,
      late: isOpen ? this.totals.late : null,
      checks: { passes: sum(this.totals.checkPasses), fails: sum(this.totals.checkFails) },
      failures: failureCounts(all),
      service: latencyOf(service),
      response: response && latencyOf(response),
    };
  }
}

interface Figures {
  requests: number;
  failed: number;
  service: LatencyHistogram;
  response: LatencyHistogram | null;
}

function failureCounts(route: RouteTotals): Partial<Record<FailureClass, number>> {
  const counts: Partial<Record<FailureClass, number>> = {};
  failureClasses.forEach((failure, i) => {
    const count = route.failures[i] ?? 0;
    if (count > 0) counts[failure] = count;
  });
  return counts;
}

function latencyOf(histogram: LatencyHistogram): Latency {
  const [p50, p95, p99] = [histogram.percentile(50), histogram.percentile(95), histogram.percentile(99)];
  return {
    count: histogram.count,
    p50: p50.us / 1000,
    p95: p95.us / 1000,
    p99: p99.us / 1000,
    max: histogram.max().us / 1000,
    beyond: p99.beyond,
  };
}
