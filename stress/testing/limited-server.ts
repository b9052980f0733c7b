import http from "node:http";
import type { AddressInfo } from "node:net";
import { parentPort, workerData } from "node:worker_threads";
import type { LimitedServer } from "./limited-target.ts";

/**
 * A worker thread that serves HTTP at a capacity known to the request. Its limit is kept by the clock, not by timers that
 * follow one another: a timer that is late delays one response and takes nothing from the capacity.
 */
const { kind, perSecond, size = 1 } = workerData as LimitedServer;
const body = '{"status":"ok"}';
const fromMs = performance.now();
const now = () => performance.now() - fromMs;

function answer(response: http.ServerResponse, status: number): void {
  response.writeHead(status, { "Content-Length": body.length });
  response.end(body);
}

let tokens = size;
let lastMs = 0;

/** As many a second as the bucket fills, the others refused at once. */
function admit(): boolean {
  const atMs = now();
  tokens = Math.min(size, tokens + ((atMs - lastMs) * perSecond) / 1000);
  lastMs = atMs;
  if (tokens < 1) return false;
  tokens--;
  return true;
}

/** Ends of what is served in each of `size` places. */
const freeAt = new Array<number>(size).fill(0);
let waiting = 0;

/** First come, first served in `size` places; above `perSecond` / 10 waiting each takes three times as long where it collapses. */
function serve(response: http.ServerResponse): void {
  const place = freeAt.indexOf(Math.min(...freeAt));
  const isCollapsed = kind === "collapse" && waiting > perSecond / 10;
  const takesMs = ((size * 1000) / perSecond) * (isCollapsed ? 3 : 1);
  const endMs = Math.max(now(), freeAt[place] as number) + takesMs;
  freeAt[place] = endMs;
  waiting++;
  setTimeout(
    () => {
      waiting--;
      answer(response, 200);
    },
    Math.max(0, endMs - now()),
  );
}

const server = http.createServer((_, response) => {
  if (kind === "bucket") answer(response, admit() ? 200 : 429);
  else serve(response);
});
server.keepAliveTimeout = 60_000;
server.listen(0, "127.0.0.1", () => parentPort?.postMessage({ port: (server.address() as AddressInfo).port }));
