import { lookup } from "node:dns/promises";
import { BoundSocket } from "node:net";
import { bindError, hasNoIpv6, type ListenAddress } from "./service.ts";

/**
 * The port of a service, as its primary holds it: bound, and with a queue of connections in the kernel from the moment at
 * which a worker first listens on the descriptor that it inherits. The queue belongs to the socket, not to a process: it
 * outlives every worker, and a connection waits there until one accepts it. Nothing is accepted here.
 */
export class Port {
  /** As bound. */
  readonly number: number;
  readonly #address: ListenAddress;
  readonly #socket: BoundSocket;

  /** Rejects with BindError. */
  static async bind(address: ListenAddress): Promise<Port> {
    try {
      // A socket is bound to an address, not to a name.
      const { address: host } = await lookup(address.host);
      return new Port(address, bindSocket(host, address.port));
    } catch (error) {
      throw bindError(error, address);
    }
  }

  private constructor(address: ListenAddress, socket: BoundSocket) {
    this.#address = address;
    this.#socket = socket;
    this.number = socket.address().port;
  }

  /** For a worker to inherit. */
  get fd(): number {
    return this.#socket.fd();
  }

  /** Asked for as that: port 0 stays the one that the system chose. */
  isFor({ host, port }: ListenAddress): boolean {
    return this.#address.host === host && this.#address.port === port;
  }

  /** The workers' descriptors of it go on. */
  close(): void {
    this.#socket[Symbol.dispose]();
  }
}

function bindSocket(host: string, port: number): BoundSocket {
  try {
    return new BoundSocket({ host, port });
  } catch (error) {
    if (host === "::" && hasNoIpv6(error)) return new BoundSocket({ host: "0.0.0.0", port });
    throw error;
  }
}
