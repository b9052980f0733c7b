import { readFileSync } from "node:fs";
import http from "node:http";
import https from "node:https";
import type { AddressInfo } from "node:net";
import { parentPort, workerData } from "node:worker_threads";

/** A worker thread that serves HTTP, or HTTPS, and burns `burnMs` of CPU for each request: its limit is 1000 / burnMs a second. */
const { burnMs, certificate } = workerData as { burnMs: number; certificate?: { certFile: string; keyFile: string } };
const body = '{"status":"ok"}';

function answer(_: http.IncomingMessage, response: http.ServerResponse): void {
  for (const startMs = performance.now(); performance.now() - startMs < burnMs; );
  response.setHeader("Content-Length", body.length);
  response.end(body);
}

const server =
  certificate === undefined
    ? http.createServer(answer)
    : https.createServer({ cert: readFileSync(certificate.certFile), key: readFileSync(certificate.keyFile) }, answer);
server.keepAliveTimeout = 60_000;
server.listen(0, "127.0.0.1", () => parentPort?.postMessage({ port: (server.address() as AddressInfo).port }));
