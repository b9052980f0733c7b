import type { AddressInfo, Server as NetServer, Socket } from "node:net";
import type { Registry } from "prom-client";
import { errorCode } from "./errors.ts";
import type { Check } from "./readiness.ts";

/** What a worker serves. */
export interface Service {
  readonly name: "edge" | "backend";
  /** What must hold for it to take requests. */
  readonly checks: Readonly<Record<string, Check>>;
  /** Null: it has none. */
  readonly metrics: Registry | null;
  /** From now on it can take connections. It listens nowhere: its primary does. */
  open(): Promise<void>;
  /** False: it takes no more, and has let go of the connection without touching it. */
  take(socket: Socket): boolean;
  /** 48 bytes that TLS session tickets are encrypted with from now on; without TLS nothing. */
  setTicketKey(key: Buffer): void;
  /** Finishes what is in flight, then ends everything. Resolves to the number of connections cut at the deadline. */
  drain(): Promise<number>;
  /**
   * As `drain`, for a process whose port another serves already: nobody waits, so idle connections keep the whole time
   * that was announced to them. A later `drain` hastens it.
   */
  retire(): Promise<number>;
  /** Ends a drain now. */
  cut(): void;
}

/** What can be bound: a server with a `listen` that resolves. */
export interface Bindable {
  readonly server: NetServer;
  listen(address: { host: string; port: number }): PromiseLike<unknown>;
}

/** Binds `app` and says which port it got. `setting` is the variable a user changes when the port is taken. */
export async function bind(app: Bindable, host: string, port: number, setting: string): Promise<number> {
  try {
    await app.listen({ host, port });
  } catch (error) {
    const code = errorCode(error);
    // A machine without IPv6 has no "::"; all of its addresses are then IPv4.
    if (host === "::" && (code === "EAFNOSUPPORT" || code === "EADDRNOTAVAIL")) return bind(app, "0.0.0.0", port, setting);
    if (code === "EADDRINUSE") throw new BindError(`EADDRINUSE: port ${port} on ${host} is taken; free it or set ${setting}`);
    if (code === "") throw error;
    throw new BindError(`${code}: cannot listen on port ${port} of ${host}; set ${setting} to another`);
  }
  return (app.server.address() as AddressInfo).port;
}

/** A port cannot be had; the message is one line for the user. */
export class BindError extends Error {
  override readonly name = "BindError";
}
