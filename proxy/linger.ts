import type { Socket } from "node:net";

/** For the other side to close as well after we did. */
export const lingerMs = 2_000;

/**
 * For a connection that we have ended before its client had said all: goes on reading for a while, then cuts it. To close a
 * socket with unread bytes is to reset it, and a reset takes along what the client has not read of the answer (RFC 9112
 * §9.6); not to close it is to leave the end to a client that may never come to it. What arrives has no effect: nobody would
 * hear the answer to a request.
 */
export function linger(socket: Socket): void {
  if (socket.destroyed) return;
  // Node's parser among them.
  socket.removeAllListeners("data");
  socket.on("data", discard);
  socket.resume();
  // Where Node had stopped the handle for a request that nobody read, the stream still waits for it: nothing was read, read on.
  socket.push("");
  const cut = setTimeout(() => socket.destroy(), lingerMs).unref();
  socket.once("close", () => clearTimeout(cut));
}

/** For an answer that comes before its request is whole: Node would destroy the connection behind it. */
export function lingerAtEnd(socket: Socket): void {
  socket.destroySoon = endAndLinger;
}

function endAndLinger(this: Socket): void {
  this.end();
  linger(this);
}

function discard(): void {}
