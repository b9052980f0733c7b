import stringWidth from "string-width";
import { expect, test } from "vitest";
import { clean, fit, joinParts, labelled, left, right, spread, widthOf, wrap } from "./line.ts";
import { themeFor } from "./theme.ts";

const control = "\u001B";

test("what comes from outside cannot reach the terminal", () => {
  expect(clean(`a${control}[2Jb${control}]0;title\u0007c\r\nd\u0000\u202Ee`)).toBe("abc de");
});

test("the quick width agrees with the thorough one", () => {
  const samples = [
    "plain",
    "▁▂▃▄▅▆▇█",
    "━╸─",
    "✓ ✗ ▸ · – − ≥ … ×",
    "→ µs",
    "日本語",
    "🚀 ok",
    "👩‍👩‍👧",
    "é",
    "\u00AD",
    "⌚",
    "◾",
    "❤️",
  ];
  for (const sample of samples) expect([sample, widthOf(sample)]).toEqual([sample, stringWidth(sample)]);
  const every = Array.from({ length: 0x2800 - 0x20 }, (_, code) => `a${String.fromCodePoint(code + 0x20)}b`);
  expect(every.filter((text) => widthOf(text) !== stringWidth(text))).toEqual([]);
});

test("colour takes no room", () => {
  expect(widthOf(themeFor(true).bad("✗ failed"))).toBe(8);
});

test("text is cut to the column, whatever the width of its characters", () => {
  expect(fit("service-with-a-long-name", 10)).toBe("service-w…");
  expect(fit("日本語日本語", 7)).toBe("日本語…");
  expect(fit("abc", 3)).toBe("abc");
  expect(fit("abc", 0)).toBe("");
  expect(widthOf(fit(themeFor(true).bad("a long failure text"), 8))).toBe(8);
});

test("cells are filled to their width on either side", () => {
  expect(left("ab", 4)).toBe("ab  ");
  expect(right("ab", 4)).toBe("  ab");
  expect(right("abcdef", 4)).toBe("abc…");
});

test("two texts share a line, and the first gives way", () => {
  expect(spread("left", "right", 14)).toBe("left     right");
  expect(spread("a long text on the left", "right", 16)).toBe("a long t…  right");
  expect(spread("a long text", "right", 10)).toBe("a long te…");
});

test("long text is broken at words, and one word longer than the line within", () => {
  expect(wrap("one two three", 9, 2)).toEqual(["  one two", "  three"]);
  expect(wrap("x".repeat(20), 12, 2)).toEqual([`  ${"x".repeat(10)}`, `  ${"x".repeat(10)}`]);
  expect(labelled(" ! ", "one two three", 3, 11)).toEqual([" ! one two", "   three"]);
});

test("a list is broken between its parts", () => {
  expect(wrap(joinParts(["kept waiting 0.3 %", "steal 0 %"]), 24, 0)).toEqual(["kept waiting 0.3 % ·", "steal 0 %"]);
});
