import { describe, expect, it, vi } from "vitest";
import { collectAtRest, RestWatch } from "./idle-collection.ts";

describe("rest after work", () => {
  it.each<[string, number[], boolean[]]>([
    ["comes with the second quiet look", [0.5, 0.001, 0.001, 0.001], [false, false, true, false]],
    ["comes again after work again", [0.5, 0, 0, 0.9, 0, 0], [false, false, true, false, false, true]],
    ["is not told of what never worked", [0, 0, 0, 0], [false, false, false, false]],
    ["does not come while there is a little to do", [0.5, 0.01, 0.001, 0.01, 0.001], [false, false, false, false, false]],
    ["is not made by health checks alone", [0.01, 0, 0], [false, false, false]],
  ])("%s", (_, looks, told) => {
    const watch = new RestWatch();
    expect(looks.map((utilization) => watch.step(utilization))).toEqual(told);
  });

  // How often is told above: in this process the runner itself works between rests.
  it("is found in a real loop", async () => {
    const collect = vi.fn();
    const end = collectAtRest({ everyMs: 40, collect });
    const untilMs = performance.now() + 100;
    while (performance.now() < untilMs);
    await vi.waitFor(() => expect(collect).toHaveBeenCalled(), { timeout: 20_000, interval: 200 });
    end();
  });
});
