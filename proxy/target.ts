import type { IncomingMessage } from "node:http";

/** Where a request goes: what stands in the request line for the upstream, and the authority it is for. */
export interface Target {
  readonly path: string;
  readonly host: string;
}

const kTarget = Symbol("target");
type TargetedRequest = IncomingMessage & { [kTarget]?: Target | null };

/**
 * Reads the target before fastify's router can: it would decode the path and refuse what it cannot. For the router every
 * request is for `/`; what it really is for, `targetOf` tells.
 */
export function takeTarget(request: IncomingMessage): "/" {
  (request as TargetedRequest)[kTarget] = readTarget(request.url ?? "", request.headers.host);
  return "/";
}

/** Null: refuse. */
export function targetOf(request: IncomingMessage): Target | null {
  return (request as TargetedRequest)[kTarget] ?? null;
}

/** RFC 3986 §3.2.2 and port: what may stand in Host. Empty is a client without an authority (RFC 9112 §3.2). */
const authority = /^[\w.~!$&'()*+=%:[\]-]*$/;

/** `..` as a segment, spelt out or escaped, between separators of any spelling. */
const parentSegment = /(?:^|[/\\]|%2f|%5c)(?:\.|%2e){2}(?:[/\\;]|%2f|%5c|$)/i;

/**
 * Decides on a request target (RFC 9112 §3.2) before anything else looks at it; null: refuse. The path itself is the
 * upstream's business and passes byte for byte. Refused is what two servers may read differently: a segment that leaves
 * its parent, a broken escape, a fragment.
 */
export function readTarget(url: string, host: string | undefined): Target | null {
  let path = url;
  let for_ = host ?? "";
  if (url.charCodeAt(0) !== 0x2f) {
    // Absolute form (§3.2.2): its authority counts, not Host. Anything else but a path has no meaning here.
    const absolute = /^https?:\/\/([^/?#]+)(.*)$/i.exec(url);
    if (absolute === null) return null;
    for_ = absolute[1] ?? "";
    path = absolute[2] ?? "";
    if (path.charCodeAt(0) !== 0x2f) path = `/${path}`;
  }
  if (!authority.test(for_)) return null;
  if (path.includes("#")) return null;
  if (path.includes("..") || path.includes("%")) {
    const end = path.indexOf("?");
    const plain = end < 0 ? path : path.slice(0, end);
    if (parentSegment.test(plain) || /%(?![0-9a-f]{2})|%00/i.test(plain)) return null;
  }
  return { path, host: for_ };
}
