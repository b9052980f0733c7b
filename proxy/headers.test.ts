import { BlockList } from "node:net";
import { expect, test } from "vitest";
import { requestHeaders, responseHeaders } from "./headers.ts";
import { createPeers, Peer } from "./peer.ts";

const stranger = new Peer("198.51.100.9", false, "https");
const proxy = new Peer("10.0.0.1", true, "https");

/** Names and values by turns, as an object. */
function object(flat: readonly string[]): Record<string, string> {
  expect(flat.length % 2).toBe(0);
  const headers: Record<string, string> = {};
  for (let i = 0; i < flat.length; i += 2) {
    const name = String(flat[i]);
    expect(headers[name]).toBeUndefined();
    headers[name] = String(flat[i + 1]);
  }
  return headers;
}

const sent = (received: Record<string, string>, peer = stranger, host = "edge.test") =>
  object(requestHeaders(Object.entries({ Host: host, ...received }).flat(), received.connection, host, peer, "id-1"));

test("what concerns the client's connection does not pass", () => {
  const headers = sent({
    connection: "keep-alive, x-private",
    "x-private": "1",
    "keep-alive": "timeout=5",
    te: "trailers",
    trailer: "x-sum",
    "transfer-encoding": "chunked",
    upgrade: "h2c",
    "proxy-authorization": "Basic c2VjcmV0",
    "proxy-connection": "keep-alive",
    expect: "100-continue",
    accept: "text/html",
  });
  expect(Object.keys(headers).sort()).toEqual(
    [
      "accept",
      "forwarded",
      "via",
      "x-forwarded-for",
      "x-forwarded-host",
      "x-forwarded-proto",
      "x-real-ip",
      "x-request-id",
    ].sort(),
  );
});

test("a client cannot take our headers away by naming them in Connection", () => {
  const headers = sent({ connection: "close, X-Forwarded-For, X-Real-IP, Forwarded, Via, X-Request-Id" });
  expect(headers).toMatchObject({
    "x-forwarded-for": "198.51.100.9",
    "x-real-ip": "198.51.100.9",
    via: "1.1 plimsoll",
    "x-request-id": "id-1",
  });
});

test("what a stranger says about the client is overwritten", () => {
  const lies = {
    "x-forwarded-for": "1.1.1.1",
    "x-forwarded-proto": "http",
    "x-forwarded-host": "evil",
    "x-real-ip": "1.1.1.1",
    forwarded: "for=1.1.1.1",
  };
  expect(sent(lies)).toMatchObject({
    "x-forwarded-for": "198.51.100.9",
    "x-forwarded-proto": "https",
    "x-forwarded-host": "edge.test",
    "x-real-ip": "198.51.100.9",
    forwarded: 'for=198.51.100.9;host="edge.test";proto=https',
  });
});

test("what a trusted proxy says about the client is kept and added to", () => {
  const told = { "x-forwarded-for": "1.1.1.1", "x-forwarded-proto": "http", "x-real-ip": "1.1.1.1", forwarded: "for=1.1.1.1" };
  expect(sent(told, proxy)).toMatchObject({
    "x-forwarded-for": "1.1.1.1, 10.0.0.1",
    "x-forwarded-proto": "http",
    "x-real-ip": "1.1.1.1",
    forwarded: 'for=1.1.1.1, for=10.0.0.1;host="edge.test";proto=https',
  });
});

test("a client certificate header never comes from outside, not even through a trusted proxy", () => {
  const headers = sent({ "client-cert": ":x:", "x-client-cert": "x", "x-forwarded-client-cert": "x" }, proxy);
  expect(Object.keys(headers).filter((name) => name.includes("client-cert"))).toEqual([]);
});

test("quotes in Host cannot break out of the Forwarded element", () => {
  expect(sent({}, stranger, 'a";for=1.1.1.1;x="').forwarded).toBe('for=198.51.100.9;host="a;for=1.1.1.1;x=";proto=https');
});

test("what passes keeps its spelling, order and repetitions", () => {
  const received = ["Host", "edge.test", "X-B", "1", "cOOKIE", "a=1", "X-B", "2", "cookie", "b=2"];
  const flat = requestHeaders(received, undefined, "edge.test", stranger, "id-1");
  expect(flat.slice(0, 8)).toEqual(["X-B", "1", "cOOKIE", "a=1", "X-B", "2", "cookie", "b=2"]);
});

test("Connection cannot take the length of the body away", () => {
  expect(sent({ connection: "content-length", "content-length": "5" })).toMatchObject({ "content-length": "5" });
});

test("repeated forwarding headers of a trusted proxy become one chain", () => {
  const received = ["X-Forwarded-For", "1.1.1.1", "x-forwarded-for", "2.2.2.2", "Via", "1.0 a", "via", "1.1 b"];
  expect(object(requestHeaders(received, undefined, "edge.test", proxy, "id-1"))).toMatchObject({
    "x-forwarded-for": "1.1.1.1, 2.2.2.2, 10.0.0.1",
  });
});

test("what concerns the upstream's connection does not reach the client", () => {
  const headers = responseHeaders(
    {
      connection: "close, x-hop, content-length",
      "x-hop": "1",
      "keep-alive": "timeout=5",
      "transfer-encoding": "chunked",
      "proxy-authenticate": "Basic",
      etag: "x",
      "set-cookie": ["a=1", "b=2"],
    },
    200,
    false,
  );
  expect(headers).toEqual(["etag", "x", "set-cookie", "a=1", "set-cookie", "b=2"]);
});

test("a status without content has no length", () => {
  expect(responseHeaders({ "content-length": "5" }, 204, false)).toEqual([]);
  expect(responseHeaders({ "content-length": "5" }, 304, false)).toEqual(["content-length", "5"]);
});

test("security headers are added over TLS, and an upstream's own choice is kept", () => {
  expect(object(responseHeaders({ "x-frame-options": "SAMEORIGIN" }, 200, true))).toEqual({
    "x-frame-options": "SAMEORIGIN",
    "strict-transport-security": "max-age=31536000",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
  });
});

test.each([
  ["::ffff:192.0.2.1", "192.0.2.1", 'for=192.0.2.1;host="a";proto=https', true],
  ["192.0.2.1", "192.0.2.1", 'for=192.0.2.1;host="a";proto=https', true],
  ["2001:db8::1", "2001:db8::1", 'for="[2001:db8::1]";host="a";proto=https', false],
])("peer %s is %s", (remoteAddress, address, forwarded, trusted) => {
  const trustedProxies = new BlockList();
  trustedProxies.addAddress("192.0.2.1");
  const socket = { remoteAddress } as Parameters<ReturnType<typeof createPeers>>[0];
  const peerOf = createPeers(trustedProxies, "https");
  const peer = peerOf(socket);
  expect(peer).toMatchObject({ address, trusted });
  expect([peer.forwarded("a"), peer.forwarded("a")]).toEqual([forwarded, forwarded]);
  expect(peerOf(socket)).toBe(peer);
});
