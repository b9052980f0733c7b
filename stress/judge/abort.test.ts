import { describe, expect, it } from "vitest";
import { UsageError } from "../profile/usage-error.ts";
import { AbortRule, parseAbort } from "./abort.ts";

describe("parseAbort", () => {
  it.each([
    ["http_req_failed: rate>0.5 for 30s", "http_req_failed", "rate>0.5", 30_000, "the usual form"],
    ["http_req_failed: rate > 0.5  for  1m30s ", "http_req_failed", "rate>0.5", 90_000, "spaces"],
    ["http_req_failed: rate>0.5", "http_req_failed", "rate>0.5", 0, "at once"],
    ["http_req_failed: rate>0.5 for 0s", "http_req_failed", "rate>0.5", 0, "at once, said so"],
    [
      "http_req_duration{route:/wait for 5s}: p(99)>5000 for 10s",
      "http_req_duration{route:/wait for 5s}",
      "p(99)>5000",
      10_000,
      "a route with the word in it",
    ],
    [
      "http_req_duration{route:/wait for 5s}: p(99)>5000",
      "http_req_duration{route:/wait for 5s}",
      "p(99)>5000",
      0,
      "only in the route",
    ],
  ])("reads %j: %s", (text, metric, expression, forMs) => {
    expect(parseAbort(text)).toEqual({ metric, expression, forMs });
  });

  it.each([
    ["http_req_failed: rate>0.5 for", "does not say for how long", "no time"],
    ["http_req_failed: rate>0.5 for 30", 'time after "for" "30" has no unit: write 30s', "a bare number"],
    ["http_req_failed: rate>0.5 for ever", 'time after "for" "ever" is not a duration', "no duration"],
    ["http_req_failed: rate>0.5 for 30s for 30s", 'time after "for" "30s for 30s" is not a duration', "twice"],
    ["http_req_failed for 30s", "is not METRIC: EXPRESSION", "no expression"],
    ["nothing: rate>0.5 for 30s", 'unknown metric "nothing"', "an unknown metric"],
    ["http_req_failed: p(95)>1 for 30s", "a rate accepts rate", "an aggregation that the metric lacks"],
  ])("refuses %j with %j: %s", (text, message) => {
    expect(() => parseAbort(text)).toThrow(UsageError);
    expect(() => parseAbort(text)).toThrow(message);
  });
});

describe("AbortRule", () => {
  /** Seconds at which the rule fires, given what holds at each second from 0. */
  const fires = (forMs: number, holds: string): number[] => {
    const rule = new AbortRule(forMs);
    return [...holds].flatMap((mark, second) => (rule.step(second * 1000, mark === "x") ? [second] : []));
  };

  it.each([
    [3_000, "xxxxxx", [3, 4, 5], "fires once it has held for the time, and as long as it holds"],
    [3_000, "..xxxx", [5], "counts from when it began to hold"],
    [3_000, "xxx.xxx.xxx", [], "a break starts the count anew"],
    [3_000, "xxx.xxxxx", [7, 8], "and it fires after the break all the same"],
    [3_000, "......", [], "never fires when nothing holds"],
    [0, "..x.x", [2, 4], "without a time it fires at once"],
  ])("for %d ms over %s: %j, %s", (forMs, holds, expected) => {
    expect(fires(forMs, holds)).toEqual(expected);
  });

  it("goes by the clock it is given, not by the number of steps", () => {
    const rule = new AbortRule(3_000);
    expect([0, 100, 200, 300, 400].map((atMs) => rule.step(atMs, true))).toEqual([false, false, false, false, false]);
    expect(rule.step(3_000, true)).toBe(true);
  });
});
