import { describe, expect, test } from "vitest";
import { useEdge } from "./testing/edge-case.ts";

const edge = useEdge();

const paths = [
  "/",
  "/a%20b",
  "/a%2fb",
  "/a%2Fb%5cc",
  "/a//b///c",
  "//evil.test/x",
  "///x",
  "/a/./b",
  "/.../x",
  "/..x/y..",
  "/a\\b",
  "/\\evil.test",
  "/http://evil.test/",
  "/a;v=1/b",
  "/a@b:c",
  "/a?b=../..&c=%zz",
  "/?//x",
  "/a%3Fb",
  "/a%23b",
  "/%252e%252e/x",
  "/*",
  "/:param",
  "/a?",
  "/%ff",
  "/%c0%ae",
  "/%e0%80%ae/x",
  "/%ed%a0%80",
];
const chunks = "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";

// An escape that is no UTF-8 is the upstream's business, too.
describe("a path passes byte for byte", () => {
  test.each(paths)("%s", async (path) => {
    expect((await edge.get(path)).status).toBe(200);
    expect(edge.requestLines).toEqual([`GET ${path} HTTP/1.1`]);
    expect(edge.sentHeaders).toContain(`host: 127.0.0.1:${edge.upstream.port}`);
    expect(edge.sentHeaders).toContain("x-forwarded-host: edge.test");
  });

  test("that of an upload in chunks, too", async () => {
    for (const path of paths) expect((await edge.send(`POST ${path} HTTP/1.1\r\nHost: edge.test\r\n${chunks}`)).status).toBe(200);
    expect(edge.requestLines).toEqual(paths.map((path) => `POST ${path} HTTP/1.1`));
  });
});

describe("a path that may lead above its parent: 400, nothing forwarded", () => {
  test.each([
    "/..",
    "/../x",
    "/a/../../x",
    "/a/..",
    "/%2e%2e/x",
    "/%2E%2E/x",
    "/.%2e/x",
    "/%2e./x",
    "/a/%2e%2e%2fx",
    "/a%2f..%2fx",
    "/a%2f%2e%2e",
    "/..%5cx",
    "/..\\x",
    "/a\\..\\x",
    "/a%5c..%5cx",
    "/a/..;/x",
    "/../x?a=b",
  ])("%s", (path) => edge.expectRefused(`GET ${path} HTTP/1.1\r\nHost: edge.test\r\n\r\n`, 400));
});

describe("a broken escape, or what should have been escaped: 400, never 500, nothing forwarded", () => {
  test.each(["/%", "/%z", "/%zz", "/%2", "/%2g", "/a%", "/%u0041", "/%00", "/a%00.html", "/caf\xe9"])("%s", (path) =>
    edge.expectRefused(`GET ${path}?token=hunter2 HTTP/1.1\r\nHost: edge.test\r\n\r\n`, 400),
  );
});

describe("the absolute form", () => {
  test.each([
    ["http://other.test/x?y", "/x?y", "other.test"],
    ["HTTPS://other.test:8443/x", "/x", "other.test:8443"],
    ["http://other.test", "/", "other.test"],
    ["http://other.test?y", "/?y", "other.test"],
    ["http://[::1]:80/x", "/x", "[::1]:80"],
    ["http://127.0.0.1:1/x", "/x", "127.0.0.1:1"],
  ])("%s goes to our upstream, for the host that it names", async (target, path, host) => {
    expect((await edge.get(target)).status).toBe(200);
    expect(edge.requestLines).toEqual([`GET ${path} HTTP/1.1`]);
    expect(edge.sentHeaders).toContain(`x-forwarded-host: ${host}`);
    expect(edge.sentHeaders).toContain(`host: 127.0.0.1:${edge.upstream.port}`);
  });

  test("of an upload in chunks, too", async () => {
    expect((await edge.send(`POST http://other.test/x HTTP/1.1\r\nHost: edge.test\r\n${chunks}`)).status).toBe(200);
    expect(edge.requestLines).toEqual(["POST /x HTTP/1.1"]);
    expect(edge.sentHeaders).toContain("x-forwarded-host: other.test");
  });

  test.each([
    "http:///x",
    "http:/x",
    "http:x",
    "ftp://other.test/x",
    "http://user@other.test/x",
    "http://user:secret@other.test/x",
    "http://other.test/../x",
    "http://other.test/%2e%2e/x",
    "http://other.test/#x",
    "file:///etc/passwd",
    "javascript:alert(1)",
    "other.test:443",
    "\\\\other.test\\x",
    "?x",
  ])("%s: 400, nothing forwarded", (target) => edge.expectRefused(`GET ${target} HTTP/1.1\r\nHost: edge.test\r\n\r\n`, 400));
});

test("a path in a redirect of the upstream is not rewritten", async () => {
  const location = "http://127.0.0.1:1/../x";
  edge.upstream.respond = () => `HTTP/1.1 302 Found\r\nLocation: ${location}\r\nContent-Length: 0\r\n\r\n`;
  expect((await edge.get("/")).headers.location).toEqual([location]);
});
