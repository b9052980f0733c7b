import { describe, expect, test } from "vitest";
import { exampleSummary } from "../../report/example-summary.ts";
import { exampleSearch } from "../example-search.ts";
import { widthOf } from "../line.ts";
import { themeFor } from "../theme.ts";
import { levelBlock, searchBlock } from "./search.ts";

const open = exampleSummary({ model: "open" });
const view = (width: number) => ({ width, theme: themeFor(false) });

test("a run that was no search has no such block", () => {
  expect([...searchBlock(open, view(80)), ...levelBlock(open, view(80))]).toEqual([]);
});

describe("a finished search", () => {
  const { summary } = exampleSearch(open);

  test("says what is carried, where the capacity is, what broke and why", () => {
    const lines = searchBlock(summary, view(80));
    expect(lines[0]).toMatch(/^ capacity {5}1,2\d\d requests\/s {2}held for 1 min$/);
    expect(lines[1]).toMatch(/^ interval {5}1,2\d\d to 1,3\d\d requests\/s with 95 % confidence, from all probes$/);
    expect(lines[2]).toMatch(/^ broke first {2}response_time: p\(95\)<250 \(396\.0\) at 1,3\d\d\/s$/);
    expect(lines.slice(3, 5).join(" ").replace(/\s+/g, " ")).toMatch(
      /^ bottleneck target at 1,3\d\d\/s: proxy used 0\.98 cores: all that one event loop can$/,
    );
    expect(lines.at(-1)).toMatch(/^ search {7}\d+ probes in 06:10; below, the confirming run$/);
  });

  test("has a row for each level, the highest first, with a sign for each try", () => {
    const rows = levelBlock(summary, view(120)).slice(1, -1);
    const rates = rows.map((row) => Number(/([\d,.]+)\/s/.exec(row)?.[1]?.replaceAll(",", "")));
    expect(rates).toEqual(rates.toSorted((a, b) => b - a));
    expect(rows[0]).toBe("   1,600/s ✗✗   180 ms  396 ms  540 ms      0       0  0.98 120.0    0.33 70.0");
    expect(rows.filter((row) => row.includes("✓✓="))).toHaveLength(1);
  });

  test.each([40, 60, 80, 120, 200])(
    "is no wider than %d columns allow once it is fitted, and shows more services where there is room",
    (width) => {
      const [heading = ""] = levelBlock(summary, view(width));
      expect(heading.includes("proxy")).toBe(width >= 80);
      expect(heading.includes("backend")).toBe(width >= 120);
      if (width >= 60) expect(widthOf(heading)).toBeLessThanOrEqual(width);
    },
  );
});

describe("where not all services have room", () => {
  const { summary } = exampleSearch(open);
  const { levels = [], answer } = summary.search ?? {};
  /** The backend used most CPU where it broke, the proxy everywhere below. */
  const behind: typeof summary = structuredClone(summary);
  for (const { rate, services } of behind.search?.levels ?? []) {
    for (const each of services) if (rate === answer?.breaks?.rate) each.cpuCores = each.name === "backend" ? 0.97 : 0.4;
  }

  test("those come first that used most CPU where it broke", () => {
    expect(levels[0]?.services.map(({ name }) => name)).toEqual(["proxy", "backend"]);
    expect(levelBlock(summary, view(80))[0]).toMatch(/ proxy +MiB$/);
    expect(levelBlock(behind, view(80))[0]).toMatch(/ backend +MiB$/);
    expect(levelBlock(behind, view(120))[0]).toMatch(/ backend +MiB +proxy +MiB$/);
    const broke = levelBlock(behind, view(80)).find((line) =>
      line.includes(`${Math.round(answer?.breaks?.rate ?? 0).toLocaleString("en")}/s`),
    );
    expect(broke).toMatch(/ 0\.97 +70\.0$/);
  });

  test.each([
    [60, "… and backend, proxy: on a wider screen, and in the reports"],
    [80, "… and proxy: on a wider screen, and in the reports"],
  ])("at %d columns the others are named", (width, note) => {
    const lines = levelBlock(behind, view(width)).slice(0, -1);
    const from = lines.findIndex((line) => line.startsWith(" …"));
    expect(lines.slice(from).join("")).toBe(` ${note}`);
  });

  test("nobody is named where all have room", () => {
    expect(levelBlock(behind, view(120)).join("\n")).not.toContain("…");
  });
});

test("a floor is said to be one", () => {
  const lines = searchBlock(exampleSearch(open, { by: "generator" }).summary, view(80));
  expect(lines[0]).toMatch(/^ capacity {5}≥ 1,2\d\d requests\/s {2}held for 1 min; a floor, not a limit$/);
  expect(lines[1]).toMatch(/^ bottleneck {3}generator at 1,3\d\d\/s: pacer lag p\(99\) 12\.0 ms, above 5 ms$/);
});

test("a search cut short says what it knew", () => {
  const lines = searchBlock(exampleSearch(open, { most: 9 }).summary, view(80));
  expect(lines[0]).toBe(" capacity     not known: holds 1,131/s, breaks at 1,600/s");
  expect(lines.at(-1)).toBe(" search       9 probes in 06:10; below, the last probe");
});
