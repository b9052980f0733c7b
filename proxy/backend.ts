import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { getHeapStatistics } from "node:v8";
import { type FastifyError, type FastifyInstance, type FastifyReply, fastify } from "fastify";
import type { BackendConfig } from "./config.ts";
import { Drain } from "./drain.ts";
import { EchoSockets } from "./echo.ts";
import { EventStreams } from "./events.ts";
import { Intake } from "./intake.ts";
import type { Logger } from "./log.ts";
import { sendPayload } from "./payload.ts";
import { type Check, readinessAnswer, runChecks } from "./readiness.ts";
import type { Service } from "./service.ts";
import { version } from "./version.ts";
import { isWebSocket } from "./websocket.ts";
import { burnCpu } from "./work.ts";

/** A heap this full is about to be the next out-of-memory crash. */
const heapShareLimit = 0.95;

/** The longest interval between two events, the most of them, and the longest data of one. */
const eventLimits = { intervalMs: 3_600_000, count: 1_000_000_000, bytes: 65_536, retryMs: 3_600_000 };

/** The health backend: cheap answers, exact payloads, streams and honest CPU work to measure with. Builds, does not listen. */
export function createBackend(config: BackendConfig, log: Logger, warnings: readonly string[] = []): Service {
  const app = createApp(config, log);
  const intake = new Intake(app.server);
  const drain = new Drain(app.server, intake);
  const events = new EventStreams();
  const echoes = new EchoSockets(app.server, "/ws", config.bodyLimitBytes);
  const endStreams = () => {
    events.end();
    echoes.end();
  };
  const checks: Record<string, Check> = {
    accepting: drain.accepting,
    memory() {
      const { used_heap_size: used, heap_size_limit: limit } = getHeapStatistics();
      return used < limit * heapShareLimit ? null : `heap is ${Math.round((used / limit) * 100)} % full`;
    },
  };

  app.addHook("onRequest", (_request, reply, done) => {
    if (drain.draining) reply.raw.setHeader("connection", "close");
    done();
  });

  const health = preparedJson({ status: "ok", version, ...(warnings.length > 0 ? { warnings } : {}) });
  const prepared = { "/health": health, "/healthz": healthz, "/version": versionAnswer };
  for (const [path, answer] of Object.entries(prepared)) {
    app.get(path, (_request, reply) => {
      reply.hijack();
      answer(reply.raw);
    });
  }
  answerFirst(app.server, new Map(Object.entries(prepared)), () => drain.draining);
  app.get("/readyz", async (_request, reply) => {
    const { status, body } = readinessAnswer(await runChecks(checks));
    return reply.code(status).send(body);
  });

  app.get<{ Params: { bytes: string } }>("/payload/:bytes", (request, reply) => {
    const bytes = wholeNumber(request.params.bytes, 0, config.payloadLimitBytes);
    if (bytes === null) return refuse(reply, "bytes", request.params.bytes, 0, config.payloadLimitBytes);
    sendPayload(reply, bytes);
  });

  app.get<{ Querystring: { cpuUs?: string } }>("/work", (request, reply) => {
    const given = request.query.cpuUs;
    const cpuUs = wholeNumber(given, 0, config.workLimitUs);
    if (cpuUs === null) return refuse(reply, "cpuUs", given, 0, config.workLimitUs);
    reply.send({ cpuUs, burnedUs: burnCpu(cpuUs) });
  });

  app.get<{ Querystring: Record<string, string | undefined> }>("/events", { exposeHeadRoute: false }, (request, reply) => {
    const { intervalMs = "1000", count, bytes = "32", retryMs } = request.query;
    const given = { intervalMs, bytes, ...(count !== undefined && { count }), ...(retryMs !== undefined && { retryMs }) };
    for (const [name, text] of Object.entries(given)) {
      const [min, max] = [name === "bytes" ? 0 : 1, eventLimits[name as keyof typeof eventLimits]];
      if (wholeNumber(text, min, max) === null) return refuse(reply, name, text, min, max);
    }
    const last = wholeNumber(String(request.headers["last-event-id"]), 0, Number.MAX_SAFE_INTEGER);
    reply.hijack();
    events.start(reply.raw, {
      intervalMs: Number(intervalMs),
      count: count === undefined ? null : Number(count),
      bytes: Number(bytes),
      retryMs: retryMs === undefined ? null : Number(retryMs),
      firstId: last === null ? 0 : last + 1,
    });
  });

  app.route({
    method: ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"],
    url: "/echo",
    handler({ method, url, headers, body }, reply) {
      const bytes = Buffer.isBuffer(body) ? body : Buffer.alloc(0);
      reply.send({ method, url, headers, bodyBytes: bytes.length, body: bytes.toString("utf8") });
    },
  });

  const end = (idleMs: number, timeoutMs: number) => drain.run(() => app.close(), { delayMs: 0, idleMs, timeoutMs });
  return {
    name: "backend",
    checks,
    metrics: null,
    async listen(address, fds) {
      await app.ready();
      return intake.open(address, fds);
    },
    setTicketKey() {},
    drain: () => {
      endStreams();
      return end(config.drainIdleMs, config.drainTimeoutMs);
    },
    retire: () => {
      // A stream has as long as an idle connection, and then a proper end: it would be cut otherwise.
      setTimeout(endStreams, config.keepAliveTimeoutMs).unref();
      return end(config.keepAliveTimeoutMs, config.keepAliveTimeoutMs + config.drainTimeoutMs);
    },
    cut: () => drain.cutAll(),
  };
}

