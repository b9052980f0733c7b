import type { FailureClass } from "./event.ts";
import { LatencyHistogram } from "./histogram.ts";
import { StreamTotals } from "./stream-totals.ts";
import { failureClasses, type Interval, type RouteInterval } from "./tally.ts";

/** Everything that happened on one route, all workers merged. */
export class RouteTotals {
  readonly ok = new LatencyHistogram();
  readonly bad = new LatencyHistogram();
  readonly waiting = new LatencyHistogram();
  readonly response = new LatencyHistogram();
  readonly failures = new Array<number>(failureClasses.length).fill(0);
  dropped = 0;
  satisfied = 0;
  tolerating = 0;
  /** Requests that ended after the load, and those of them that failed: they count, and are no part of any rate. */
  drained = 0;
  drainedFailed = 0;

  add(interval: RouteInterval, isDrain = false): void {
    if (isDrain) {
      const failed = interval.failures.reduce((sum, count) => sum + count, 0);
      this.drained += (interval.ok?.count ?? 0) + failed;
      this.drainedFailed += failed;
    }
    if (interval.ok) this.ok.addRaw(interval.ok);
    if (interval.bad) this.bad.addRaw(interval.bad);
    if (interval.waiting) this.waiting.addRaw(interval.waiting);
    if (interval.response) this.response.addRaw(interval.response);
    for (let i = 0; i < this.failures.length; i++)
      this.failures[i] = (this.failures[i] as number) + (interval.failures[i] as number);
    this.dropped += interval.dropped;
    this.satisfied += interval.satisfied;
    this.tolerating += interval.tolerating;
    if (interval.cutService) this.bad.addCensoredRaw(interval.cutService);
    if (interval.cutResponse) this.response.addCensoredRaw(interval.cutResponse);
  }

  merge(other: RouteTotals): void {
    this.ok.add(other.ok);
    this.bad.add(other.bad);
    this.waiting.add(other.waiting);
    this.response.add(other.response);
    for (let i = 0; i < this.failures.length; i++)
      this.failures[i] = (this.failures[i] as number) + (other.failures[i] as number);
    this.dropped += other.dropped;
    this.satisfied += other.satisfied;
    this.tolerating += other.tolerating;
    this.drained += other.drained;
    this.drainedFailed += other.drainedFailed;
  }

  clear(): void {
    for (const histogram of [this.ok, this.bad, this.waiting, this.response]) histogram.clear();
    this.failures.fill(0);
    this.dropped = 0;
    this.satisfied = 0;
    this.tolerating = 0;
    this.drained = 0;
    this.drainedFailed = 0;
  }

  /** Requests that failed: no complete response, timed out, or a status of 400 or more. */
  get failed(): number {
    return this.failures.reduce((sum, count) => sum + count, 0);
  }

  /** Requests made: completed or failed. */
  get requests(): number {
    return this.ok.count + this.failed;
  }
}

/** Counters that an interval and the totals share, added one by one. */
const counters = [
  "connectionsOpened",
  "handshakes",
  "resumed",
  "bytesReceived",
  "bytesSent",
  "sent",
  "due",
  "late",
  "blocked",
  "localLimits",
] as const satisfies readonly (keyof Interval)[];

/** Sums over all workers since the load started. */
export class Totals {
  readonly routes: RouteTotals[];
  readonly connecting = new LatencyHistogram();
  readonly handshaking = new LatencyHistogram();
  readonly pacerLag = new LatencyHistogram();
  readonly checkPasses: number[];
  readonly checkFails: number[];
  readonly examples = new Map<FailureClass, string>();
  /** Null where the load is of requests that end. */
  readonly streams: StreamTotals | null;
  connectionsOpened = 0;
  handshakes = 0;
  resumed = 0;
  bytesReceived = 0;
  bytesSent = 0;
  sent = 0;
  due = 0;
  late = 0;
  blocked = 0;
  localLimits = 0;

  constructor(options: { routes: number; checks: number; streams?: boolean }) {
    this.streams = options.streams === true ? new StreamTotals() : null;
    this.routes = Array.from({ length: options.routes }, () => new RouteTotals());
    this.checkPasses = new Array<number>(options.checks).fill(0);
    this.checkFails = new Array<number>(options.checks).fill(0);
  }

  /** `isDrain`: it lies after the load. */
  add(interval: Interval, isDrain = false): void {
    interval.routes.forEach((route, i) => {
      this.routes[i]?.add(route, isDrain);
    });
    if (interval.connecting) this.connecting.addRaw(interval.connecting);
    if (interval.handshaking) this.handshaking.addRaw(interval.handshaking);
    if (interval.pacerLag) this.pacerLag.addRaw(interval.pacerLag);
    addEach(this.checkPasses, interval.checkPasses);
    addEach(this.checkFails, interval.checkFails);
    for (const { class: failure, message } of interval.examples) {
      if (!this.examples.has(failure)) this.examples.set(failure, message);
    }
    for (const counter of counters) this[counter] += interval[counter];
    if (interval.streams !== null) this.streams?.add(interval.streams);
  }

  clear(): void {
    for (const route of this.routes) route.clear();
    for (const histogram of [this.connecting, this.handshaking, this.pacerLag]) histogram.clear();
    this.checkPasses.fill(0);
    this.checkFails.fill(0);
    this.examples.clear();
    for (const counter of counters) this[counter] = 0;
    this.streams?.clear();
  }

  /** All routes together. */
  all(): RouteTotals {
    return sumOfRoutes(this.routes);
  }
}

/** Several routes together; a single one is not copied. */
export function sumOfRoutes(routes: readonly RouteTotals[]): RouteTotals {
  const [first, ...others] = routes;
  if (first !== undefined && others.length === 0) return first;
  const all = new RouteTotals();
  for (const route of routes) all.merge(route);
  return all;
}

function addEach(sums: number[], differences: readonly number[]): void {
  for (let i = 0; i < sums.length; i++) sums[i] = (sums[i] as number) + (differences[i] ?? 0);
}
