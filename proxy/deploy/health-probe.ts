import { request as httpRequest, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import { isIP } from "node:net";
import { checkServerIdentity, getCACertificates } from "node:tls";

export interface EdgeTarget {
  port: number;
  /** Name to verify the certificate for; the connection goes to localhost whatever it is. */
  serverName: string;
  /** PEM; null trusts what the system trusts. */
  caPem: string | null;
}

export interface ProbeFailure {
  /** One line. */
  cause: string;
  /** True when waiting cannot help: the certificate does not verify. */
  final: boolean;
}

const probeTimeoutMs = 3_000;

/** GET /health through the edge over verified TLS. Null when it answers 200, else why not. Never throws. */
export function probeEdge({ port, serverName, caPem }: EdgeTarget, signal?: AbortSignal): Promise<ProbeFailure | null> {
  const request = httpsRequest({
    host: "localhost",
    port,
    path: "/health",
    headers: { host: `${serverName}:${port}` },
    // no server name indication for an address (RFC 6066, 3)
    servername: isIP(serverName) === 0 ? serverName : "",
    checkServerIdentity: (_host, certificate) => checkServerIdentity(serverName, certificate),
    ca: caPem ?? [...getCACertificates("default"), ...getCACertificates("system")],
    // also where NODE_TLS_REJECT_UNAUTHORIZED=0 is in the environment
    rejectUnauthorized: true,
    agent: false,
    timeout: probeTimeoutMs,
    ...(signal && { signal }),
  });
  return probe(request);
}

/** GET of a plain path on loopback; as `probeEdge`. */
export function probePlain(port: number, path: string): Promise<ProbeFailure | null> {
  return probe(httpRequest({ host: "127.0.0.1", port, path, agent: false, timeout: probeTimeoutMs }));
}

function probe(request: ReturnType<typeof httpRequest>): Promise<ProbeFailure | null> {
  return new Promise((resolve) => {
    request.on("timeout", () => request.destroy(new Error(`no answer within ${probeTimeoutMs / 1000} s`)));
    request.on("error", (error: NodeJS.ErrnoException) => resolve({ cause: describe(error), final: isCertificateError(error) }));
    request.on("response", (response: IncomingMessage) => {
      response.resume();
      response.on("error", () => resolve({ cause: "the answer broke off", final: false }));
      response.on("end", () => {
        resolve(response.statusCode === 200 ? null : { cause: `it answers ${response.statusCode}`, final: false });
      });
    });
    request.end();
  });
}

function describe(error: NodeJS.ErrnoException): string {
  if (error.code === "ECONNREFUSED") return "connection refused";
  return isCertificateError(error) ? `its certificate does not verify: ${error.message}` : error.message || String(error.code);
}

/** Node.js hands on OpenSSL's names of verification errors (X509_V_ERR_… without the prefix), and its own for names. */
function isCertificateError({ code }: NodeJS.ErrnoException): boolean {
  return /^(UNABLE_TO_|CERT_|DEPTH_ZERO_|SELF_SIGNED_|INVALID_CA|ERR_TLS_CERT_)/.test(code ?? "");
}
