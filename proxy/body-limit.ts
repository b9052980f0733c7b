import type { Server } from "node:http";
import { Transform } from "node:stream";
import type { FastifyInstance } from "fastify";
import { bodyTooLarge, EdgeFailure } from "./errors.ts";

/**
 * Refuses bodies above the limit with 413: announced ones before a byte is read, chunked ones while they are streamed.
 * fastify's own limit does not reach streamed bodies.
 */
export function limitBody(app: FastifyInstance<Server>, limitBytes: number): void {
  app.addHook("onRequest", (request, _reply, done) => {
    const announced = request.headers["content-length"];
    // Node's parser has refused anything but digits.
    if (announced !== undefined && Number(announced) > limitBytes) done(new EdgeFailure(bodyTooLarge));
    else done();
  });

  // The plugin's path only: the other one has the parser's word for the length.
  app.addHook("preParsing", (request, _reply, payload, done) => {
    if (request.headers["transfer-encoding"] === undefined) {
      done(null, payload);
      return;
    }
    let receivedBytes = 0;
    const counter = new Transform({
      transform(chunk: Buffer, _encoding, pass) {
        receivedBytes += chunk.length;
        if (receivedBytes > limitBytes) pass(new EdgeFailure(bodyTooLarge));
        else pass(null, chunk);
      },
    });
    // A client that leaves half way must end the upstream request as well: pipe does not pass errors on.
    payload.on("error", (error) => counter.destroy(error));
    done(null, payload.pipe(counter));
  });
}

/** RFC 9110 §10.1.1: a client that asks before it sends a body hears 100 when it may, and otherwise the refusal at once. */
export function continueWithin({ server }: FastifyInstance<Server>, limitBytes: number): void {
  server.on("checkContinue", (request, response) => {
    const announced = request.headers["content-length"];
    if (announced === undefined || Number(announced) <= limitBytes) response.writeContinue();
    server.emit("request", request, response);
  });
}
