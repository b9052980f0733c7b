import net from "node:net";
import tls from "node:tls";
import type { Tally } from "../measure/tally.ts";
import type { Endpoint } from "./endpoint.ts";

/** Who a socket is opened for. Each call names the socket: its owner may have another one by then. */
export interface SocketOwner {
  /** TCP is established; over TLS the handshake follows. */
  onConnected(socket: net.Socket, nowMs: number): void;
  onSecure(socket: tls.TLSSocket): void;
  /** A session to offer when the connection is opened again. */
  onSession(session: Buffer): void;
  /** `bytes[0, length)` are valid during the call only. */
  onData(socket: net.Socket, bytes: Uint8Array, length: number): void;
  /** The peer or the network ended the connection; called for `error`, `end` and `close`, whichever come. */
  onClosed(socket: net.Socket, error: NodeJS.ErrnoException | null): void;
}

/** Starts to connect, and tallies the connection once it is established. */
export function openSocket(endpoint: Endpoint, tally: Tally, session: Buffer | null, owner: SocketOwner): net.Socket {
  const connectAt = performance.now();
  const onread = {
    // One buffer serves every socket of the thread: a read is handled before the next one starts.
    buffer: endpoint.readBuffer,
    callback: (length: number, buffer: Uint8Array) => {
      owner.onData(socket, buffer, length);
      return true;
    },
  };
  const socket: net.Socket =
    endpoint.tls === null
      ? net.connect({ ...endpoint.address, onread })
      : tls.connect({
          ...endpoint.address,
          ...endpoint.tls,
          ...(session === null ? {} : { session }),
          onread,
        } as tls.ConnectionOptions);
  socket.setNoDelay(true);
  socket.once("connect", () => {
    const now = performance.now();
    tally.connectionsOpened++;
    tally.connecting.record(now - connectAt);
    owner.onConnected(socket, now);
  });
  if (socket instanceof tls.TLSSocket) {
    socket.once("secureConnect", () => owner.onSecure(socket));
    if (endpoint.resumption) socket.on("session", (given) => owner.onSession(given));
  }
  socket.on("error", (error: NodeJS.ErrnoException) => owner.onClosed(socket, error));
  socket.on("end", () => owner.onClosed(socket, null));
  socket.on("close", () => owner.onClosed(socket, null));
  return socket;
}
