import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { Server as TlsServer } from "node:tls";
import { type FastifyError, type FastifyInstance, type FastifyReply, fastify } from "fastify";
import { Admission } from "./admission.ts";
import { admit, asksForHealth } from "./admit.ts";
import { continueWithin, limitBody } from "./body-limit.ts";
import { loadCertificate } from "./certificate.ts";
import { type CertificateWatch, fingerprintOf, renewCertificate } from "./certificate-watch.ts";
import type { EdgeConfig } from "./config.ts";
import { Drain } from "./drain.ts";
import { badRequest, type EdgeError, EdgeFailure, errorBody, internal, notFound, overloaded } from "./errors.ts";
import { forward } from "./forward.ts";
import { bodyPending } from "./framing.ts";
import { gatherBody } from "./gather.ts";
import { Handshake } from "./handshake.ts";
import { securityEntries } from "./headers.ts";
import { HeldAnswers } from "./held-answers.ts";
import { Intake } from "./intake.ts";
import { lingerAtEnd } from "./linger.ts";
import { answerClientError, httpOptions, secureContext } from "./listener.ts";
import type { Logger } from "./log.ts";
import { createEdgeMetrics, EdgeTally } from "./metrics.ts";
import { Observer, observe } from "./observe.ts";
import { createPeers } from "./peer.ts";
import type { Check } from "./readiness.ts";
import type { Service } from "./service.ts";
import { SlowClients } from "./slow-clients.ts";
import { StreamPlaces } from "./stream-places.ts";
import { takeTarget } from "./target.ts";
import { Upstreams } from "./upstreams.ts";
import { forwardWebSockets } from "./websocket.ts";

/**
 * The edge: TLS in front of fastify, which forwards everything on its public port to the upstreams. Its own health and
 * metrics are on the admin port. Throws when certificate or CA cannot be used; opens no port.
 */
export function createEdge(config: EdgeConfig, log: Logger): Service {
  const nextId = createIds();
  const tally = new EdgeTally();
  const peerOf = createPeers(config.trustedProxies, config.tls === null ? "http" : "https");
  const observer = new Observer({ tally, log, logSample: config.logSample, peerOf });
  const loaded = config.tls === null ? "" : fingerprintOf(config.tls);
  const app = createApp(config, nextId, observer);
  const { server } = app;
  // The limit in bytes bounds them. Beyond a limit in number Node would drop headers silently, Host and Content-Length too.
  server.maxHeadersCount = 0;
  continueWithin(app, config.bodyLimitBytes);
  const upstreams = new Upstreams(config.upstream, log);
  const admission = new Admission({
    maxInFlight: config.upstream.connections * upstreams.all.length,
    maxQueued: config.maxQueued,
    queueTimeoutMs: config.queueTimeoutMs,
  });
  const streams = new StreamPlaces(config.maxEventStreams);
  const intake = new Intake(server);
  const drain = new Drain(server, intake);

  const secure = config.tls !== null;

  const answer = (reply: FastifyReply, error: EdgeError): void => {
    if (reply.sent || reply.raw.destroyed) return;
    if (error === overloaded) reply.header("retry-after", "1");
    if (secure) for (const [name, value] of securityEntries) reply.header(name, value);
    const { raw } = reply.request;
    // What is left of an unread body would be taken for the next request.
    const isUnread = bodyPending(raw);
    if (isUnread) lingerAtEnd(raw.socket);
    if (isUnread || drain.draining) reply.header("connection", "close");
    reply.code(error.status).type("application/json").send(errorBody(error, reply.request.id));
  };

  observe(app, observer, tally);
  limitBody(app, config.bodyLimitBytes);
  gatherBody(app);
  const isHealthCheck = (request: IncomingMessage) => asksForHealth(request, config.healthPath);
  const leave = admit(app, admission, isHealthCheck, () => slowClients.makeRoom());
  const slowClients = new SlowClients<ServerResponse | Handshake>(
    config.upstream.slowClients,
    () => admission.isWaitedFor,
    (client) => (client instanceof Handshake ? client.leave() : leave(client)),
  );
  app.setNotFoundHandler((_request, reply) => answer(reply, notFound));
  app.setErrorHandler<FastifyError | EdgeFailure>((error, request, reply) => {
    if (error instanceof EdgeFailure) return answer(reply, error.answer);
    const status = error.statusCode ?? 500;
    if (status < 500) return answer(reply, { ...badRequest, status });
    log.error({ event: "request-failed", requestId: request.id, err: error });
    answer(reply, internal);
  });
  const failed = (requestId: string, { code }: EdgeError, cause: Error) =>
    log.warn({ event: "upstream-failed", requestId, code, cause: String(cause) });
  forward(app, {
    upstreams,
    secure,
    isHealthCheck,
    last: () => drain.draining,
    peerOf,
    answer,
    failed: (reply, error, cause) => failed(reply.request.id, error, cause),
    holdStream(response) {
      if (!streams.tryHold(response)) return false;
      leave(response);
      return true;
    },
    slowClients,
    held: new HeldAnswers(),
    streamIdleTimeoutMs: config.socketTimeoutMs,
  });
  const webSockets = forwardWebSockets(server, {
    upstreams,
    admission,
    observer,
    slowClients,
    peerOf,
    nextId,
    failed,
    secure,
    maxOpen: config.maxWebSockets,
    idleTimeoutMs: config.socketTimeoutMs,
  });

  const metrics = createEdgeMetrics({
    tally,
    admission: () => admission.stats(),
    upstreams: () => upstreams.all.map((upstream) => upstream.stats()),
    streams: () => ({ events: streams.open, webSockets: webSockets.open }),
    slowClients: () => slowClients,
    connections: () => drain.connections,
  });
  const checks: Record<string, Check> = {
    accepting: drain.accepting,
    upstream: async () => {
      const problems = await Promise.all(upstreams.all.map((upstream) => upstream.check()));
      return problems.includes(null) ? null : problems.join(", ");
    },
  };

  let watch: CertificateWatch | null = null;
  const close = async () => {
    await app.close();
    watch?.close();
    await upstreams.close();
  };
  const { drainDelayMs: delayMs, drainIdleMs, drainTimeoutMs, keepAliveTimeoutMs } = config;
  return {
    name: "edge",
    checks,
    metrics,
    async listen(address, fds) {
      await app.ready();
      const port = await intake.open(address, fds);
      upstreams.startChecks();
      if (config.tls !== null) watch = renewCertificate(server, config, config.tls, loaded, log);
      return port;
    },
    setTicketKey(key) {
      if (server instanceof TlsServer) server.setTicketKeys(key);
    },
    drain: () => drain.run(close, { delayMs, idleMs: drainIdleMs, timeoutMs: drainTimeoutMs }),
    retire: () => drain.run(close, { delayMs: 0, idleMs: keepAliveTimeoutMs, timeoutMs: keepAliveTimeoutMs + drainTimeoutMs }),
    cut: () => drain.cutAll(),
  };
}

