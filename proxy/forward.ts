import { EventEmitter } from "node:events";
import type httpProxy from "@fastify/http-proxy";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { Dispatcher } from "undici";
import type { EdgeConfig } from "./config.ts";
import type { Drain } from "./drain.ts";
import { type EdgeError, EdgeFailure, upstreamErrorFor } from "./errors.ts";
import { type Peer, requestHeaders, responseHeaders } from "./headers.ts";
import type { Logger } from "./log.ts";
import type { Upstreams } from "./upstream.ts";

export interface ForwardContext {
  readonly config: EdgeConfig;
  readonly upstreams: Upstreams;
  readonly drain: Drain;
  readonly log: Logger;
  readonly peerOf: (request: FastifyRequest) => Peer;
  readonly answer: (reply: FastifyReply, error: EdgeError) => void;
}

const requestIdHeader = "x-request-id";

/** Methods whose repetition has no effect beyond the first (RFC 9110 §9.2.2), sent here without a body. */
const retryable: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS"]);

/** Options that make @fastify/http-proxy forward over our pools, by our header and error rules. */
export function forwardOptions({ config, upstreams, drain, log, peerOf, answer }: ForwardContext) {
  const protocol = config.tls === null ? "http" : "https";
  // The plugin does not cancel: the upstream request of a client that left is found by its id.
  const cancels = new Map<string, EventEmitter>();

  const dispatcher = {
    request(options: Dispatcher.RequestOptions, callback: (error: Error | null, data: Dispatcher.ResponseData) => void) {
      const id = (options.headers as Record<string, string>)[requestIdHeader] ?? "";
      const upstream = upstreams.byOrigin(String(options.origin)) ?? upstreams.pick();
      upstream.pool.request({ ...options, signal: cancels.get(id) ?? null }, callback);
    },
  };

  const options = {
    upstream: "",
    undici: dispatcher,
    disableRequestLogging: true,
    // A path is an upstream's business: it is neither rewritten nor remembered, and Location passes as it came.
    disableCache: true,
    internalRewriteLocationHeader: false,
    replyOptions: {
      getUpstream: () => upstreams.pick().origin,
      rewriteRequestHeaders(request: FastifyRequest) {
        const headers = requestHeaders(request.headers, peerOf(request), protocol, request.id);
        // The plugin never sends a body with these, so their length must not be announced.
        if (request.method === "GET" || request.method === "HEAD") delete headers["content-length"];
        return headers;
      },
      rewriteHeaders(received: Record<string, string | string[] | undefined>) {
        const headers = responseHeaders(received, config.tls !== null);
        if (drain.draining) headers.connection = "close";
        return headers;
      },
      /** Once, when an idle connection turned out to be closed; never on an answer, whatever its status. */
      retryDelay({ err, req, attempt }: { err: unknown; req: { method: string; body?: unknown }; attempt: number }) {
        const repeat = attempt === 0 && retryable.has(req.method) && !req.body && isStaleConnection(err);
        return repeat ? 1 : null;
      },
      onError(reply: FastifyReply, { error }: { error: Error }) {
        const cause = error.cause ?? error;
        const known = upstreamErrorFor(cause);
        if (!reply.raw.destroyed)
          log.warn({ event: "upstream-failed", requestId: reply.request.id, code: known.code, cause: String(cause) });
        answer(reply, known);
      },
    },
    preHandler(request: FastifyRequest, reply: FastifyReply, done: () => void) {
      const cancel = new EventEmitter();
      cancels.set(request.id, cancel);
      reply.raw.once("close", () => {
        cancels.delete(request.id);
        if (!reply.raw.writableFinished) cancel.emit("abort", new EdgeFailure(clientGone));
      });
      done();
    },
  };
  // The plugin's types allow for HTTP/2 requests, which this listener never makes.
  return options as unknown as httpProxy.FastifyHttpProxyOptions;
}

/** 499 as nginx has it; nobody is there to receive it. */
const clientGone: EdgeError = { code: "CLIENT_GONE", status: 499, message: "The client left before it was answered." };

/** undici attaches the socket's counters: bytes read before mean that the connection had served an earlier request. */
function isStaleConnection(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code, socket } = error as { code?: string; socket?: { bytesRead?: number } };
  return code === "UND_ERR_SOCKET" && (socket?.bytesRead ?? 0) > 0;
}
