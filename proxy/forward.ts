import { type IncomingMessage, METHODS, type Server } from "node:http";
import type { Socket } from "node:net";
import httpProxy from "@fastify/http-proxy";
import type { FastifyInstance } from "fastify";
import type { Dispatcher } from "undici";
import { badRequest } from "./errors.ts";
import { Exchange, type ExchangeContext, healthCheck, ordinary, streaming } from "./exchange.ts";
import { faultOf, hasBody } from "./framing.ts";
import { bodyOf } from "./gather.ts";
import { requestHeaders } from "./headers.ts";
import type { Peer } from "./peer.ts";
import { asksForEvents } from "./stream-places.ts";
import { targetOf } from "./target.ts";
import { uploadOptions } from "./upload.ts";

export interface ForwardContext extends ExchangeContext {
  readonly peerOf: (socket: Socket) => Peer;
  /** May be beside the requests in flight. */
  readonly isHealthCheck: (request: IncomingMessage) => boolean;
  /** No byte of an event stream for so long: the end. */
  readonly streamIdleTimeoutMs: number;
}

/** Every method that Node's parser knows, save those that are refused: which of them exist is the upstream's business. */
const methods: string[] = METHODS.filter((method) => method !== "CONNECT" && method !== "TRACE");

/** Forwards all methods of all paths: bodies of unknown length by the plugin's route, everything else by the hot path. */
export function forward(app: FastifyInstance<Server>, context: ForwardContext): void {
  app.addHook("onRequest", (request, reply, done) => {
    const { raw } = request;
    const { headers } = raw;
    const fault = faultOf(raw);
    const target = targetOf(raw);
    if (fault !== null || target === null) {
      reply.header("connection", "close");
      return context.answer(reply, fault ?? badRequest);
    }
    if (headers["transfer-encoding"] !== undefined) {
      headers.host = target.host;
      // The plugin and fastify know this spelling alone, and would forward no body.
      headers["transfer-encoding"] = "chunked";
      // What fastify has no parser for it would refuse, and text it would take in whole. The upstream gets the type that came.
      headers["content-type"] = "application/octet-stream";
      return done();
    }
    // `done` is not called: from here on the request is the hot path's, past the rest of fastify's life cycle.
    const body = hasBody(raw) ? bodyOf(raw) : null;
    if (body === raw) {
      // Whoever reads the body hears of its errors; nobody may be reading it any more.
      raw.on("error", () => {});
      context.slowClients.waitsFor(reply.raw);
      raw.once("end", () => context.slowClients.goesOn(reply.raw));
    }
    const options: Dispatcher.DispatchOptions = {
      path: target.path,
      method: raw.method as Dispatcher.HttpMethod,
      headers: requestHeaders(raw.rawHeaders, headers.connection, target.host, context.peerOf(raw.socket), request.id),
      body,
    };
    // undici closes the connection of a HEAD, because of servers that send a body with it; a kept one is watched instead.
    if (options.method === "HEAD") options.reset = false;
    const kind = asksForEvents(raw) ? streaming : context.isHealthCheck(raw) ? healthCheck : ordinary;
    if (kind.mayStream) options.bodyTimeout = context.streamIdleTimeoutMs;
    new Exchange(context, reply, options, kind).start();
  });
  for (const method of methods) if (!app.supportedMethods.includes(method)) app.addHttpMethod(method, { hasBody: true });
  app.register(httpProxy, uploadOptions(context, methods));
}
