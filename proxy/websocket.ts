import { type IncomingHttpHeaders, type IncomingMessage, type Server, STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Dispatcher } from "undici";
import type { Admission } from "./admission.ts";
import { badRequest, type EdgeError, errorBody, overloaded, upstreamErrorFor } from "./errors.ts";
import { faultOf, hasBody } from "./framing.ts";
import { requestHeaders, responseHeaders } from "./headers.ts";
import { linger } from "./linger.ts";
import type { Observer } from "./observe.ts";
import type { Peer } from "./peer.ts";
import { takeTarget, targetOf } from "./target.ts";
import type { Upstream } from "./upstream.ts";
import type { Upstreams } from "./upstreams.ts";

export interface WebSocketContext {
  readonly upstreams: Upstreams;
  readonly admission: Admission;
  readonly observer: Observer;
  readonly peerOf: (socket: Socket) => Peer;
  readonly nextId: () => string;
  readonly failed: (requestId: string, error: EdgeError, cause: Error) => void;
  readonly secure: boolean;
  /** Open at once; beyond it 503. */
  readonly maxOpen: number;
  /** No byte either way for so long: the end. */
  readonly idleTimeoutMs: number;
}

/** Which requests Node hands over as upgrades. All others, h2c among them, are served as if they had not asked (RFC 9110 §7.8). */
export function isWebSocket({ method, headers }: IncomingMessage): boolean {
  return method === "GET" && headers.upgrade?.toLowerCase() === "websocket";
}

/**
 * Forwards WebSocket handshakes (RFC 6455 §4), and then bytes both ways at the pace of the slower side. The client hears
 * 101 only when the upstream has said it; any other answer reaches it as it is. A handshake takes a place among the
 * requests in flight, an open connection one of its own kind.
 */
export function forwardWebSockets(server: Server, context: WebSocketContext): { readonly open: number } {
  let open = 0;
  server.on("upgrade", (request: IncomingMessage, socket: Socket, head: Buffer) => {
    socket.on("error", () => socket.destroy());
    // Node has taken its own back. Not on `socket`: while the handshake has a body to come, that is no socket yet.
    request.socket.setTimeout(context.idleTimeoutMs, () => socket.destroy());
    takeTarget(request);
    const target = targetOf(request);
    const fault = faultOf(request) ?? (target === null || hasBody(request) ? badRequest : null);
    const requestId = context.nextId();
    const client: Client = { socket, requestId, answered: answeredBy(context.observer, socket, requestId, target?.path ?? null) };
    if (fault !== null || target === null) return refuse(client, fault ?? badRequest);
    if (open >= context.maxOpen) return refuse(client, overloaded);
    open++;
    socket.once("close", () => open--);
    const { rawHeaders, headers } = request;
    const start = () =>
      new Handshake(context, client, head).start({
        path: target.path,
        method: "GET",
        headers: requestHeaders(rawHeaders, headers.connection, target.host, context.peerOf(socket), requestId),
        upgrade: "websocket",
      });
    const { admission } = context;
    if (admission.tryEnter()) return start();
    // Many that come at once wait their turn, as requests do.
    const giveUp = admission.wait((admitted) => {
      socket.off("close", onClose);
      if (admitted) start();
      else refuse(client, overloaded);
    });
    const onClose = () => giveUp?.();
    if (giveUp === null) refuse(client, overloaded);
    else socket.once("close", onClose);
  });
  return {
    get open() {
      return open;
    },
  };
}

/** Who asked for a WebSocket. */
interface Client {
  readonly socket: Socket;
  readonly requestId: string;
  /** To be called once, with the status of the answer. */
  readonly answered: (status: number) => void;
}

/** The handshake is the request: what is observed is how long its answer took, not how long the connection lasts. */
function answeredBy(observer: Observer, socket: Socket, requestId: string, path: string | null): (status: number) => void {
  const startedAt = performance.now();
  const client = observer.sample(socket);
  return (status) => {
    const durationMs = performance.now() - startedAt;
    observer.over(client, { requestId, method: "GET", path, status, complete: true, durationMs });
  };
}

/** undici's handler of one handshake. */
class Handshake implements Dispatcher.DispatchHandler {
  readonly #context: WebSocketContext;
  readonly #client: Client;
  readonly #socket: Socket;
  readonly #head: Buffer;
  readonly #upstream: Upstream;
  #controller: Dispatcher.DispatchController | null = null;
  #answered = false;
  #over = false;

  constructor(context: WebSocketContext, client: Client, head: Buffer) {
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
    this.#socket.once("drain", () => controller.resume());
  }

  #settle(success: boolean | null): void {
    if (this.#over) return;
    this.#over = true;
    this.#controller = null;
    this.#upstream.inFlight--;
    this.#context.admission.leave();
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

function refuse({ socket, requestId, answered }: Client, error: EdgeError): void {
  answered(error.status);
  const body = errorBody(error, requestId);
  const lines = ["content-type", "application/json", "content-length", String(Buffer.byteLength(body)), "connection", "close"];
  if (error === overloaded) lines.push("retry-after", "1");
  socket.end(head(error.status, lines) + body);
  linger(socket);
}
