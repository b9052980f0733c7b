import { type FastifyInstance, fastify } from "fastify";
import type { Registry } from "prom-client";
import { type Check, readinessAnswer, runChecks } from "./readiness.ts";

/** The operator's side of the edge: `/healthz`, `/readyz`, `/metrics`. Builds, does not listen. */
export function createAdmin(checks: Readonly<Record<string, Check>>, metrics: Registry): FastifyInstance {
  // It answers until the process ends: whoever asks during a drain must hear "draining", not "refused".
  const app = fastify({ logger: false, return503OnClosing: false, forceCloseConnections: true, requestTimeout: 10_000 });
  app.get("/healthz", () => ({ status: "ok" }));
  app.get("/readyz", async (_request, reply) => {
    const { status, body } = readinessAnswer(await runChecks(checks));
    return reply.code(status).send(body);
  });
  app.get("/metrics", async (_request, reply) => reply.type(metrics.contentType).send(await metrics.metrics()));
  return app;
}
