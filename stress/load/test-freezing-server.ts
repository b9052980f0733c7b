import net from "node:net";
import { parentPort, workerData } from "node:worker_threads";
import { sharedNow } from "./clock.ts";

/**
 * A worker thread that answers HTTP and freezes as a process does that collects garbage or waits for a disk: for `freezeMs`
 * of every `everyMs` it does nothing at all. The path of a request is its number; when it was answered is what the thread
 * tells at the end, on the clock that all threads share.
 */
const { freezeMs, everyMs } = workerData as { freezeMs: number; everyMs: number };
const response = Buffer.from("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
const answeredAt: number[] = [];
const asleep = new Int32Array(new SharedArrayBuffer(4));

const server = net.createServer({ noDelay: true }, (socket) => {
  socket.on("error", () => {});
  socket.setEncoding("latin1").on("data", (text: string) => {
    for (const [, n] of text.matchAll(/GET \/(\d+) /g)) {
      answeredAt[Number(n)] = sharedNow();
      socket.write(response);
    }
  });
});
const freezing = setInterval(() => Atomics.wait(asleep, 0, 0, freezeMs), everyMs);

server.listen(0, "127.0.0.1", () => parentPort?.postMessage({ port: (server.address() as net.AddressInfo).port }));
parentPort?.once("message", () => {
  clearInterval(freezing);
  parentPort?.postMessage({ answeredAt });
  server.close();
  parentPort?.close();
});
