import type { Server } from "node:http";
import type { Socket } from "node:net";
import type { FastifyInstance } from "fastify";
import type { Drain } from "./drain.ts";

/** Makes a server ready for connections that another process accepts. */
export async function openIntake(app: FastifyInstance<Server>): Promise<void> {
  await app.ready();
  // Node begins to look for expired connections at this event alone: without it headersTimeout and requestTimeout are dead letters.
  app.server.emit("listening");
}

/** Serves an accepted connection as if the server had accepted it. False: it takes no more, and the connection is as it was. */
export function takeConnection(server: Server, drain: Drain, socket: Socket): boolean {
  if (drain.closed) {
    // Closes our descriptor of it, nothing else: the primary has its own.
    socket.destroy();
    return false;
  }
  // As server.listen would have made it. Plain HTTP answers a client that has ended its side already.
  socket.allowHalfOpen = (server as Server & { readonly allowHalfOpen?: boolean }).allowHalfOpen ?? false;
  server.emit("connection", socket);
  return true;
}
