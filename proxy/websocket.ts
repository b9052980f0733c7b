import type { IncomingMessage, Server } from "node:http";
import type { Socket } from "node:net";
import { badRequest, overloaded } from "./errors.ts";
import { faultOf, hasBody } from "./framing.ts";
import { type Client, Handshake, type HandshakeContext, refuse } from "./handshake.ts";
import { requestHeaders } from "./headers.ts";
import type { Observer } from "./observe.ts";
import type { Peer } from "./peer.ts";
import { takeTarget, targetOf } from "./target.ts";

export interface WebSocketContext extends HandshakeContext {
  readonly observer: Observer;
  readonly peerOf: (socket: Socket) => Peer;
  readonly nextId: () => string;
  /** Open at once; beyond it 503. */
  readonly maxOpen: number;
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
    else {
      socket.once("close", onClose);
      context.slowClients.makeRoom();
    }
  });
  return {
    get open() {
      return open;
    },
  };
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
