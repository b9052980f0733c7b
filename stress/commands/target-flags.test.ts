import { expect, test } from "vitest";
import { asTyped } from "./target-flags.ts";

test.for<[string | null, string | null]>([
  ["/home/me/plimsoll/.plimsoll/ca.pem", ".plimsoll/ca.pem"],
  ["/home/me/other/ca.pem", "/home/me/other/ca.pem"],
  ["/etc/plimsoll/ca.pem", "/etc/plimsoll/ca.pem"],
  [null, null],
])("a CA's file %s is %s in a summary", ([file, typed]) => {
  expect(asTyped(file, "/home/me/plimsoll")).toBe(typed);
});
