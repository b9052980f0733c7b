import { type AddressInfo, createServer, type Socket } from "node:net";

export interface RawRequest {
  /** Request line and header lines as they came, without the empty line. */
  readonly head: string;
  /** The body with its framing, as it came. */
  readonly body: string;
  readonly socket: Socket;
  /** How many requests this connection has carried, this one included. */
  readonly onConnection: number;
}

/** What to send back; null: the handler sees to the socket itself. */
export type Respond = (request: RawRequest) => string | Buffer | null;

export interface RawUpstream {
  readonly origin: string;
  readonly port: number;
  /** Every request seen, in order. */
  readonly requests: readonly RawRequest[];
  /** Connections accepted. */
  readonly connections: number;
  readonly bytesReceived: number;
  /** Open connections. */
  readonly sockets: ReadonlySet<Socket>;
  respond: Respond;
  /** Calls back for each connection that ends. */
  onDisconnect: (socket: Socket) => void;
  close(): Promise<void>;
}

export const ok = (body: string, ...headers: string[]): string =>
  `HTTP/1.1 200 OK\r\n${headers.map((line) => `${line}\r\n`).join("")}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;

/** An upstream that answers with given bytes and remembers the bytes it was sent. Ends with `close`. */
export async function startUpstream(respond: Respond = () => ok("hello"), port = 0): Promise<RawUpstream> {
  const sockets = new Set<Socket>();
  const requests: RawRequest[] = [];
  let connections = 0;
  let bytesReceived = 0;
  const upstream = {
    respond,
    onDisconnect: (_socket: Socket) => {},
    requests,
    sockets,
    get connections() {
      return connections;
    },
    get bytesReceived() {
      return bytesReceived;
    },
  };
  const server = createServer((socket) => {
    connections++;
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => {
      sockets.delete(socket);
      upstream.onDisconnect(socket);
    });
    let received = "";
    let onConnection = 0;
    socket.on("data", (chunk) => {
      bytesReceived += chunk.length;
      received += chunk.toString("latin1");
      for (;;) {
        const length = messageLength(received);
        if (length === null) return;
        const headEnd = received.indexOf("\r\n\r\n");
        onConnection++;
        const request = { head: received.slice(0, headEnd), body: received.slice(headEnd + 4, length), socket, onConnection };
        received = received.slice(length);
        requests.push(request);
        const answer = upstream.respond(request);
        if (answer !== null) socket.write(answer);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  const bound = (server.address() as AddressInfo).port;
  return Object.assign(upstream, {
    port: bound,
    origin: `http://127.0.0.1:${bound}`,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  }) as RawUpstream;
}

/** Length of the first whole request in `received`, or null. */
function messageLength(received: string): number | null {
  const headEnd = received.indexOf("\r\n\r\n");
  if (headEnd < 0) return null;
  const head = received.slice(0, headEnd);
  const length = /^content-length: *(\d+)\r?$/im.exec(head)?.[1];
  if (length !== undefined) return received.length >= headEnd + 4 + Number(length) ? headEnd + 4 + Number(length) : null;
  if (!/^transfer-encoding: *chunked\r?$/im.test(head)) return headEnd + 4;
  const end = received.indexOf("0\r\n\r\n", headEnd + 4);
  return end < 0 ? null : end + 5;
}
