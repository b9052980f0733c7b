import type { IncomingHttpHeaders, ServerResponse } from "node:http";
import type { FastifyReply } from "fastify";
import type { Dispatcher } from "undici";
import { badRequest, clientGone, type EdgeError, EdgeFailure, overloaded, upstreamErrorFor } from "./errors.ts";
import { bodyPending } from "./framing.ts";
import type { Handshake } from "./handshake.ts";
import { responseHeaders } from "./headers.ts";
import type { HeldAnswers } from "./held-answers.ts";
import { lingerAtEnd } from "./linger.ts";
import type { SlowClients } from "./slow-clients.ts";
import { isStale } from "./stale-connection.ts";
import { isEventStream } from "./stream-places.ts";
import type { Upstream } from "./upstream.ts";
import type { Upstreams } from "./upstreams.ts";

export interface ExchangeContext {
  readonly upstreams: Upstreams;
  /** True over TLS. */
  readonly secure: boolean;
  /** True: the answer is the last of its connection. */
  readonly last: () => boolean;
  readonly answer: (reply: FastifyReply, error: EdgeError) => void;
  readonly failed: (reply: FastifyReply, error: EdgeError, cause: Error) => void;
  /** The answer is an event stream, which leaves its place among the requests in flight for one of its own; false: there is none. */
  readonly holdStream: (response: ServerResponse) => boolean;
  readonly slowClients: SlowClients<ServerResponse | Handshake>;
  readonly held: HeldAnswers;
}

export interface ExchangeKind {
  /** The client takes event streams. */
  readonly mayStream: boolean;
  /** Not for the connections that are counted with the requests in flight. */
  readonly isBeside: boolean;
}

export const ordinary: ExchangeKind = { mayStream: false, isBeside: false };
export const healthCheck: ExchangeKind = { mayStream: false, isBeside: true };
/** Of a client that takes event streams. */
export const streaming: ExchangeKind = { mayStream: true, isBeside: true };

/** RFC 9110 §9.2.2: doing it twice is doing it once. */
const idempotent: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS", "PUT", "DELETE"]);

const kExchange = Symbol("exchange");
type ExchangeResponse = ServerResponse & { [kExchange]: Exchange };

/** Bodies up to this size are copied into the string of the header: one write of one string is the cheapest there is. */
const inlineBytes = 4_096;

/**
 * What may wait for a slow client before the upstream is asked to wait, too: more than Node's own mark, which one read of
 * the upstream fills, and times the requests in flight a bounded amount of memory.
 */
const pauseBytes = 256 * 1_024;

/** More than this left to write at the end of an answer: the client is behind, and not only by the last read. */
const slowEndBytes = 65_536;

/**
 * One request on its way through: undici's handler object, and the client's answer written by it. What a request needs
 * is kept here, in one object; the listeners are shared functions that find it through the response.
 *
 * An answer whose body is whole at once costs one write. Until then head and first chunk are held, at most to the end
 * of the event loop's turn, so that a failure within it can still become a 502.
 */
export class Exchange implements Dispatcher.DispatchHandler {
  readonly #context: ExchangeContext;
  readonly #reply: FastifyReply;
  readonly #response: ExchangeResponse;
  readonly #options: Dispatcher.DispatchOptions;
  readonly #kind: ExchangeKind;
  #upstream: Upstream;
  #controller: Dispatcher.DispatchController | null = null;
  #status = 0;
  #headers: string[] | null = null;
  #held: Buffer | null = null;
  #attempts = 0;
  /** A byte of the answer has been seen. */
  #answered = false;
  #headWritten = false;
  #waitsForDrain = false;
  /** Has a place of its own kind, which does not depend on how fast its client reads. */
  #isStream = false;
  /** Answered, or nobody is left to answer. */
  #over = false;

  constructor(context: ExchangeContext, reply: FastifyReply, options: Dispatcher.DispatchOptions, kind: ExchangeKind) {
    this.#context = context;
    this.#kind = kind;
    this.#reply = reply;
    this.#response = reply.raw as ExchangeResponse;
    this.#options = options;
    this.#upstream = context.upstreams.pick(null);
    this.#response[kExchange] = this;
    this.#response.on("close", onClose);
  }