function createApp(config: BackendConfig, log: Logger): FastifyInstance<Server> {
  const app = fastify({
    logger: false,
    http: {
      headersTimeout: Math.min(config.headersTimeoutMs, config.requestTimeoutMs),
      connectionsCheckingInterval: 1_000,
      optimizeEmptyRequests: true,
      shouldUpgradeCallback: isWebSocket,
    },
    keepAliveTimeout: config.keepAliveTimeoutMs,
    requestTimeout: config.requestTimeoutMs,
    bodyLimit: config.bodyLimitBytes,
    return503OnClosing: false,
    exposeHeadRoutes: true,
  });
  // Bodies come back as they went out, whatever they are called.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", { parseAs: "buffer" }, (_request, body, done) => done(null, body));
  app.setNotFoundHandler((_request, reply) => reply.code(404).send({ error: "not found" }));
  app.setErrorHandler<FastifyError>((error, _request, reply) => {
    const status = error.statusCode ?? 500;
    if (status >= 500) log.error({ event: "request-failed", err: error });
    reply.code(status).send({ error: status >= 500 ? "the backend failed on this request" : error.message });
  });
  return app;
}

type Answer = (response: ServerResponse) => void;

/** An answer that is the same for everyone: serialised once, sent in one write. */
function preparedJson(value: object): Answer {
  const body = Buffer.from(JSON.stringify(value));
  const headers = ["content-type", "application/json", "content-length", String(body.length)];
  return (response) => {
    response.writeHead(200, headers).end(body);
  };
}

/**
 * Gives a plain GET its prepared answer before fastify sees the request: hooks and router took more than a quarter of its CPU.
 * Whatever is spelt or asked otherwise (HEAD, a query) takes the route.
 */
function answerFirst(server: Server, prepared: ReadonlyMap<string, Answer>, last: () => boolean): void {
  const [route] = server.listeners("request") as ((request: IncomingMessage, response: ServerResponse) => void)[];
  if (route === undefined) throw new Error("fastify listens to no requests: it must have made its server first");
  server.off("request", route);
  server.on("request", (request: IncomingMessage, response: ServerResponse) => {
    const answer = request.method === "GET" ? prepared.get(request.url ?? "") : undefined;
    if (answer === undefined) {
      route.call(server, request, response);
      return;
    }
    if (last()) response.setHeader("connection", "close");
    answer(response);
  });
}

const healthz = preparedJson({ status: "ok" });
const versionAnswer = preparedJson({ version });

function wholeNumber(text: string | undefined, min: number, max: number): number | null {
  if (text === undefined || !/^\d{1,15}$/.test(text)) return null;
  const value = Number(text);
  return value >= min && value <= max ? value : null;
}

function refuse(reply: FastifyReply, name: string, given: string | undefined, min: number, max: number): void {
  const shown = given === undefined ? "nothing" : JSON.stringify(given);
  reply.code(400).send({ error: `${name}: got ${shown}, expected a whole number from ${min} to ${max}` });
}
