import type { IncomingHttpHeaders } from "node:http";
import { type BlockList, isIPv6, type Socket } from "node:net";

/** Header names in lower case, as Node's parser gives them. */
type Headers = Record<string, string | string[] | undefined>;

/**
 * RFC 9110 §7.6.1: these concern one connection and are never forwarded. Proxy-Authenticate and Proxy-Authorization
 * (§11.7) address a proxy, and this is one. Transfer-Encoding is the sender's framing: Node and undici write their own.
 */
const hopByHop: readonly string[] = [
  "connection",
  "keep-alive",
  "proxy-connection",
  "proxy-authenticate",
  "proxy-authorization",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
];

const requestHopByHop: ReadonlySet<string> = new Set([
  ...hopByHop,
  // RFC 9110 §10.1.1: Node has answered 100-continue before the request is handled, so nobody waits for it behind us.
  "expect",
  // What a TLS edge tells about a client certificate must never come from the client.
  "client-cert",
  "client-cert-chain",
  "x-client-cert",
  "x-forwarded-client-cert",
  "x-ssl-client-cert",
  "ssl-client-cert",
]);

/** Identity of the client as told by a proxy before us: believed from trusted peers only. */
const forwarding: ReadonlySet<string> = new Set([
  "forwarded",
  "x-forwarded-for",
  "x-forwarded-host",
  "x-forwarded-port",
  "x-forwarded-proto",
  "x-real-ip",
]);

/** RFC 9110 §7.6.1: names listed in Connection go too. Ordinary requests list none, and pay for a comparison only. */
function listedInConnection(connection: string | string[] | undefined): readonly string[] {
  if (connection === undefined || connection === "keep-alive" || connection === "close") return [];
  const tokens = String(connection).toLowerCase().split(",");
  return tokens.map((token) => token.trim());
}

/** What we know of the peer of a connection. Made once a connection and kept with it. */
export interface Peer {
  readonly address: string;
  readonly trusted: boolean;
  /** `for=…` of RFC 7239 §4: IPv6 in brackets and quotes (§6). */
  readonly forwardedFor: string;
}

export function createPeers(trustedProxies: BlockList): (socket: Socket) => Peer {
  const peers = new WeakMap<Socket, Peer>();
  return (socket) => {
    let peer = peers.get(socket);
    if (peer === undefined) {
      // An IPv4 client of a dual-stack listener has an IPv4-mapped address (RFC 4291 §2.5.5.2).
      const address = (socket.remoteAddress ?? "unknown").replace(/^::ffff:(?=\d+\.)/i, "");
      const v6 = isIPv6(address);
      peer = {
        address,
        trusted: address !== "unknown" && trustedProxies.check(address, v6 ? "ipv6" : "ipv4"),
        forwardedFor: v6 ? `"[${address}]"` : address,
      };
      peers.set(socket, peer);
    }
    return peer;
  };
}

/**
 * The headers an upstream receives: without those of the client's connection, with ours about the client. A client
 * cannot take ours away by naming them in Connection, because they are set last (CVE-2026-33805).
 */
export function requestHeaders(
  received: IncomingHttpHeaders,
  peer: Peer,
  protocol: "http" | "https",
  requestId: string,
): Record<string, string | string[]> {
  const listed = listedInConnection(received.connection);
  const sent: Record<string, string | string[]> = {};
  for (const name in received) {
    const value = received[name];
    if (value === undefined || name === "host" || requestHopByHop.has(name)) continue;
    if (forwarding.has(name) && !peer.trusted) continue;
    if (listed.length > 0 && listed.includes(name)) continue;
    sent[name] = value;
  }
  const host = received.host ?? "";
  const chain = sent["x-forwarded-for"];
  sent["x-forwarded-for"] = chain === undefined ? peer.address : `${String(chain)}, ${peer.address}`;
  sent["x-forwarded-proto"] ??= protocol;
  sent["x-forwarded-host"] ??= host;
  sent["x-real-ip"] ??= peer.address;
  const element = `for=${peer.forwardedFor};host="${host.replace(/["\\]/g, "")}";proto=${protocol}`;
  sent.forwarded = sent.forwarded === undefined ? element : `${String(sent.forwarded)}, ${element}`;
  sent["x-request-id"] = requestId;
  // RFC 9110 §7.6.3: a gateway adds itself on the way in.
  sent.via = sent.via === undefined ? "1.1 plimsoll" : `${String(sent.via)}, 1.1 plimsoll`;
  return sent;
}

/** Added to every response over TLS, unless the upstream has decided otherwise. */
const securityHeaders: readonly (readonly [string, string])[] = [
  // RFC 6797 §7.2: over TLS only. Without includeSubDomains: the edge does not speak for its siblings.
  ["strict-transport-security", "max-age=31536000"],
  ["x-content-type-options", "nosniff"],
  ["x-frame-options", "DENY"],
  ["referrer-policy", "no-referrer"],
];

/** The headers a client receives: without those of the upstream's connection, with the security headers. */
export function responseHeaders(received: Headers, secure: boolean): Headers {
  const listed = listedInConnection(received.connection);
  const sent: Headers = {};
  for (const name in received) {
    if (hopByHop.includes(name) || (listed.length > 0 && listed.includes(name))) continue;
    sent[name] = received[name];
  }
  if (secure) for (const [name, value] of securityHeaders) sent[name] ??= value;
  return sent;
}
