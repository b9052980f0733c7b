import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from "node:http";

/**
 * Whether a client would take server-sent events (WHATWG HTML §9.2.2: EventSource says so in Accept). It may get something
 * else all the same; one that does not say so and gets them is served as if they were any long answer.
 */
export function asksForEvents({ headers }: IncomingMessage): boolean {
  return headers.accept?.toLowerCase().includes("text/event-stream") === true;
}

export function isEventStream(headers: IncomingHttpHeaders): boolean {
  return /^text\/event-stream\s*(;|$)/i.test(headers["content-type"] ?? "");
}

/** Event streams that may be open at once: they last, so that one must not hold the place of a thousand requests. */
export class StreamPlaces {
  readonly #max: number;
  #open = 0;

  constructor(max: number) {
    this.#max = max;
  }

  get open(): number {
    return this.#open;
  }

  /** False: there is no place. It is given back when the answer ends. */
  tryHold(response: ServerResponse): boolean {
    if (this.#open >= this.#max) return false;
    this.#open++;
    response.once("close", () => this.#open--);
    return true;
  }
}
