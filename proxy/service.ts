import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { FastifyInstance } from "fastify";
import { errorCode } from "./errors.ts";

/** Where a service can be reached, as bound: the answer to port 0. */
export interface Listening {
  readonly port: number;
  readonly adminPort?: number;
}

/** One process of the bundle. Built without listening, so that a test can bind port 0. */
export interface Service {
  readonly name: "edge" | "backend";
  /** Rejects with the system's error; its message names the address. */
  listen(): Promise<Listening>;
  /** Finishes what is in flight, then ends everything. Resolves to the number of connections cut at the deadline. */
  drain(): Promise<number>;
  /** Ends a drain now. */
  cut(): void;
}

/** Binds `app` and says which port it got. `setting` is the variable a user changes when the port is taken. */
export async function bind(app: FastifyInstance<Server>, host: string, port: number, setting: string): Promise<number> {
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
