/** An answer the edge gives by itself. `code` is what clients and logs may rely on; `message` never names an upstream. */
export interface EdgeError {
  readonly code: string;
  readonly message: string;
  readonly status: number;
}

const define = (code: string, status: number, message: string): EdgeError => ({ code, status, message });

export const badRequest = define("BAD_REQUEST", 400, "The request is malformed.");
export const notFound = define("NOT_FOUND", 404, "There is nothing at this address.");
export const methodNotAllowed = define("METHOD_NOT_ALLOWED", 405, "This method is not served.");
export const requestTimeout = define("REQUEST_TIMEOUT", 408, "The request did not arrive in time.");
export const lengthRequired = define("LENGTH_REQUIRED", 411, "This method takes a body only when its length is announced.");
export const bodyTooLarge = define("BODY_TOO_LARGE", 413, "The request body is larger than this server accepts.");
export const headersTooLarge = define("HEADERS_TOO_LARGE", 431, "The request headers are larger than this server accepts.");
/** 499 as nginx has it; nobody is there to receive it. */
export const clientGone = define("CLIENT_GONE", 499, "The client left before it was answered.");
export const internal = define("INTERNAL", 500, "The server failed on this request.");
export const upstreamRefused = define("UPSTREAM_REFUSED", 502, "The upstream could not be reached.");
export const upstreamClosed = define("UPSTREAM_CLOSED", 502, "The upstream closed the connection before it answered.");
export const upstreamInvalid = define("UPSTREAM_INVALID", 502, "The upstream gave an answer that is not valid.");
export const overloaded = define("OVERLOADED", 503, "Too many requests are in progress. Try again shortly.");
export const upstreamTimeout = define("UPSTREAM_TIMEOUT", 504, "The upstream did not answer in time.");

/** A failure whose answer is known; thrown and passed on where an Error is needed. */
export class EdgeFailure extends Error {
  readonly answer: EdgeError;

  constructor(answer: EdgeError) {
    super(answer.message);
    this.name = "EdgeFailure";
    this.answer = answer;
  }
}

const byCode: Readonly<Record<string, EdgeError>> = {
  UND_ERR_HEADERS_TIMEOUT: upstreamTimeout,
  UND_ERR_BODY_TIMEOUT: upstreamTimeout,
  UND_ERR_CONNECT_TIMEOUT: upstreamTimeout,
  ETIMEDOUT: upstreamTimeout,
  UND_ERR_SOCKET: upstreamClosed,
  ECONNRESET: upstreamClosed,
  EPIPE: upstreamClosed,
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: upstreamInvalid,
  UND_ERR_HEADERS_OVERFLOW: upstreamInvalid,
  UND_ERR_RESPONSE: upstreamInvalid,
  FST_REPLY_FROM_BAD_GATEWAY: upstreamInvalid,
};

/** The answer for a failure between edge and upstream: 504 where time ran out, 502 for everything else. */
export function upstreamErrorFor(failure: unknown): EdgeError {
  if (failure instanceof EdgeFailure) return failure.answer;
  const code = errorCode(failure);
  if (code.startsWith("HPE_") || (failure instanceof Error && failure.name === "HTTPParserError")) return upstreamInvalid;
  return byCode[code] ?? upstreamRefused;
}

export function errorCode(error: unknown): string {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";
}

export function errorMessage(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The body of an answer: small, the same for all, with the id under which the log knows the request. */
export function errorBody({ code, message }: EdgeError, requestId: string): string {
  return JSON.stringify({ error: code, message, requestId });
}