/** Ids for requests, unlike those of any other process or start. */
function createIds(): () => string {
  const prefix = `${process.pid.toString(36)}${Date.now().toString(36).slice(-5)}-`;
  let requests = 0;
  return () => prefix + (requests++).toString(36);
}

function createApp(config: EdgeConfig, nextId: () => string, observer: Observer): FastifyInstance<Server> {
  const app = fastify({
    logger: false,
    http: httpOptions(config),
    ...(config.tls === null
      ? {}
      : {
          https: { ...httpOptions(config), ...secureContext(config, loadCertificate(config.tls.certFile, config.tls.keyFile)) },
        }),
    keepAliveTimeout: config.keepAliveTimeoutMs,
    requestTimeout: config.requestTimeoutMs,
    connectionTimeout: config.socketTimeoutMs,
    // Bodies are streamed; see limitBody.
    bodyLimit: Math.max(1, config.bodyLimitBytes),
    // A request that arrives on an open connection during a drain is served, and told to be the last.
    return503OnClosing: false,
    exposeHeadRoutes: false,
    genReqId: nextId,
    rewriteUrl: takeTarget,
    // The upstream's business; parsing it here costs and could only harm.
    routerOptions: { querystringParser: () => ({}) },
    clientErrorHandler(error, socket) {
      const client = observer.sample(socket);
      const status = answerClientError(error, socket);
      // A request whose body broke off is observed where it is handled.
      if (status === 0 || (socket as { _httpMessage?: unknown })._httpMessage != null) return;
      observer.over(client, { requestId: "-", method: null, path: null, status, complete: true, durationMs: 0 });
    },
    frameworkErrors: (_error, request, reply) => {
      // As in `answer`, whose reply has another type here.
      const plain = reply as unknown as FastifyReply;
      plain.code(badRequest.status).type("application/json").send(errorBody(badRequest, request.id));
    },
  });
  return app as unknown as FastifyInstance<Server>;
}
