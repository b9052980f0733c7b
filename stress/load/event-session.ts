import type { StreamTally } from "../measure/stream-tally.ts";
import type { StreamSpec } from "../profile/stream.ts";
import { EventParser } from "./event-parser.ts";
import { type Head, text } from "./head.ts";
import type { PreparedRequest } from "./request.ts";
import { headerOf, refusalOf, type StreamHost, type StreamSession, withHeaders } from "./stream-session.ts";

/** What a client of events remembers from one stream to the next. */
export interface EventMemory {
  lastEventId: string;
  retryMs: number | null;
}

/**
 * One stream of server-sent events (WHATWG HTML §9.2). Between two events lies their gap. Where the server promises an
 * interval, the stream's least delayed event defines when the others were due, and each is late by what it came after that
 * (the delay variation of RFC 5481 §4.2): an event that a stall holds up is as late as it is, though those behind it come
 * in one burst and leave no gaps.
 */
export class EventSession implements StreamSession {
  deadline = Number.POSITIVE_INFINITY;
  readonly #host: StreamHost;
  readonly #tally: StreamTally;
  readonly #spec: Extract<StreamSpec, { kind: "sse" }>;
  readonly #request: PreparedRequest;
  readonly #memory: EventMemory;
  readonly #parser: EventParser;
  #askedAt = 0;
  #now = 0;
  #lastAt = 0;
  #events = 0;
  #longestGapMs = 0;
  #longestLateMs = 0;
  /** When event 0 would have come, had it been delayed as little as the least delayed. */
  #scheduleAt = Number.POSITIVE_INFINITY;
  #open = false;
  #leaving = false;
  #silent = false;

  constructor(
    host: StreamHost,
    tally: StreamTally,
    spec: Extract<StreamSpec, { kind: "sse" }>,
    request: PreparedRequest,
    memory: EventMemory,
  ) {
    this.#host = host;
    this.#tally = tally;
    this.#spec = spec;
    this.#request = request;
    this.#memory = memory;
    this.#parser = new EventParser({ onEvent: () => this.#onEvent() });
  }

  get retryMs(): number | null {
    return this.#memory.retryMs;
  }

  ask(askedAtMs: number): Buffer {
    this.#askedAt = askedAtMs;
    const { lastEventId } = this.#memory;
    return withHeaders(this.#request.bytes(), lastEventId === "" ? "" : `Last-Event-ID: ${lastEventId}\r\n`);
  }

  onHead({ status }: Head, bytes: Uint8Array, start: number, end: number, nowMs: number): void {
    const type = headerOf(text(bytes, start, end), "content-type");
    if (status !== 200) this.#host.lost(...refusalOf(status, "an event stream"), nowMs);
    else if (type === null || !/^text\/event-stream\s*(;|$)/i.test(type)) {
      this.#host.lost("malformed", `content type ${type ?? "missing"} where text/event-stream was expected`, nowMs);
    } else {
      this.#open = true;
      this.deadline = nowMs + this.#spec.silenceMs;
      this.#host.granted(nowMs);
    }
  }

  onBytes(bytes: Uint8Array, start: number, end: number, nowMs: number): void {
    // Of a response that was refused.
    if (!this.#open) return;
    this.#now = nowMs;
    this.#parser.push(bytes, start, end);
    this.#memory.retryMs = this.#parser.retryMs ?? this.#memory.retryMs;
    if (this.#parser.problem !== "") this.#host.lost("malformed", this.#parser.problem, nowMs);
  }

  onEnd(nowMs: number): void {
    this.#host.lost("ended", `ended by the server after ${count(this.#events)}`, nowMs);
  }

  /** Who has had no event yet waits for one, as a request in flight does for its response. */
  leave(nowMs: number): void {
    this.#leaving = true;
    if (this.#events > 0) this.#host.left(nowMs);
  }

  expire(nowMs: number): void {
    this.#silent = true;
    this.#host.lost("silent", `no event within ${this.#spec.silenceMs} ms`, nowMs);
  }

  close(nowMs: number): void {
    if (!this.#open) return;
    this.#open = false;
    const { cut } = this.#tally;
    if (this.#events === 0) {
      cut.first.record(nowMs - this.#askedAt);
      return;
    }
    // Every stream ends with a wait; only one that is far longer than others were says something.
    const gapMs = nowMs - this.#lastAt;
    const { intervalMs } = this.#spec;
    const usualMs = this.#events > 1 ? 2 * this.#longestGapMs : (intervalMs ?? 0);
    if (this.#silent || gapMs > usualMs) cut.gap.record(gapMs);
    if (intervalMs === null) return;
    for (let n = this.#events; nowMs - this.#dueAt(n, intervalMs) > this.#longestLateMs + intervalMs; n++) {
      cut.late.record(nowMs - this.#dueAt(n, intervalMs));
    }
  }

  #dueAt(n: number, intervalMs: number): number {
    return this.#scheduleAt + n * intervalMs;
  }

  #onEvent(): void {
    if (!this.#open) return;
    const now = this.#now;
    const { times, counts } = this.#tally;
    counts.messagesReceived++;
    counts.operations++;
    this.#memory.lastEventId = this.#parser.lastEventId;
    if (this.#events === 0) times.first.record(now - this.#askedAt);
    else {
      const gapMs = now - this.#lastAt;
      times.gap.record(gapMs);
      if (gapMs > this.#longestGapMs) this.#longestGapMs = gapMs;
    }
    const { intervalMs } = this.#spec;
    if (intervalMs !== null) {
      this.#scheduleAt = Math.min(this.#scheduleAt, now - this.#events * intervalMs);
      const lateMs = now - this.#dueAt(this.#events, intervalMs);
      times.late.record(lateMs);
      if (lateMs > this.#longestLateMs) this.#longestLateMs = lateMs;
    }
    this.#lastAt = now;
    this.#events++;
    this.deadline = now + this.#spec.silenceMs;
    if (this.#leaving) this.#host.left(now);
  }
}

function count(events: number): string {
  return `${events} ${events === 1 ? "event" : "events"}`;
}
