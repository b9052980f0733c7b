import type { ServerResponse } from "node:http";
import type httpProxy from "@fastify/http-proxy";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { Dispatcher } from "undici";
import { clientGone, EdgeFailure, upstreamErrorFor } from "./errors.ts";
import type { ForwardContext } from "./forward.ts";
import { requestHeaders, responseHeaders } from "./headers.ts";
import { lingerAtEnd } from "./linger.ts";
import { targetOf } from "./target.ts";

/**
 * Options that make @fastify/http-proxy forward over our pools, by our header and error rules. It serves what the hot
 * path leaves to it: bodies of unknown length, which it streams with back-pressure both ways. Their cost lies in the body.
 */
export function uploadOptions(
  { upstreams, secure, last, answer, failed, peerOf, slowClients }: ForwardContext,
  methods: string[],
) {
  // What the plugin knows nothing of, by the request's id. It does not cancel, and would take a path apart and write it anew.
  const uploads = new Map<string, { readonly path: string; readonly cancel: AbortController }>();

  type Callback = (error: Error | null, data: Dispatcher.ResponseData | null) => void;
  const dispatcher = {
    request(options: Dispatcher.RequestOptions, callback: Callback) {
      const id = (options.headers as Record<string, string>)["x-request-id"] ?? "";
      const upload = uploads.get(id);
      if (upload === undefined) return callback(new EdgeFailure(clientGone), null);
      const upstream = upstreams.byOrigin(String(options.origin)) ?? upstreams.pick(null);
      upstream.inFlight++;
      const settle: Callback = (error, data) => {
        upstream.inFlight--;
        if (error === null) upstream.sent++;
        if (!(error instanceof EdgeFailure)) upstreams.outcome(upstream, error === null);
        callback(error, data);
      };
      upstream.pool.request({ ...options, path: upload.path, signal: upload.cancel.signal }, settle);
    },
  };

  const options = {
    upstream: "",
    httpMethods: methods,
    undici: dispatcher,
    disableRequestLogging: true,
    // A path is an upstream's business: it is neither rewritten nor remembered, and Location passes as it came.
    disableCache: true,
    internalRewriteLocationHeader: false,
    replyOptions: {
      getUpstream: () => upstreams.pick(null).origin,
      rewriteRequestHeaders({ raw, id }: FastifyRequest) {
        const { connection, host = "" } = raw.headers;
        return toObject(requestHeaders(raw.rawHeaders, connection, host, peerOf(raw.socket), id));
      },
      rewriteHeaders(received: Record<string, string | string[] | undefined>, { raw }: FastifyRequest) {
        const headers = toObject(responseHeaders(received, raw.statusCode ?? 200, secure));
        // The plugin sees to its `Connection: close`.
        if (!raw.complete) lingerAtEnd(raw.socket);
        if (last()) headers.connection = "close";
        return headers;
      },
      /** A body that was sent is gone: never repeated. */
      retryDelay: () => null,
      onError(reply: FastifyReply, { error }: { error: Error }) {
        const cause = error.cause instanceof Error ? error.cause : error;
        const known = upstreamErrorFor(cause);
        if (known.status >= 500) failed(reply, known, cause);
        answer(reply, known);
      },
    },
    preHandler(request: FastifyRequest, reply: { raw: ServerResponse }, done: () => void) {
      const cancel = new AbortController();
      uploads.set(request.id, { path: targetOf(request.raw)?.path ?? "/", cancel });
      // To its end: the plugin does not tell how far body and answer are.
      slowClients.waitsFor(reply.raw);
      reply.raw.once("close", () => {
        uploads.delete(request.id);
        // The reason is the error that the request ends with: not the upstream's.
        if (!reply.raw.writableFinished) cancel.abort(new EdgeFailure(clientGone));
      });
      done();
    },
  };
  // The plugin's types allow for HTTP/2 requests, which this listener never makes.
  return options as unknown as httpProxy.FastifyHttpProxyOptions;
}

/** Names and values by turns, as an object; a repeated name has all its values. */
function toObject(flat: readonly string[]): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = {};
  for (let i = 0; i < flat.length; i += 2) {
    const name = (flat[i] as string).toLowerCase();
    const value = flat[i + 1] as string;
    const before = headers[name];
    headers[name] = before === undefined ? value : Array.isArray(before) ? [...before, value] : [before, value];
  }
  return headers;
}
