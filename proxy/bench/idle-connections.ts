import { once } from "node:events";
import { connect, type TLSSocket } from "node:tls";

/**
 * A client process: opens COUNT TLS connections to PORT, sends one request on each, says "open" and holds them until its
 * input ends; a connection that ends before fails it. Of its own, so that its memory does not disturb what is measured.
 */
const { PORT, COUNT, CA = "" } = process.env;
const atOnce = 50;
const request = "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n";

const sockets: TLSSocket[] = [];
let isOver = false;
for (let opened = 0; opened < Number(COUNT); opened += atOnce) {
  await Promise.all(Array.from({ length: Math.min(atOnce, Number(COUNT) - opened) }, open));
}
process.stdout.write("open\n");
process.stdin.resume();
await once(process.stdin, "end");
isOver = true;
for (const socket of sockets) socket.destroy();

async function open(): Promise<void> {
  const socket = connect({ host: "127.0.0.1", port: Number(PORT), ca: CA, servername: "localhost", ALPNProtocols: ["http/1.1"] });
  sockets.push(socket);
  await once(socket, "secureConnect");
  socket.write(request);
  await once(socket, "data");
  // Nothing more comes, and an end would not be seen by a socket that does not read.
  socket.resume();
  socket.once("close", () => {
    if (!isOver) process.exit(1);
  });
}
