import { readFileSync } from "node:fs";
import type { IncomingHttpHeaders } from "node:http";
import { createServer } from "node:https";
import { Pool } from "undici";

/**
 * The least that a proxy of node:https and undici can do: no features, no error handling, one write an answer. What the
 * edge costs more than this is the edge's own doing. Environment: PORT, UPSTREAM, CERT_FILE, KEY_FILE.
 */
const { PORT, UPSTREAM = "", CERT_FILE = "", KEY_FILE = "" } = process.env;
const pool = new Pool(UPSTREAM, { connections: 64, pipelining: 1, allowH2: false });
const options = {
  cert: readFileSync(CERT_FILE),
  key: readFileSync(KEY_FILE),
  minVersion: "TLSv1.3",
  ciphers: "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384",
  ALPNProtocols: ["http/1.1"],
  optimizeEmptyRequests: true,
  // Node's own would end idle connections while their memory is measured.
  keepAliveTimeout: 300_000,
} as const;

createServer(options, (request, response) => {
  const { host: _host, connection: _connection, ...headers } = request.headers;
  const chunks: Buffer[] = [];
  let status = 0;
  let received: IncomingHttpHeaders = {};
  pool.dispatch(
    { path: request.url ?? "/", method: "GET", headers },
    {
      onRequestStart() {},
      onResponseStart(_controller, statusCode, responseHeaders) {
        status = statusCode;
        received = responseHeaders;
      },
      onResponseData(_controller, chunk) {
        chunks.push(chunk);
      },
      onResponseEnd() {
        const { connection: _c, "keep-alive": _k, "transfer-encoding": _t, ...sent } = received;
        response.writeHead(status, sent);
        response.end(chunks.length === 1 ? chunks[0] : Buffer.concat(chunks));
      },
      onResponseError: () => response.destroy(),
    },
  );
}).listen(Number(PORT), "127.0.0.1");
