import { describe, expect, test } from "vitest";
import type { SearchEvent } from "../measure/search-event.ts";
import { exampleSummary } from "../report/example-summary.ts";
import { exampleSearch } from "../screen/example-search.ts";
import { widthOf } from "../screen/line.ts";
import { themeFor } from "../screen/theme.ts";
import { searchFrame } from "./search-frame.ts";
import { advanceSearch, createSearchFeed, initialSearch } from "./search-state.ts";

const { events } = exampleSearch(exampleSummary({ model: "open" }));

function frame(count: number, columns = 80, rows = 24, more: readonly SearchEvent[] = []): string[] {
  const state = [...events.slice(0, count), ...more].reduce((each, event) => advanceSearch(each, event, 0), initialSearch);
  return searchFrame(state, 7000, rows, { width: columns, theme: themeFor(false) });
}

describe("the live screen of a search", () => {
  test("shows what is tried, where the capacity lies, and the levels so far", () => {
    expect(frame(42)).toEqual([
      " plimsoll  throughput  https://localhost:9443/health             node · 2 cores",
      "",
      " ▸ bisecting at 1,234/s                                        probe 11 · 00:07",
      " this probe   ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━───────────────────────────",
      " capacity     holds 1,131/s · breaks 1,345/s · 18.9 % apart",
      "              50.0/s ✓─────────✓─────────✓────────✓─────────✓────✓▾─✗─✗ 1,600/s",
      "",
      " now          offered/s –   answered/s –   failed –   dropped –",
      " response     p50        –   p95        –   p99        –",
      "",
      "    levels         p50     p95     p99 failed dropped proxy   MiB",
      "   1,600/s ✗✗   180 ms  396 ms  540 ms      0       0  0.98 120.0",
      "   1,345/s ✗✗   180 ms  396 ms  540 ms      0       0  0.98 120.0",
      "   1,131/s ✓   11.1 ms 24.4 ms 33.3 ms      0       0  0.87 120.0",
      "     800/s ✓   6.45 ms 14.2 ms 19.3 ms      0       0  0.62 120.0",
      "     400/s ✓   4.81 ms 10.6 ms 14.4 ms      0       0  0.31 120.0",
      "     200/s ✓   4.35 ms 9.57 ms 13.0 ms      0       0  0.15 120.0",
      "     100/s ✓   4.16 ms 9.16 ms 12.5 ms      0       0  0.08 120.0",
      "    50.0/s ✓   4.08 ms 8.97 ms 12.2 ms      0       0  0.04 120.0",
      "",
      " Ctrl-C ends the search and still prints what was found",
    ]);
  });

  test.each([
    [80, 24],
    [120, 40],
    [60, 16],
    [40, 10],
    [20, 5],
  ])("at %d×%d no line is too wide and one line is left, at every event", (columns, rows) => {
    for (let count = 0; count <= events.length; count++) {
      const lines = frame(count, columns, rows);
      expect(lines.length).toBeLessThan(rows);
      for (const line of lines) expect(widthOf(line)).toBeLessThanOrEqual(columns);
    }
  });

  test("keeps the levels nearest to the probe where not all have room, and says how many are missing", () => {
    const lines = frame(60, 80, 20);
    expect(lines.some((line) => line.includes("1,302/s ✗"))).toBe(true);
    expect(lines.some((line) => /^ {4}50\.0\/s ✓ /.test(line))).toBe(false);
    expect(lines).toContainEqual(expect.stringMatching(/^ … and \d+ further away$/));
  });

  test("tells that the target rests, and the latest warning", () => {
    const lines = frame(5, 80, 24, [
      { type: "warning", message: "waiting for the target: connection refused" },
      { type: "cool-down", lastsMs: 3000 },
    ]);
    expect(lines[2]).toContain("▸ letting the target rest");
    expect(lines).toContain(" ! waiting for the target: connection refused");
  });

  test("says that it stops once it was asked to", () => {
    const feed = createSearchFeed(() => 0);
    for (const event of events.slice(0, 9)) feed.push(event);
    feed.interrupt();
    const lines = searchFrame(feed.look().state, 0, 24, { width: 80, theme: themeFor(false) });
    expect(lines.at(-1)).toBe(" ! stopping: open requests finish first; Ctrl-C again stops at once");
  });
});
