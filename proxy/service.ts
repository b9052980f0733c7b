import { once } from "node:events";
import type { AddressInfo, Server } from "node:net";
import type { Registry } from "prom-client";
import { errorCode } from "./errors.ts";
import type { Check } from "./readiness.ts";

/** Where a service listens. `setting` is the variable that a user changes when the port is taken. */
export interface ListenAddress {
  readonly host: string;
  /** 0: the system chooses. */
  readonly port: number;
  readonly setting: string;
}

/** What a worker serves. */
export interface Service {
  readonly name: "edge" | "backend";
  /** What must hold for it to take requests. */
  readonly checks: Readonly<Record<string, Check>>;
  /** Null: it has none. */
  readonly metrics: Registry | null;
  /**
   * Resolves to the port as bound, rejects with BindError. `fds`: descriptors of a socket that is bound there already, which
   * other processes may share.
   */
  listen(address: ListenAddress, fds?: readonly number[]): Promise<number>;
  /** 48 bytes that TLS session tickets are encrypted with from now on; without TLS nothing. */
  setTicketKey(key: Buffer): void;
  /** Accepts no more, finishes what is in flight, then ends everything. Resolves to the number of connections cut at the deadline. */
  drain(): Promise<number>;
  /**
   * As `drain`, for a process whose port another serves already: nobody waits, so idle connections keep the whole time
   * that was announced to them. A later `drain` hastens it.
   */
  retire(): Promise<number>;
  /** Ends a drain now. */
  cut(): void;
}

/** More than any system allows: as many connections as this one lets wait to be accepted (net.core.somaxconn). */
const backlog = 65_535;

/** Resolves to the port as bound; rejects with BindError. `fd`: of a socket that is bound there already. */
export async function listen(server: Server, address: ListenAddress, fd?: number): Promise<number> {
  const { host, port } = address;
  try {
    server.listen(fd === undefined ? { host, port } : { fd }, backlog);
    await once(server, "listening");
  } catch (error) {
    if (host === "::" && hasNoIpv6(error)) return listen(server, { ...address, host: "0.0.0.0" });
    throw bindError(error, address);
  }
  return (server.address() as AddressInfo).port;
}

/** A machine without IPv6 has no "::"; all of its addresses are then IPv4. */
export function hasNoIpv6(error: unknown): boolean {
  return ["EAFNOSUPPORT", "EADDRNOTAVAIL"].includes(errorCode(error));
}

/** What to tell the user; an error that is none of the system's stays what it is. */
export function bindError(error: unknown, { host, port, setting }: ListenAddress): unknown {
  const code = errorCode(error);
  if (code === "EADDRINUSE") return new BindError(`EADDRINUSE: port ${port} on ${host} is taken; free it or set ${setting}`);
  return code === "" ? error : new BindError(`${code}: cannot listen on port ${port} of ${host}; set ${setting} to another`);
}

/** A port cannot be had; the message is one line for the user. */
export class BindError extends Error {
  override readonly name = "BindError";
}
