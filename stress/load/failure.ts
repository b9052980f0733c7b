import type { FailureClass } from "../measure/event.ts";

/** How far the connection had come when it ended. */
export type ConnectionStage = "connect" | "handshake" | "fresh" | "reused";

/**
 * The class of a request that ended without a complete response, and a line that says why.
 * A request that dies without a byte of response on a connection that carried others before is `stale-connection`:
 * the server closed it in the same moment (RFC 9112 section 9.3.1). It is counted, never sent again.
 */
export function failureOf(
  error: NodeJS.ErrnoException | null,
  stage: ConnectionStage,
  noResponseByte: boolean,
): [FailureClass, string] {
  const reason = error === null ? "connection closed" : (error.code ?? error.message);
  if (error !== null && isLocalLimit(error)) return ["local-limit", `nothing left on this machine: ${reason}`];
  // In TLS 1.3 a server refuses the client's certificate after the client has found the handshake done.
  if (/^ERR_(SSL|TLS)_/.test(error?.code ?? "")) return ["tls", `TLS failed: ${reason}`];
  switch (stage) {
    case "connect":
      return error?.code === "ECONNRESET" ? ["reset", "reset while connecting"] : ["refused", `cannot connect: ${reason}`];
    case "handshake":
      return ["tls", `TLS handshake failed: ${reason}`];
    case "fresh":
      return ["reset", `${reason} ${noResponseByte ? "before the response" : "in the middle of the response"}`];
    case "reused":
      return noResponseByte
        ? ["stale-connection", `${reason} on a kept-alive connection before the response`]
        : ["reset", `${reason} in the middle of the response`];
  }
}

/** Errors that are this machine's doing: no ports, descriptors or memory left. */
export function isLocalLimit(error: NodeJS.ErrnoException): boolean {
  return ["EADDRNOTAVAIL", "EMFILE", "ENFILE", "ENOBUFS", "ENOMEM"].includes(error.code ?? "");
}
