import { BlockList } from "node:net";
import { expect, test } from "vitest";
import { createPeers, type Peer, requestHeaders, responseHeaders } from "./headers.ts";

const stranger: Peer = { address: "198.51.100.9", trusted: false, forwardedFor: "198.51.100.9" };
const proxy: Peer = { address: "10.0.0.1", trusted: true, forwardedFor: "10.0.0.1" };

const sent = (received: Record<string, string>, peer = stranger) =>
  requestHeaders({ host: "edge.test", ...received }, peer, "https", "id-1");

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
  expect(sent({ host: 'a";for=1.1.1.1;x="' }).forwarded).toBe('for=198.51.100.9;host="a;for=1.1.1.1;x=";proto=https');
});

test("what concerns the upstream's connection does not reach the client", () => {
  const headers = responseHeaders(
    {
      connection: "close, x-hop",
      "x-hop": "1",
      "keep-alive": "timeout=5",
      "transfer-encoding": "chunked",
      "proxy-authenticate": "Basic",
      etag: "x",
    },
    false,
  );
  expect(headers).toEqual({ etag: "x" });
});

test("security headers are added over TLS, and an upstream's own choice is kept", () => {
  expect(responseHeaders({ "x-frame-options": "SAMEORIGIN" }, true)).toEqual({
    "x-frame-options": "SAMEORIGIN",
    "strict-transport-security": "max-age=31536000",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
  });
});

test.each([
  ["::ffff:192.0.2.1", "192.0.2.1", "192.0.2.1", true],
  ["192.0.2.1", "192.0.2.1", "192.0.2.1", true],
  ["2001:db8::1", "2001:db8::1", '"[2001:db8::1]"', false],
])("peer %s is %s", (remoteAddress, address, forwardedFor, trusted) => {
  const trustedProxies = new BlockList();
  trustedProxies.addAddress("192.0.2.1");
  const socket = { remoteAddress } as Parameters<ReturnType<typeof createPeers>>[0];
  expect(createPeers(trustedProxies)(socket)).toEqual({ address, forwardedFor, trusted });
});
