import { createHash, randomUUID, timingSafeEqual } from "node:crypto";
import fastify, { type FastifyInstance } from "fastify";
import type { ReadingAnswer, ServicesAnswer } from "./sampler-protocol.ts";
import type { SampledService } from "./source.ts";

export interface SamplerServerOptions {
  services: readonly SampledService[];
  token: string;
  /** PEM. */
  cert: string;
  key: string;
}

/** Whoever connects and says nothing holds a descriptor no longer than this. */
const patienceMs = 10_000;
/** Longer than the longest time between two samples, so that each does not cost a handshake. */
const idleMs = 120_000;
const mostConnections = 64;

/** Serves readings of this machine's services, one when asked. Builds, does not listen; closing it closes the sources. */
export function createSamplerServer({ services, token, cert, key }: SamplerServerOptions): FastifyInstance {
  const app = fastify({
    https: { cert, key, minVersion: "TLSv1.2", handshakeTimeout: patienceMs },
    requestTimeout: patienceMs,
    connectionTimeout: idleMs,
    keepAliveTimeout: idleMs,
    bodyLimit: 1_024,
    forceCloseConnections: true,
  });
  app.server.maxConnections = mostConnections;
  const instance = randomUUID();
  const queues = new Map(services.map(({ name }) => [name, Promise.resolve() as Promise<unknown>]));

  // Before a route is looked for: without the token nobody learns what is here.
  app.addHook("onRequest", async (request, reply) => {
    if (isToken(request.headers.authorization, token)) return;
    await reply.code(401).header("www-authenticate", "Bearer").send({ error: "a bearer token is needed" });
  });
  app.setNotFoundHandler((_, reply) => reply.code(404).send({ error: "not found" }));
  app.setErrorHandler((_, __, reply) => reply.code(500).send({ error: "cannot answer" }));

  app.get("/v1/services", async (): Promise<ServicesAnswer> => {
    return { services: services.map(({ name, limits, source }) => ({ name, limits, source: source.kind })) };
  });

  app.get<{ Params: { name: string }; Querystring: { pss?: string } }>("/v1/services/:name", async (request, reply) => {
    const service = services.find(({ name }) => name === request.params.name);
    if (service === undefined) return reply.code(404).send({ error: "no such service" });
    // Readings of one service never overlap, however many ask.
    const reading = (queues.get(service.name) ?? Promise.resolve()).then(() =>
      service.source.read({ pss: request.query.pss === "true" }),
    );
    queues.set(
      service.name,
      reading.catch(() => {}),
    );
    const answer: ReadingAnswer = { instance, reading: await reading };
    return answer;
  });

  app.addHook("onClose", async () => {
    await Promise.all(queues.values());
    await Promise.all(services.map(({ source }) => source.close()));
  });
  return app;
}

/** In a time that does not depend on where the two differ; digests, since the comparison wants equal lengths. */
function isToken(authorization: string | undefined, token: string): boolean {
  const given = /^Bearer +(\S+)$/i.exec(authorization ?? "")?.[1] ?? "";
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(given), digest(token));
}
