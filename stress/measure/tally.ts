import type { FailureClass } from "./event.ts";
import { LatencyRecorder, type RawCounts } from "./recorder.ts";
import { type StreamInterval, StreamTally, streamRaws } from "./stream-tally.ts";

/** Failure classes in the order of their counters. */
export const failureClasses = [
  "refused",
  "reset",
  "tls",
  "timeout",
  "malformed",
  "stale-connection",
  "status-4xx",
  "status-5xx",
  "ended",
  "silent",
  "interrupted",
  "local-limit",
] as const satisfies readonly FailureClass[];

/** Counters of one route in one interval; arrays so that merging is one loop. */
export interface RouteInterval {
  /** Complete responses below 400, and of 400 and above. */
  ok: RawCounts | null;
  bad: RawCounts | null;
  waiting: RawCounts | null;
  /** From due to the last byte; null in the closed models. */
  response: RawCounts | null;
  /** What the service and the response time of requests that were cut off are known to exceed: timed out, or in flight at the end. */
  cutService: RawCounts | null;
  /** As above; arrivals that were never sent included. */
  cutResponse: RawCounts | null;
  failures: number[];
  /** Due but never sent. */
  dropped: number;
  satisfied: number;
  tolerating: number;
}

/** What one worker did since it last told; every field is a difference, so intervals add up. */
export interface Interval {
  worker: number;
  /** On the clock all threads share, in milliseconds. */
  fromMs: number;
  toMs: number;
  routes: RouteInterval[];
  checkPasses: number[];
  checkFails: number[];
  connecting: RawCounts | null;
  handshaking: RawCounts | null;
  pacerLag: RawCounts | null;
  connectionsOpened: number;
  handshakes: number;
  resumed: number;
  bytesReceived: number;
  bytesSent: number;
  /** Requests put on the wire: what the target can have counted. */
  sent: number;
  /** Arrivals that came due, that were sent more than 2 ms late, and that found every connection busy. */
  due: number;
  late: number;
  blocked: number;
  /** Connections that failed for want of local ports, descriptors or memory. */
  localLimits: number;
  /** Active users (closed) or connections (open) now. */
  users: number;
  inFlight: number;
  examples: { class: FailureClass; message: string }[];
  thread: ThreadLoad;
  /** Null where the load is of requests that end. */
  streams: StreamInterval | null;
}

/** What the worker's thread cost, in milliseconds of the interval. */
export interface ThreadLoad {
  wallMs: number;
  cpuMs: number;
  /** Runnable but not running (schedstat), throttling included; null where the kernel does not say. */
  runDelayMs: number | null;
  /** Time by which the heartbeat came too late, whatever the cause. */
  stalledMs: number;
}

/** One route's recorders. Nothing here allocates per request. */
export class RouteTally {
  readonly ok = new LatencyRecorder();
  readonly bad = new LatencyRecorder();
  readonly waiting = new LatencyRecorder();
  readonly response = new LatencyRecorder();
  readonly cutService = new LatencyRecorder();
  readonly cutResponse = new LatencyRecorder();
  failures = new Array<number>(failureClasses.length).fill(0);
  dropped = 0;
  satisfied = 0;
  tolerating = 0;

  take(): RouteInterval {
    const taken = {
      ok: this.ok.take(),
      bad: this.bad.take(),
      waiting: this.waiting.take(),
      response: this.response.take(),
      cutService: this.cutService.take(),
      cutResponse: this.cutResponse.take(),
      failures: this.failures,
      dropped: this.dropped,
      satisfied: this.satisfied,
      tolerating: this.tolerating,
    };
    this.failures = new Array<number>(failureClasses.length).fill(0);
    this.dropped = 0;
    this.satisfied = 0;
    this.tolerating = 0;
    return taken;
  }
}

const maxExamples = 3;

/** One worker's counters. `complete` and `fail` are the hot path; `take` hands over and clears once a second. */
export class Tally {
  readonly routes: RouteTally[];
  readonly connecting = new LatencyRecorder();
  readonly handshaking = new LatencyRecorder();
  readonly pacerLag = new LatencyRecorder();
  checkPasses: number[];
  checkFails: number[];
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
  users = 0;
  inFlight = 0;
  /** Null where the load is of requests that end. */
  readonly streams: StreamTally | null;
  readonly #worker: number;
  readonly #apdexMs: number;
  #examples: Interval["examples"] = [];
  readonly #told = new Map<FailureClass, number>();
  #fromMs: number;

