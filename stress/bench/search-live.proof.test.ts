import { describe, expect, test } from "vitest";
import type { SearchSummary } from "../measure/search-summary.ts";
import { TestCommand } from "../testing/command.ts";
import { type LimitedServer, limitedServer } from "../testing/limited-target.ts";

/**
 * Whole searches of real servers whose capacity is known to the request, at rates that leave the machine at rest. A machine that
 * is too busy to send on time makes the generator's limit the answer, which is honest and proves nothing: such a search is
 * skipped with its reason. What may never come is a wrong answer.
 */
const flags = ["--start", "120/s", "--probe", "5s", "--confirm", "15s", "--cool-down", "300ms", "--workers", "1", "--path", "/"];
const precision = 0.03;
/** A search takes three minutes; of each level there may be three tries. */
const timeout = 600_000;

async function searchOf(options: LimitedServer): Promise<{ search: SearchSummary; code: number | null; stdout: string }> {
  await using server = await limitedServer(options);
  await using command = new TestCommand(["search", "--base-url", server.url, ...flags]);
  const { code, stdout } = await command.ended();
  const { search } = command.summary("search-summary.json");
  if (search === undefined) throw new Error(`no search in the summary: ${stdout}`);
  return { search, code, stdout };
}

describe("a search of a real server finds its capacity", () => {
  test.for<[string, LimitedServer, number, RegExp]>([
    // One in a hundred may be refused: so much more than it admits does it carry.
    ["a token bucket of 300/s", { kind: "bucket", perSecond: 300, size: 15 }, 300 / 0.99, /^http_req_failed: rate<0.01$/],
    ["four places of 250/s together", { kind: "places", perSecond: 250, size: 4 }, 250, /^response_time|^stationary/],
    [
      "a server of 350/s that collapses above it",
      { kind: "collapse", perSecond: 350, size: 4 },
      350,
      /^response_time|^stationary/,
    ],
  ])("%s", { timeout }, async ([_, server, capacity, breaks], context) => {
    const { search, code, stdout } = await searchOf(server);
    const { kind, rate, interval } = search.answer;
    const disturbed = search.levels.filter(({ outcome }) => outcome === "generator").length;
    // Whatever the machine did, nothing that the server cannot carry is said to be held.
    expect(rate ?? 0, stdout).toBeLessThanOrEqual(capacity * (1 + precision));
    context.skip(kind !== "found" && disturbed > 0, `the machine was too busy: ${search.answer.reason}`);
    expect([kind, code], stdout).toEqual(["found", 0]);
    expect(rate, stdout).toBeGreaterThanOrEqual(capacity * (1 - precision));
    expect(interval?.low, stdout).toBeLessThanOrEqual(capacity * 1.005);
    expect(interval?.high, stdout).toBeGreaterThanOrEqual(capacity * 0.995);
    expect(search.brokeFirst?.objective, stdout).toMatch(breaks);
  });
});
