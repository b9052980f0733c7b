import type { IncomingMessage } from "node:http";
import { badRequest, type EdgeError, lengthRequired, methodNotAllowed } from "./errors.ts";

/** True when a body was announced, whether or not it has arrived. */
export function hasBody({ headers }: IncomingMessage): boolean {
  const length = headers["content-length"];
  return (length !== undefined && length !== "0") || headers["transfer-encoding"] !== undefined;
}

/** True while bytes of this request's body are still to come: they would be taken for the next request. */
export function bodyPending(request: IncomingMessage): boolean {
  return !request.complete && hasBody(request);
}

/**
 * What is wrong with a request that Node's strict parser let through; null: nothing. After any of these nobody can be
 * sure where the request ends or whom it is for, so the connection is not used again.
 */
export function faultOf(request: IncomingMessage): EdgeError | null {
  const { headers, rawHeaders } = request;
  // HTTP/0.9 has no headers, and an answer without a head.
  if (request.httpVersionMajor !== 1) return badRequest;
  const coding = headers["transfer-encoding"];
  if (coding !== undefined) {
    // RFC 9112 §6.1: chunked is the only coding the edge undoes, and HTTP/1.0 has none.
    if (coding.toLowerCase() !== "chunked" || request.httpVersionMinor === 0) return badRequest;
    // A body of unknown length on a request that hardly ever has one: the classic carrier of request smuggling.
    if (request.method === "GET" || request.method === "HEAD") return lengthRequired;
  }
  // RFC 9112 §3.2. Node refuses a missing Host and takes the first of two.
  let hosts = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] as string;
    if (name.length === 4 && name.toLowerCase() === "host" && ++hosts > 1) return badRequest;
  }
  // RFC 9110 §9.3.8: its answer would show the client what the edge adds.
  if (request.method === "TRACE") return methodNotAllowed;
  return null;
}
