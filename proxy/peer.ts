import { type BlockList, isIPv6, type Socket } from "node:net";
import { TLSSocket } from "node:tls";

const kPeer = Symbol("peer");
type PeerSocket = Socket & { [kPeer]?: Peer };

/** What we know of the client at the other end of a connection. Made once a connection and kept with it. */
export class Peer {
  readonly address: string;
  readonly trusted: boolean;
  readonly protocol: "http" | "https";
  /** The verified certificate of the client, as RFC 9440 §2.1 has it in a header; null without one. */
  readonly certificate: string | null;
  /** `for=…` of RFC 7239 §4: IPv6 in brackets and quotes (§6). */
  readonly #forwardedFor: string;
  #host: string | null = null;
  #forwarded = "";

  constructor(address: string, trusted: boolean, protocol: "http" | "https", certificate: string | null = null) {
    this.certificate = certificate;
    this.address = address;
    this.trusted = trusted;
    this.protocol = protocol;
    this.#forwardedFor = isIPv6(address) ? `"[${address}]"` : address;
  }

  /** The element of Forwarded that tells about this client. Nearly every request of a connection is for the same host. */
  forwarded(host: string): string {
    if (host !== this.#host) {
      this.#host = host;
      this.#forwarded = `for=${this.#forwardedFor};host="${host.replace(/["\\]/g, "")}";proto=${this.protocol}`;
    }
    return this.#forwarded;
  }
}

/** Finds or makes the peer of a connection. */
export function createPeers(trustedProxies: BlockList, protocol: "http" | "https"): (socket: Socket) => Peer {
  return (socket: PeerSocket) => {
    const known = socket[kPeer];
    if (known !== undefined) return known;
    // An IPv4 client of a dual-stack listener has an IPv4-mapped address (RFC 4291 §2.5.5.2).
    const address = (socket.remoteAddress ?? "unknown").replace(/^::ffff:(?=\d+\.)/i, "");
    const trusted = address !== "unknown" && trustedProxies.check(address, isIPv6(address) ? "ipv6" : "ipv4");
    const peer = new Peer(address, trusted, protocol, verifiedCertificate(socket));
    socket[kPeer] = peer;
    return peer;
  };
}

function verifiedCertificate(socket: Socket): string | null {
  // Authorised only where a certificate was asked for, shown and signed by the CA.
  if (!(socket instanceof TLSSocket) || !socket.authorized) return null;
  const { raw } = socket.getPeerCertificate();
  return raw === undefined ? null : `:${raw.toString("base64")}:`;
}
