import { constants, createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { ServerOptions as HttpOptions } from "node:http";
import type { ServerOptions as HttpsOptions } from "node:https";
import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import type { KeyPair } from "./certificate.ts";
import type { EdgeConfig } from "./config.ts";
import { badRequest, type EdgeError, errorBody, errorCode, headersTooLarge, requestTimeout } from "./errors.ts";
import { securityEntries } from "./headers.ts";
import { linger } from "./linger.ts";
import { isWebSocket } from "./websocket.ts";

/** Node looks for expired connections at this interval; its default of 30 s would make every timeout half a minute late. */
const checkIntervalMs = 1_000;

/** Parser limits and timeouts of the client side. The lenient parser stays off whatever the command line says. */
export function httpOptions(config: EdgeConfig): HttpOptions {
  return {
    insecureHTTPParser: false,
    requireHostHeader: true,
    maxHeaderSize: config.headerLimitBytes,
    headersTimeout: Math.min(config.headersTimeoutMs, config.requestTimeoutMs),
    requestTimeout: config.requestTimeoutMs,
    keepAliveTimeout: config.keepAliveTimeoutMs,
    connectionsCheckingInterval: checkIntervalMs,
    // A GET has no body to stream; without this Node builds a stream that only ends.
    optimizeEmptyRequests: true,
    noDelay: true,
    shouldUpgradeCallback: isWebSocket,
  };
}

/**
 * TLS 1.2 and 1.3, forward secrecy and AEAD only; AES-128 first because it is the cheapest of equals.
 *
 * HTTP/1.1 only: one request a connection at a time is what the bundle's limits, pool and measurements are stated in,
 * and Node's HTTP/2 server can neither close idle sessions at a drain nor report them.
 */
export function tlsOptions(config: EdgeConfig): HttpsOptions {
  return {
    minVersion: "TLSv1.2",
    maxVersion: "TLSv1.3",
    ciphers: [
      "TLS_AES_128_GCM_SHA256",
      "TLS_AES_256_GCM_SHA384",
      "TLS_CHACHA20_POLY1305_SHA256",
      "ECDHE-ECDSA-AES128-GCM-SHA256",
      "ECDHE-RSA-AES128-GCM-SHA256",
      "ECDHE-ECDSA-AES256-GCM-SHA384",
      "ECDHE-RSA-AES256-GCM-SHA384",
      "ECDHE-ECDSA-CHACHA20-POLY1305",
      "ECDHE-RSA-CHACHA20-POLY1305",
    ].join(":"),
    honorCipherOrder: true,
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
    ALPNProtocols: ["http/1.1"],
    handshakeTimeout: config.handshakeTimeoutMs,
    // Tickets (the default) spare a returning client the signature; an hour bounds what a stolen ticket key opens.
    sessionTimeout: 3_600,
  };
}

/** What the secure context is made of, for the start and for each renewed pair. */
export function secureContext(config: EdgeConfig, pair: KeyPair): HttpsOptions {
  const clients = config.tls?.clients ?? null;
  return {
    ...tlsOptions(config),
    cert: pair.cert,
    key: pair.key,
    ...(clients === null ? {} : clientOptions(clients)),
  };
}

function clientOptions({ caFile, required }: NonNullable<NonNullable<EdgeConfig["tls"]>["clients"]>): HttpsOptions {
  const ca = readFileSync(caFile);
  return {
    ca,
    requestCert: true,
    rejectUnauthorized: required,
    // A resumed session counts as verified by the CA that it began under; with another, OpenSSL refuses it. At most 32 bytes.
    sessionIdContext: createHash("sha256").update(`${required}`).update(ca).digest("hex").slice(0, 32),
  };
}

const parserAnswers: Readonly<Record<string, EdgeError>> = {
  HPE_HEADER_OVERFLOW: headersTooLarge,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: headersTooLarge,
  ERR_HTTP_REQUEST_TIMEOUT: requestTimeout,
};

/**
 * Answers bytes that are not a request, then closes: after a framing error nothing further on the connection can be
 * trusted. Returns the status, 0 when nobody can be answered.
 */
export function answerClientError(error: Error, socket: Socket & { _httpMessage?: { headersSent: boolean } | null }): number {
  const code = errorCode(error);
  const answer = parserAnswers[code] ?? (code.startsWith("HPE_") ? badRequest : null);
  // Errors of TLS come here, too: an answer would wait for the handshake that does not come, and hold the connection open.
  // An answer in progress (Node keeps it there) must not get a second status line in its body.
  if (answer === null || !socket.writable || socket._httpMessage?.headersSent === true) {
    socket.destroy();
    return 0;
  }
  const body = errorBody(answer, "-");
  const security = socket instanceof TLSSocket ? securityLines : "";
  socket.end(
    `HTTP/1.1 ${answer.status} ${reasons[answer.status] ?? "Error"}\r\ncontent-type: application/json\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\n${security}connection: close\r\n\r\n${body}`,
  );
  // A request in progress keeps its place for so long: to end it now would take the answer along.
  linger(socket);
  return answer.status;
}

const securityLines = securityEntries.map(([name, value]) => `${name}: ${value}\r\n`).join("");

const reasons: Readonly<Record<number, string>> = {
  400: "Bad Request",
  408: "Request Timeout",
  431: "Request Header Fields Too Large",
};
