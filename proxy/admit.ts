import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { FastifyInstance } from "fastify";
import { Admission } from "./admission.ts";
import { EdgeFailure, overloaded } from "./errors.ts";
import { hasBody } from "./framing.ts";
import { targetOf } from "./target.ts";

/**
 * Health checks have places of their own: to a load balancer an edge that is overloaded must not look like one that is dead.
 * Few, and none wait, since whoever knows the path can ask for it as well.
 */
const healthLimits = { maxInFlight: 16, maxQueued: 0, queueTimeoutMs: 0 };

/** Without a body: nothing that a client could take its time over. */
export function asksForHealth(request: IncomingMessage, path: string): boolean {
  const { method } = request;
  return (method === "GET" || method === "HEAD") && targetOf(request)?.path === path && !hasBody(request);
}

/**
 * Lets a request in, queues it, or answers 503. The place is given back when the answer ends, however it ends, or before
 * by the returned function.
 */
export function admit(
  app: FastifyInstance<Server>,
  admission: Admission,
  isHealthCheck: (request: IncomingMessage) => boolean,
  makeRoom: () => void,
): (response: ServerResponse) => void {
  const health = new Admission(healthLimits);
  const leave = () => admission.leaveLater();
  const leaveHealth = () => health.leaveLater();
  app.addHook("onRequest", (request, { raw }, done) => {
    if (admission.tryEnter()) {
      raw.on("close", leave);
      done();
      return;
    }
    if (isHealthCheck(request.raw) && health.tryEnter()) {
      raw.on("close", leaveHealth);
      done();
      return;
    }
    const giveUp = admission.wait((admitted) => {
      raw.off("close", onClose);
      if (admitted) raw.on("close", leave);
      done(admitted ? undefined : new EdgeFailure(overloaded));
    });
    const onClose = () => giveUp?.();
    if (giveUp === null) done(new EdgeFailure(overloaded));
    else {
      raw.once("close", onClose);
      makeRoom();
    }
  });
  return (response) => {
    // It may have left already, for a place of another kind.
    if (!response.listeners("close").includes(leave)) return;
    response.off("close", leave);
    admission.leave();
  };
}
