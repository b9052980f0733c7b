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

  /** The host is an IP address. Throws BindError. */
  constructor(address: ListenAddress) {
    this.#address = address;
    this.#socket = bind(address);
    this.number = this.#socket.address().port;
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

function bind(address: ListenAddress): BoundSocket {
  const { host, port } = address;
  try {
    return new BoundSocket({ host, port });
  } catch (error) {
    if (host === "::" && hasNoIpv6(error)) return bind({ ...address, host: "0.0.0.0" });
    throw bindError(error, address);
  }
}
