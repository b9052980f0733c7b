import { describe, expect, test } from "vitest";
import { exampleProfile } from "../report/example-summary.ts";
import type { Profile, RequestSpec } from "./profile.ts";
import { redactProfile } from "./redact.ts";
import { bodyHash, configHash, hidesSent, loadHash } from "./sent.ts";

function profileOf(request: Partial<RequestSpec>, more: Partial<Profile> = {}): Profile {
  const profile = exampleProfile();
  return { ...profile, requests: profile.requests.map((each) => ({ ...each, ...request })), ...more };
}

const plain = profileOf({ path: "/search?q=a" });

describe("the digest of what is sent", () => {
  test.each<[string, Profile]>([
    ["a value that is hidden", profileOf({ path: "/search?q=b" })],
    ["a value in a header", profileOf({ path: "/search?q=a", headers: [["Referer", "/?q=b"]] })],
    ["a body", profileOf({ path: "/search?q=a", body: "x" })],
    ["a file's contents", profileOf({ path: "/search?q=a", bodyFile: "a.json", bodySha256: "1" })],
    ["a class", profileOf({ path: "/search?q=a" }, { classes: [{ name: "a", weight: 1, thinkTime: null }] })],
    ["a stream", profileOf({ path: "/search?q=a" }, { stream: { kind: "sse", silenceMs: 1, reconnectMs: 1, intervalMs: 1 } })],
  ])("tells %s apart", (_, other) => {
    expect(loadHash(other)).not.toBe(loadHash(plain));
    expect(configHash(other)).not.toBe(configHash(plain));
  });

  test.each<[string, Partial<RequestSpec>, Partial<RequestSpec>]>([
    ["under its name", { path: "/a?pin=1234" }, { path: "/a?pin=1235" }],
    ["within another value", { path: "/a?to=/b?token=x" }, { path: "/a?to=/b?token=y" }],
    ["in a header", { headers: [["Authorization", "Basic YTpi"]] }, { headers: [["Authorization", "Basic YTpj"]] }],
  ])("has no secret in it that could be guessed from it: %s", (_, one, other) => {
    expect(loadHash(profileOf(one))).toBe(loadHash(profileOf(other)));
    expect(configHash(profileOf(one))).toBe(configHash(profileOf(other)));
  });

  test("does not depend on how fast it is sent, nor to whom, nor on the order of settings", () => {
    const { requests, ...others } = plain;
    const reordered = { requests: requests.map((each) => Object.fromEntries(Object.entries(each).reverse())), ...others };
    expect(loadHash(reordered as Profile)).toBe(loadHash(plain));
    expect(loadHash({ ...exampleProfile("open"), requests })).toBe(loadHash(plain));
    expect(configHash({ ...exampleProfile("open"), requests })).not.toBe(configHash(plain));
  });
});

test("something is hidden where a value was redacted", () => {
  expect(hidesSent(redactProfile(plain))).toBe(true);
  expect(hidesSent(redactProfile(profileOf({ path: "/work?cpuUs=20" })))).toBe(false);
});

test("bodies have the digest of what they send, without their secrets", () => {
  const digest = (text: string) => bodyHash(Buffer.from(text));
  const rpc = (method: string) => `{"method":"${method}","_meta":{"progressToken":"a"}}`;
  expect(digest(rpc("tools/list"))).not.toBe(digest(rpc("tools/call")));
  expect(digest('{"code":"1+1"}')).not.toBe(digest('{"code":"for(;;){}"}'));
  expect(digest('{"keys":["a"],"limit":100}')).not.toBe(digest('{"keys":["a"],"limit":900}'));
  expect(digest('{"user":"bob","pin":"4821"}')).toBe(digest('{"user":"bob","pin":"1234"}'));
  expect(bodyHash(Buffer.from([0xff, 1]))).not.toBe(bodyHash(Buffer.from([0xff, 2])));
});
