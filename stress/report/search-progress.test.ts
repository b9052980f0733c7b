import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import { exampleSearch } from "../screen/example-search.ts";
import { exampleSummary } from "./example-summary.ts";
import { printSearch } from "./search-progress.ts";

async function* each<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items;
}

async function printed(events: Parameters<typeof each>[0]): Promise<string[]> {
  const out = new PassThrough();
  let text = "";
  out.setEncoding("utf8").on("data", (chunk: string) => {
    text += chunk;
  });
  await printSearch(each(events) as never, out, { width: 80, color: false, clock: () => 0 });
  return text.split("\n");
}

const { events } = exampleSearch(exampleSummary({ model: "open" }));

test("a line for the plan, one when a probe starts, one when it is judged with what broke, then the final screen", async () => {
  const lines = await printed(events);
  expect(lines.slice(0, 4)).toEqual([
    "00:00  plimsoll  search from 50.0/s to at most 100,000/s, to 3 %: probes of 10 s, confirmed over 1 min",
    "00:00  climbing at 50.0/s   (holds – · nothing broke yet)",
    "00:00  target https://localhost:9443/health",
    "00:00    ✓ 50.0/s  p50 4.08 ms  p95 8.97 ms  p99 12.2 ms  0 % failed  0 dropped  proxy 0.04 cores  backend 0.01 cores",
  ]);
  const failed = lines.findIndex((line) => line.includes("✗ 1,600/s"));
  expect(lines[failed + 1]).toBe("00:00      response_time: p(95)<250 (396.0)");
  expect(lines[failed + 2]).toMatch(/climbing at 1,600\/s, try 2 {3}\(holds 800\/s · nothing broke yet\)/);
  expect(lines.some((line) => line.startsWith(" ✓ PASSED"))).toBe(true);
});

test("a warning is told once, however often it comes, and without control characters", async () => {
  const warning = { type: "warning" as const, message: "waiting\u001B[2J for the target" };
  const lines = await printed([warning, warning]);
  expect(lines.filter((line) => line === "00:00  warning: waiting for the target")).toHaveLength(1);
});
