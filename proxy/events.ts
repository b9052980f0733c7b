import type { ServerResponse } from "node:http";

/** What a stream of events is made of. */
export interface EventStreamOptions {
  readonly intervalMs: number;
  /** Events until the stream ends by itself; null: never. */
  readonly count: number | null;
  /** Length of each event's data. */
  readonly bytes: number;
  /** How long a client that lost the stream shall wait before it asks again; null: not told. */
  readonly retryMs: number | null;
  /** The first event's id; a client that comes back goes on where it was. */
  readonly firstId: number;
}

/** RFC 9111 §5.2.2.5 for caches; the last for nginx, which would gather events in its buffers. */
const headers = ["content-type", "text/event-stream", "cache-control", "no-store", "x-accel-buffering", "no"];

/**
 * Server-sent events (WHATWG HTML §9.2) on a schedule. Event n is due n intervals after the stream began, a closed form:
 * timers that come late do not add up, so that a client can tell how late an event is from the schedule alone.
 */
export class EventStreams {
  readonly #open = new Set<EventStream>();

  /** Answers with a stream; the caller has taken the response out of fastify's hands. */
  start(response: ServerResponse, options: EventStreamOptions): void {
    const stream = new EventStream(response, options);
    this.#open.add(stream);
    response.once("close", () => {
      stream.stop();
      this.#open.delete(stream);
    });
    response.writeHead(200, headers);
    stream.start();
  }

  /** Ends all of them properly: their clients ask again elsewhere. */
  end(): void {
    for (const stream of this.#open) stream.end();
  }
}

class EventStream {
  readonly #response: ServerResponse;
  readonly #options: EventStreamOptions;
  readonly #data: string;
  #startedAtMs = 0;
  #sent = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(response: ServerResponse, options: EventStreamOptions) {
    this.#response = response;
    this.#options = options;
    this.#data = "0123456789abcdef".repeat(Math.ceil(options.bytes / 16)).slice(0, options.bytes);
  }

  start(): void {
    const { retryMs } = this.#options;
    this.#response.flushHeaders();
    if (retryMs !== null) this.#response.write(`retry: ${retryMs}\n\n`);
    this.#startedAtMs = performance.now();
    this.#sendDue();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  end(): void {
    this.stop();
    this.#response.end();
  }

  /** What a slow client has not read yet it gets later: events wait as a number, not as bytes. */
  #sendDue(): void {
    const { intervalMs, count, firstId } = this.#options;
    for (;;) {
      if (count !== null && this.#sent >= count) {
        this.end();
        return;
      }
      const waitMs = this.#startedAtMs + this.#sent * intervalMs - performance.now();
      if (waitMs > 0) {
        this.#timer = setTimeout(() => this.#sendDue(), waitMs);
        return;
      }
      if (!this.#response.write(`id: ${firstId + this.#sent++}\ndata: ${this.#data}\n\n`)) {
        this.#response.once("drain", () => this.#sendDue());
        return;
      }
    }
  }
}