  start(): void {
    const { pool, streams, fresh } = this.#upstream;
    this.#upstream.inFlight++;
    // Where one kept connection was closed, others may be: the second attempt gets a new one.
    (this.#attempts++ > 0 ? fresh : this.#kind.isBeside ? streams : pool).dispatch(this.#options, this);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    this.#upstream.sent++;
    if (this.#over) controller.abort(new EdgeFailure(clientGone));
  }

  onResponseStarted(): void {
    this.#answered = true;
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number, headers: IncomingHttpHeaders): void {
    // Interim answers are stripped whole: the client asked us, and its 100 came from us.
    if (status < 200 || this.#over) return;
    if (this.#kind.mayStream && isEventStream(headers)) {
      this.#isStream = this.#context.holdStream(this.#response);
      if (!this.#isStream) {
        this.#fail(overloaded);
        controller.abort(new EdgeFailure(overloaded));
        return;
      }
    }
    this.#status = status;
    this.#headers = responseHeaders(headers, status, this.#context.secure);
    this.#context.held.hold(this);
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#over) return;
    if (!this.#headWritten) {
      if (this.#held === null) {
        this.#held = chunk;
        return;
      }
      this.flush();
    }
    this.#write(chunk, controller);
  }

  onResponseEnd(): void {
    if (this.#over) {
      this.#settle(null);
      return;
    }
    const response = this.#response;
    const held = this.#held;
    // Whole: its length is known, and chunks would only cost both sides. It throws when Node refuses a header.
    if (!this.#headWritten) this.#writeHead(held !== null ? held.length : this.#hasContent() ? 0 : null);
    this.#settle(true);
    this.#over = true;
    if (held === null) response.end();
    else if (held.length <= inlineBytes) response.end(held.toString("latin1"), "latin1");
    else response.end(held);
    // The upstream is done with; only the client keeps the place now.
    if (response.writableLength > slowEndBytes) this.#context.slowClients.waitsFor(response);
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    const neverSent = this.#controller === null;
    const invalid = isInvalidArgument(error);
    this.#settle(this.#over || invalid || error instanceof EdgeFailure ? null : false);
    if (this.#over) return;
    if (this.#headWritten) {
      this.#over = true;
      // Truncated: the client must see a broken transfer, never a short success.
      this.#response.destroy();
      return;
    }
    this.#headers = null;
    this.#held = null;
    // Refused by undici before it asked anybody: the client's doing.
    if (invalid) this.#fail(badRequest);
    else if (this.#repeats(error, neverSent)) process.nextTick(restart, this);
    else this.#fail(upstreamErrorFor(error), error);
  }

  /**
   * Writes what is held; what follows is streamed, a write for each read of the upstream. Gathering a turn's reads was no
   * cheaper; by cork() it also loses `drain`, which Node does not emit where a write ends while another is corked.
   */
  flush(): void {
    if (this.#headWritten || this.#headers === null || this.#over) return;
    this.#writeHead(null);
    const held = this.#held;
    this.#held = null;
    if (held === null) this.#response.flushHeaders();
    else this.#write(held, this.#controller);
  }

  /** The client's connection has room again. */
  resume(): void {
    this.#context.slowClients.goesOn(this.#response);
    this.#controller?.resume();
  }

  /** The answer has ended, or the client has left. */
  closed(): void {
    if (this.#over) return;
    this.#over = true;
    this.#controller?.abort(new EdgeFailure(clientGone));
  }

  #write(chunk: Buffer, controller: Dispatcher.DispatchController | null): void {
    if (this.#response.write(chunk) || this.#response.writableLength < pauseBytes) return;
    controller?.pause();
    if (!this.#isStream) this.#context.slowClients.waitsFor(this.#response);
    if (this.#waitsForDrain) return;
    this.#waitsForDrain = true;
    this.#response.on("drain", onDrain);
  }

  /** `length`: of the whole body, null when it is not known yet or not ours to tell. */
  #writeHead(length: number | null): void {
    const headers = this.#headers ?? [];
    this.#headWritten = true;
    if (length !== null && this.#options.method !== "HEAD" && !hasName(headers, "content-length")) {
      headers.push("content-length", String(length));
    }
    const { raw } = this.#reply.request;
    const isUnread = bodyPending(raw);
    if (isUnread) lingerAtEnd(raw.socket);
    if (isUnread || this.#context.last()) headers.push("connection", "close");
    this.#response.writeHead(this.#status, headers);
  }

  #hasContent(): boolean {
    return this.#options.method !== "HEAD" && this.#status !== 204 && this.#status !== 304;
  }

  /** An attempt has ended; null: for reasons that say nothing about the upstream. */
  #settle(success: boolean | null): void {
    this.#upstream.inFlight--;
    this.#controller = null;
    if (success !== null) this.#context.upstreams.outcome(this.#upstream, success);
  }

  #fail(answer: EdgeError, cause?: Error): void {
    this.#over = true;
    if (cause !== undefined) this.#context.failed(this.#reply, answer, cause);
    this.#context.answer(this.#reply, answer);
  }

  /**
   * A second attempt, where it can have no effect that the first had: the request was never sent, or it is idempotent,
   * has no body, met a kept connection that turned out to be closed, and no byte came back. Chooses whom to ask.
   */
  #repeats(error: Error, neverSent: boolean): boolean {
    const { upstreams } = this.#context;
    const others = upstreams.all.length - this.#attempts;
    const harmless = this.#options.body == null && idempotent.has(this.#options.method);
    const stale = this.#attempts === 1 && isStale(error) && (neverSent || (harmless && !this.#answered));
    if (!stale && !(neverSent && others > 0)) return false;
    this.#upstream = upstreams.pick(this.#upstream);
    return true;
  }
}

function hasName(headers: readonly string[], name: string): boolean {
  for (let i = 0; i < headers.length; i += 2) if (headers[i] === name) return true;
  return false;
}

function isInvalidArgument(error: Error): boolean {
  return "code" in error && (error.code === "UND_ERR_INVALID_ARG" || error.code === "UND_ERR_NOT_SUPPORTED");
}

function restart(exchange: Exchange): void {
  exchange.start();
}

function onDrain(this: ServerResponse): void {
  (this as ExchangeResponse)[kExchange].resume();
}

function onClose(this: ServerResponse): void {
  (this as ExchangeResponse)[kExchange].closed();
}
