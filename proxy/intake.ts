import type { Server } from "node:http";
import { createServer, Server as NetServer } from "node:net";
import { type ListenAddress, listen } from "./service.ts";

/** How connections come to a server: from a port of its own, or from the queue that it shares with other processes. */
export class Intake {
  readonly #server: Server;
  readonly #listening: NetServer[];

  constructor(server: Server) {
    this.#server = server;
    this.#listening = [server];
  }

  /**
   * Resolves to the port as bound; rejects with BindError. `fds`: descriptors of one socket that is bound to the address
   * already. libuv accepts one connection a turn of the event loop from each descriptor, so that processes which share a queue
   * get their parts; with a single one, who connects to a busy server waits for a turn for each that is before him.
   */
  async open(address: ListenAddress, fds: readonly number[] = []): Promise<number> {
    const server = this.#server as Server & { readonly allowHalfOpen?: boolean };
    const options = { noDelay: true, allowHalfOpen: server.allowHalfOpen ?? false };
    const port = await listen(server, address, fds[0]);
    for (const fd of fds.slice(1)) {
      const another = createServer(options, (socket) => server.emit("connection", socket));
      await listen(another, address, fd);
      this.#listening.push(another);
    }
    // An accept can fail, for want of descriptors; the next one may succeed.
    for (const each of this.#listening) each.on("error", () => {});
    return port;
  }

  /** Accepts no more. Not as the server's own close, which destroys idle connections at once. */
  close(): void {
    for (const each of this.#listening) NetServer.prototype.close.call(each);
  }
}
