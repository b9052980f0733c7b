import { type IncomingMessage, type Server, STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import { type WebSocket, WebSocketServer } from "ws";

/** Beyond this the client is read no further until it has taken what it asked for. */
const pauseBytes = 256 * 1_024;
/** RFC 6455 §7.4.1. */
const goingAway = 1001;

/** WebSockets at one path that send every message back as it came, at the pace the client reads. */
export class EchoSockets {
  readonly #sockets: WebSocketServer;

  constructor(server: Server, path: string, maxMessageBytes: number) {
    this.#sockets = new WebSocketServer({ noServer: true, maxPayload: maxMessageBytes, perMessageDeflate: false });
    this.#sockets.on("connection", echo);
    server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      socket.on("error", () => socket.destroy());
      if (request.url?.split("?", 1)[0] !== path) return refuse(socket, 404);
      this.#sockets.handleUpgrade(request, socket, head, (client) => this.#sockets.emit("connection", client, request));
    });
  }

  /** Says goodbye to all of them. */
  end(): void {
    for (const client of this.#sockets.clients) client.close(goingAway, "draining");
  }
}

function echo(client: WebSocket): void {
  // A client that breaks the protocol, or is gone: `ws` closes the connection.
  client.on("error", () => {});
  client.on("message", (message, isBinary) => {
    client.send(message, { binary: isBinary }, () => {
      if (client.isPaused && client.bufferedAmount < pauseBytes) client.resume();
    });
    if (client.bufferedAmount >= pauseBytes) client.pause();
  });
}

function refuse(socket: Duplex, status: number): void {
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}
