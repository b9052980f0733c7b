import { type IncomingHttpHeaders, type ServerResponse, STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Dispatcher } from "undici";
import type { Admission } from "./admission.ts";
import { type EdgeError, errorBody, overloaded, upstreamErrorFor } from "./errors.ts";
import { responseHeaders } from "./headers.ts";
import { linger } from "./linger.ts";
import type { SlowClient, SlowClients } from "./slow-clients.ts";
import type { Upstream } from "./upstream.ts";
import type { Upstreams } from "./upstreams.ts";

export interface HandshakeContext {
  readonly upstreams: Upstreams;
  readonly admission: Admission;
  readonly slowClients: SlowClients<ServerResponse | Handshake>;
  readonly failed: (requestId: string, error: EdgeError, cause: Error) => void;
  readonly secure: boolean;
  /** No byte either way for so long: the end. */
  readonly idleTimeoutMs: number;
}

/** Who asked for a WebSocket. */
export interface Client {
  readonly socket: Socket;
  readonly requestId: string;
  /** To be called once, with the status of the answer. */
  readonly answered: (status: number) => void;
}

/** undici's handler of one handshake; a slow client while it reads what refuses it. */
export class Handshake implements Dispatcher.DispatchHandler, SlowClient {
  readonly #context: HandshakeContext;
  readonly #client: Client;
  readonly #socket: Socket;
  readonly #head: Buffer;
  readonly #upstream: Upstream;
  #controller: Dispatcher.DispatchController | null = null;
  #answered = false;
  #hasPlace = true;
  #over = false;

  constructor(context: HandshakeContext, client: Client, head: Buffer) {
    this.#context = context;
    this.#client = client;
    this.#socket = client.socket;
    this.#head = head;
    this.#upstream = context.upstreams.pick(null);
  }

  start(options: Dispatcher.DispatchOptions): void {
    this.#upstream.inFlight++;
    this.#socket.once("close", () => this.#controller?.abort(new Error("client gone")));
    this.#upstream.pool.dispatch(options, this);
  }

  get closed(): boolean {
    return this.#socket.closed;
  }

  once(event: "close", listener: () => void): void {
    this.#socket.once(event, listener);
  }

  destroy(): void {
    this.#socket.destroy();
  }

  /** Gives the place among the requests in flight back, if it has not been. */
  leave(): void {
    if (!this.#hasPlace) return;
    this.#hasPlace = false;
    this.#context.admission.leave();
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    this.#upstream.sent++;
    if (this.#socket.destroyed) controller.abort(new Error("client gone"));
  }

  onRequestUpgrade(_controller: Dispatcher.DispatchController, status: number, headers: IncomingHttpHeaders, upstream: Duplex) {
    this.#settle(true);
    upstream.on("error", () => upstream.destroy());
    if (this.#socket.destroyed || status !== 101 || headers.upgrade?.toLowerCase() !== "websocket") {
      upstream.destroy();
      if (!this.#socket.destroyed) refuse(this.#client, upstreamErrorFor(null));
      return;
    }
    this.#client.answered(101);
    const switched = ["connection", "Upgrade", "upgrade", "websocket"];
    this.#socket.write(head(101, [...responseHeaders(headers, 101, false), ...switched]), "latin1");
    if (this.#head.length > 0) upstream.write(this.#head);
    (upstream as Socket).setTimeout(this.#context.idleTimeoutMs, () => upstream.destroy());
    join(this.#socket, upstream as Socket);
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number, headers: IncomingHttpHeaders): void {
    if (status < 200) return;
    this.#answered = true;
    this.#client.answered(status);
    // The end of the connection is the end of the body: what a refusal says needs no framing of ours.
    const lines = [...responseHeaders(headers, status, this.#context.secure), "connection", "close"];
    this.#write(controller, Buffer.from(head(status, lines), "latin1"));
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#write(controller, chunk);
  }

  onResponseEnd(): void {
    this.#settle(true);
    // Once all is written: it may be more than a client takes in that time.
    this.#socket.end(() => linger(this.#socket));
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    const gone = this.#socket.destroyed;
    this.#settle(gone ? null : false);
    if (gone) return;
    if (this.#answered) {
      this.#socket.destroy();
      return;
    }
    const answer = upstreamErrorFor(error);
    this.#context.failed(this.#client.requestId, answer, error);
    refuse(this.#client, answer);
  }

  #write(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#socket.write(chunk)) return;
    controller.pause();
    const { slowClients } = this.#context;
    slowClients.waitsFor(this);
    this.#socket.once("drain", () => {
      slowClients.goesOn(this);
      controller.resume();
    });
  }

  #settle(success: boolean | null): void {
    if (this.#over) return;
    this.#over = true;
    this.#controller = null;
    this.#upstream.inFlight--;
    this.leave();
    // What is left to read holds neither place nor upstream any more.
    this.#context.slowClients.forget(this);
    if (success !== null) this.#context.upstreams.outcome(this.#upstream, success);
  }
}

/** Bytes both ways with back-pressure; the end of one side is the end of the other. */
function join(client: Socket, upstream: Socket): void {
  client.pipe(upstream).pipe(client);
  client.once("close", () => upstream.destroySoon());
  upstream.once("close", () => client.destroySoon());
}

function head(status: number, headers: readonly string[]): string {
  let text = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}\r\n`;
  for (let i = 0; i < headers.length; i += 2) text += `${headers[i]}: ${headers[i + 1]}\r\n`;
  return `${text}\r\n`;
}

export function refuse({ socket, requestId, answered }: Client, error: EdgeError): void {
  answered(error.status);
  const body = errorBody(error, requestId);
  const lines = ["content-type", "application/json", "content-length", String(Buffer.byteLength(body)), "connection", "close"];
  if (error === overloaded) lines.push("retry-after", "1");
  socket.end(head(error.status, lines) + body);
  linger(socket);
}
