import { readFileSync } from "node:fs";
import { isIP } from "node:net";
import tls from "node:tls";
import type { Check, Profile, Target } from "../profile/profile.ts";
import { HeadMemo } from "./head.ts";

/** An address to connect to, resolved once before the load so that no lookup is measured. */
export interface Address {
  host: string;
  port: number;
  family: 4 | 6;
}

/** All that the connections of one worker share. */
export interface Endpoint {
  address: Address;
  tls: tls.ConnectionOptions | null;
  resumption: boolean;
  requestsPerConnection: number;
  /** Longest a request may take, and the opening of a connection. */
  timeoutMs: number;
  checks: readonly Check[];
  readBuffer: Uint8Array;
  headMemo: HeadMemo;
}

export function createEndpoint(profile: Profile, address: Address): Endpoint {
  return {
    address,
    tls: tlsOptions(profile.target),
    resumption: profile.session.resumption,
    requestsPerConnection: profile.session.requestsPerConnection ?? Number.POSITIVE_INFINITY,
    timeoutMs: profile.timeoutMs,
    checks: profile.checks,
    readBuffer: new Uint8Array(64 * 1024),
    headMemo: new HeadMemo(),
  };
}

/** Null for plain HTTP. The context is built once: it costs a millisecond. @throws where a file cannot be read or parsed. */
export function tlsOptions(target: Target): tls.ConnectionOptions | null {
  const url = new URL(target.baseUrl);
  if (url.protocol !== "https:") return null;
  const name = target.serverName ?? hostOf(url);
  const read = (file: string | null) => (file === null ? undefined : readFileSync(file));
  const [ca, cert, key] = [read(target.caFile), read(target.certFile), read(target.keyFile)];
  return {
    secureContext: tls.createSecureContext({ ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) }),
    // RFC 6066 section 3: no SNI for an address; the certificate is checked against it all the same.
    servername: isIP(name) === 0 ? name : "",
    checkServerIdentity: (_host, certificate) => tls.checkServerIdentity(name, certificate),
    rejectUnauthorized: !target.insecure,
    ALPNProtocols: ["http/1.1"],
  };
}

/** The host without the brackets of an IPv6 address. */
export function hostOf(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, "");
}

export function portOf(url: URL): number {
  return url.port !== "" ? Number(url.port) : url.protocol === "https:" ? 443 : 80;
}