  constructor(options: {
    worker: number;
    routes: number;
    checks: number;
    apdexMs: number;
    nowMs: number;
    streams: boolean;
  }) {
    this.streams = options.streams ? new StreamTally() : null;
    this.#worker = options.worker;
    this.#apdexMs = options.apdexMs;
    this.#fromMs = options.nowMs;
    this.routes = Array.from({ length: options.routes }, () => new RouteTally());
    this.checkPasses = new Array<number>(options.checks).fill(0);
    this.checkFails = new Array<number>(options.checks).fill(0);
  }

  /** A complete response. `responseMs` is negative in the closed models, which have none. */
  complete(route: number, status: number, durationMs: number, waitingMs: number, responseMs: number): void {
    const tally = this.routes[route] as RouteTally;
    if (status < 400) {
      tally.ok.record(durationMs);
      const judged = responseMs >= 0 ? responseMs : durationMs;
      if (judged <= this.#apdexMs) tally.satisfied++;
      else if (judged <= 4 * this.#apdexMs) tally.tolerating++;
    } else {
      tally.bad.record(durationMs);
      const failure: FailureClass = status < 500 ? "status-4xx" : "status-5xx";
      this.#count(tally, failure, "");
      if (!this.#told.has(failure)) this.#tell(failure, `HTTP ${status}`);
    }
    tally.waiting.record(waitingMs);
    if (responseMs >= 0) tally.response.record(responseMs);
  }

  /** A request that got no complete response. `message` is read only for the first few of a class. */
  fail(route: number, failure: FailureClass, message: string): void {
    this.#count(this.routes[route] as RouteTally, failure, message);
  }

  /** A request that was given up before its response was complete. Times since it was sent and, unless negative, due. */
  cut(route: number, failure: FailureClass, message: string, serviceMs: number, responseMs: number): void {
    const tally = this.routes[route] as RouteTally;
    tally.cutService.record(serviceMs);
    if (responseMs >= 0) tally.cutResponse.record(responseMs);
    this.#count(tally, failure, message);
  }

  /** An arrival that was never sent; its response time would have exceeded `responseMs`. */
  drop(route: number, responseMs: number): void {
    const tally = this.routes[route] as RouteTally;
    tally.cutResponse.record(responseMs);
    tally.dropped++;
  }

  take(nowMs: number, thread: ThreadLoad): Interval {
    const interval: Interval = {
      worker: this.#worker,
      fromMs: this.#fromMs,
      toMs: nowMs,
      routes: this.routes.map((route) => route.take()),
      checkPasses: this.checkPasses,
      checkFails: this.checkFails,
      connecting: this.connecting.take(),
      handshaking: this.handshaking.take(),
      pacerLag: this.pacerLag.take(),
      connectionsOpened: this.connectionsOpened,
      handshakes: this.handshakes,
      resumed: this.resumed,
      bytesReceived: this.bytesReceived,
      bytesSent: this.bytesSent,
      sent: this.sent,
      due: this.due,
      late: this.late,
      blocked: this.blocked,
      localLimits: this.localLimits,
      users: this.users,
      inFlight: this.inFlight,
      examples: this.#examples,
      thread,
      streams: this.streams?.take() ?? null,
    };
    this.checkPasses = new Array<number>(this.checkPasses.length).fill(0);
    this.checkFails = new Array<number>(this.checkFails.length).fill(0);
    this.connectionsOpened = 0;
    this.handshakes = 0;
    this.resumed = 0;
    this.bytesReceived = 0;
    this.bytesSent = 0;
    this.sent = 0;
    this.due = 0;
    this.late = 0;
    this.blocked = 0;
    this.localLimits = 0;
    this.#examples = [];
    this.#fromMs = nowMs;
    return interval;
  }

  #count(tally: RouteTally, failure: FailureClass, message: string): void {
    const index = failureClasses.indexOf(failure);
    tally.failures[index] = (tally.failures[index] as number) + 1;
    if (message !== "") this.#tell(failure, message);
  }

  #tell(failure: FailureClass, message: string): void {
    const told = this.#told.get(failure) ?? 0;
    if (told >= maxExamples) return;
    this.#told.set(failure, told + 1);
    this.#examples.push({ class: failure, message });
  }
}

/** The buffers of an interval, for `postMessage` to move rather than copy. */
export function transferables(interval: Interval): ArrayBuffer[] {
  const raws = [interval.connecting, interval.handshaking, interval.pacerLag];
  if (interval.streams !== null) raws.push(...streamRaws(interval.streams));
  for (const route of interval.routes) {
    raws.push(route.ok, route.bad, route.waiting, route.response, route.cutService, route.cutResponse);
  }
  return raws.flatMap((raw) => (raw ? [raw.counts.buffer as ArrayBuffer] : []));
}
