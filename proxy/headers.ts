import type { IncomingHttpHeaders } from "node:http";
import type { Peer } from "./peer.ts";

/** What becomes of a request header on its way to the upstream. */
type Rule = "drop" | "host" | "length" | "forwarding" | "via";

/**
 * RFC 9110 §7.6.1: these concern one connection and are never forwarded. Proxy-Authenticate and Proxy-Authorization
 * (§11.7) address a proxy, and this is one. Transfer-Encoding is the sender's framing: Node and undici write their own.
 */
const hopByHop: ReadonlySet<string> = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-authentication-info",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

export const requestHeaderRules: ReadonlyMap<string, Rule> = new Map<string, Rule>([
  ...[...hopByHop].map((name): [string, Rule] => [name, "drop"]),
  // RFC 9110 §10.1.1: the edge answers 100-continue itself, so nobody waits for it behind us.
  ["expect", "drop"],
  // RFC 9113 §8.6: part of an upgrade to h2c, which is refused.
  ["http2-settings", "drop"],
  // Ours alone: an upstream's log must not show an id that a client made up.
  ["x-request-id", "drop"],
  // What a TLS edge tells about a client certificate must never come from the client.
  ["client-cert", "drop"],
  ["client-cert-chain", "drop"],
  ["x-client-cert", "drop"],
  ["x-forwarded-client-cert", "drop"],
  ["x-ssl-client-cert", "drop"],
  ["ssl-client-cert", "drop"],
  ["host", "host"],
  // Not subject to Connection: a client that lists it would change where the body ends.
  ["content-length", "length"],
  // Identity of the client as told by a proxy before us: believed from trusted peers only.
  ["forwarded", "forwarding"],
  ["x-forwarded-for", "forwarding"],
  ["x-forwarded-host", "forwarding"],
  ["x-forwarded-port", "forwarding"],
  ["x-forwarded-proto", "forwarding"],
  ["x-real-ip", "forwarding"],
  ["via", "via"],
]);

/** Servers in the way of CGI (RFC 3875 §4.1.18) read X_Real_IP as X-Real-IP: such spellings fare no better than the name. */
function ruleOf(lower: string): Rule | undefined {
  if (!lower.includes("_")) return requestHeaderRules.get(lower);
  return requestHeaderRules.has(lower.replaceAll("_", "-")) ? "drop" : undefined;
}

const nothing: readonly string[] = [];

/** RFC 9110 §7.6.1: names listed in Connection go too. Ordinary messages list none, and pay for a comparison only. */
function listedInConnection(connection: string | string[] | undefined): readonly string[] {
  if (connection === undefined || connection === "keep-alive" || connection === "close") return nothing;
  const tokens = String(connection).toLowerCase().split(",");
  return tokens.map((token) => token.trim());
}

/**
 * The headers an upstream receives, name and value by turns: without those of the client's connection, with ours about
 * the client. A client cannot take ours away by naming them in Connection, because they are set last (CVE-2026-33805).
 *
 * `received` is as Node's `rawHeaders`: one pass, no object in between, and what passes keeps its spelling and order.
 * `host` is the authority that the request is for, `connection` the received header of that name.
 */
export function requestHeaders(
  received: readonly string[],
  connection: string | undefined,
  host: string,
  peer: Peer,
  requestId: string,
): string[] {
  const listed = listedInConnection(connection);
  const sent: string[] = [];
  let told: Record<string, string> | null = null;
  let via = "1.1 plimsoll";
  for (let i = 0; i < received.length; i += 2) {
    const name = received[i] as string;
    const value = received[i + 1] as string;
    const lower = name.toLowerCase();
    const rule = ruleOf(lower);
    if (rule === undefined) {
      if (listed === nothing || !listed.includes(lower)) sent.push(name, value);
    } else if (rule === "length") {
      sent.push(name, value);
    } else if (listed !== nothing && listed.includes(lower)) {
      // Dropped, whatever its rule.
    } else if (rule === "via") {
      // RFC 9110 §7.6.3: a gateway adds itself on the way in.
      via = `${value}, ${via}`;
    } else if (rule === "forwarding" && peer.trusted) {
      told ??= {};
      const before = told[lower];
      told[lower] = before === undefined ? value : `${before}, ${value}`;
    }
  }
  const { address } = peer;
  if (told === null) {
    sent.push("x-forwarded-for", address, "x-forwarded-proto", peer.protocol, "x-forwarded-host", host);
    sent.push("x-real-ip", address, "forwarded", peer.forwarded(host));
  } else {
    const chain = (before: string | undefined, own: string) => (before === undefined ? own : `${before}, ${own}`);
    sent.push("x-forwarded-for", chain(told["x-forwarded-for"], address));
    sent.push("x-forwarded-proto", told["x-forwarded-proto"] ?? peer.protocol);
    sent.push("x-forwarded-host", told["x-forwarded-host"] ?? host);
    if (told["x-forwarded-port"] !== undefined) sent.push("x-forwarded-port", told["x-forwarded-port"]);
    sent.push("x-real-ip", told["x-real-ip"] ?? address);
    sent.push("forwarded", chain(told.forwarded, peer.forwarded(host)));
  }
  sent.push("x-request-id", requestId, "via", via);
  if (peer.certificate !== null) sent.push("client-cert", peer.certificate);
  return sent;
}

/** On every response over TLS, the edge's own included, unless the upstream has decided otherwise. */
export const securityHeaders = {
  // RFC 6797 §7.2: over TLS only. Without includeSubDomains: the edge does not speak for its siblings.
  "strict-transport-security": "max-age=31536000",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "referrer-policy": "no-referrer",
} as const;

export const securityEntries: readonly (readonly [string, string])[] = Object.entries(securityHeaders);

/**
 * The headers a client receives, name and value by turns: without those of the upstream's connection, with the security
 * headers. `received` has lower-case names, as undici gives them.
 */
export function responseHeaders(received: IncomingHttpHeaders, status: number, secure: boolean): string[] {
  const listed = listedInConnection(received.connection);
  const sent: string[] = [];
  for (const name in received) {
    const value = received[name];
    if (value === undefined || hopByHop.has(name) || (listed !== nothing && name !== "content-length" && listed.includes(name)))
      continue;
    // RFC 9110 §8.6: not with a status that never has content.
    if (status === 204 && name === "content-length") continue;
    if (typeof value === "string") sent.push(name, value);
    else for (const one of value) sent.push(name, one);
  }
  if (secure) for (const [name, value] of securityEntries) if (received[name] === undefined) sent.push(name, value);
  return sent;
}
