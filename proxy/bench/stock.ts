import { readFileSync } from "node:fs";
import httpProxy from "@fastify/http-proxy";
import { fastify } from "fastify";
import { Pool } from "undici";

/**
 * \@fastify/http-proxy as it comes, with the pool of the edge. One thing is mended, or it would not be comparable: without
 * that the upstream's Connection header makes clients reconnect. Environment: PORT, UPSTREAM, CERT_FILE, KEY_FILE.
 */
const { PORT, UPSTREAM = "", CERT_FILE = "", KEY_FILE = "" } = process.env;
const pool = new Pool(UPSTREAM, { connections: 64, pipelining: 1, allowH2: false });
const app = fastify({
  https: {
    cert: readFileSync(CERT_FILE),
    key: readFileSync(KEY_FILE),
    minVersion: "TLSv1.3",
    ciphers: "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384",
    ALPNProtocols: ["http/1.1"],
  },
});
app.register(httpProxy, {
  upstream: UPSTREAM,
  // The plugin's types know undici 7.
  undici: pool as unknown as { request: never },
  replyOptions: {
    rewriteHeaders({ connection: _connection, "keep-alive": _keepAlive, ...headers }) {
      return headers;
    },
  },
});
await app.listen({ port: Number(PORT), host: "127.0.0.1" });
