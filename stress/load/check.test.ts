import { describe, expect, it } from "vitest";
import type { Check } from "../profile/profile.ts";
import { ResponseChecks, valueAtPath } from "./check.ts";
import { ResponseParser } from "./parser.ts";

/** Whether the check holds for a response whose body comes in pieces cut at `cuts`. */
function holds(check: Check, body: string, cuts: readonly number[] = [], headers = ""): boolean {
  const checks = new ResponseChecks([check]);
  const parser = new ResponseParser(checks);
  const text = Buffer.from(body);
  const head = Buffer.from(`HTTP/1.1 200 OK\r\n${headers}Content-Length: ${text.length}\r\n\r\n`);
  parser.reset(false);
  checks.begin();
  parser.push(head, head.length);
  let from = 0;
  for (const to of [...cuts, text.length]) {
    parser.push(text.subarray(from, to), to - from);
    from = to;
  }
  const [passes, fails] = [[0], [0]];
  checks.finish(200, passes, fails);
  expect((passes[0] ?? 0) + (fails[0] ?? 0)).toBe(1);
  return passes[0] === 1;
}

describe("a substring", () => {
  it.each([
    ["aab", "aaab", true],
    ["abab", "abaabab", true],
    ["status", 'x"statusx', true],
    ["größe", "die größe", true],
    ["status", "statu", false],
    ["abc", "ababab", false],
    ["", "", true],
  ])("%j in %j, in every split: %s", (contains, body, expected) => {
    const check: Check = { kind: "body", name: "c", contains };
    const length = Buffer.byteLength(body);
    for (let cut = 0; cut <= length; cut++) expect(holds(check, body, [cut])).toBe(expected);
    expect(
      holds(
        check,
        body,
        Array.from({ length }, (_, i) => i),
      ),
    ).toBe(expected);
  });

  it("is not found across two responses", () => {
    const checks = new ResponseChecks([{ kind: "body", name: "c", contains: "abcd" }]);
    const [passes, fails] = [[0], [0]];
    for (const part of ["ab", "cd"]) {
      checks.begin();
      checks.onBody(Buffer.from(part), 0, 2);
      checks.finish(200, passes, fails);
    }
    expect([passes, fails]).toEqual([[0], [2]]);
  });
});

it.each([
  ["a.b", 1, true],
  ["items[1].id", "x", true],
  ["items[2].id", "x", false],
  ["missing", null, false],
  ["object", { p: 1, q: [2] }, true],
  ["object", { q: [2], p: 1 }, true],
])("json %s is %j: %s", (path, equals, expected) => {
  const body = '{"a":{"b":1},"items":[{"id":"w"},{"id":"x"}],"object":{"p":1,"q":[2]}}';
  expect(holds({ kind: "json", name: "c", path, equals } as Check, body, [7])).toBe(expected);
});

it("finds no value that an object only inherits", () => {
  expect(valueAtPath({ a: 1 }, "constructor")).toBeUndefined();
});

it("a header's name has no case, its value has", () => {
  const check: Check = { kind: "header", name: "c", header: "x-kind", contains: "Blue" };
  expect(holds(check, "", [], "X-KIND: deepBlue\r\n")).toBe(true);
  expect(holds(check, "", [], "X-Kind: blue\r\n")).toBe(false);
});
