import { describe, expect, it } from "vitest";
import type { Summary } from "../../measure/summary.ts";
import { gracefulCheck, judgeRefusal, type RefusalFacts } from "./refusal.ts";

const seen: RefusalFacts = {
  established: { connections: 20, requests: 100, answered: 90, refused: 10, wrong: 0, broken: 0, slowestMs: 900 },
  fresh: { requests: 50, answered: 10, refused: 40, wrong: 0, slowestMs: 100 },
  health: { path: "/healthz", requests: 25, answered: 25, slowestMs: 10 },
  examples: ["what was seen"],
};

function load(failures: Record<string, number>, failedChecks: number): Pick<Summary, "failures" | "root_group"> {
  return {
    failures: Object.entries(failures).map(([name, count]) => ({ class: name, count, example: "" })),
    root_group: {
      name: "",
      path: "",
      id: "",
      groups: [],
      checks: [{ name: gracefulCheck, path: "", id: "", passes: 1000, fails: failedChecks }],
    },
  };
}

describe("a refusal", () => {
  it("is graceful where every one says so, those there before stay, and health answers", () => {
    const judged = judgeRefusal(seen, load({ "status-5xx": 700, refused: 300 }, 300));
    expect([judged.verdict, judged.reasons]).toEqual(["graceful", []]);
    expect(judged.text).toMatch(
      /^1,000 requests were refused properly; 20 connections from before stayed, \/healthz answered 25/,
    );
    expect(judgeRefusal(seen, load({}, 0)).text).toMatch(/^nothing had to be refused/);
  });

  it.each<[string, Partial<RefusalFacts>, Record<string, number>, number, RegExp]>([
    ["a 503 without Retry-After", {}, { "status-5xx": 700 }, 3, /^3 answers of the load were errors other than/],
    ["a timeout", {}, { timeout: 2 }, 2, /^2 requests of the load .* \(timeout\)/],
    ["a reset", {}, { reset: 1 }, 1, /\(reset\)/],
    [
      "a connection from before that is cut",
      { established: { ...seen.established, broken: 1 } },
      {},
      0,
      /^1 connections .* were cut/,
    ],
    ["no answer on such a connection", { established: { ...seen.established, wrong: 4 } }, {}, 0, /^4 requests over connections/],
    ["a new connection that hangs", { fresh: { ...seen.fresh, wrong: 2 } }, {}, 0, /^2 new connections/],
    ["health that is silent once", { health: { ...seen.health, answered: 24 } }, {}, 0, /^\/healthz did not answer 1 of 25/],
  ])("is not with %s", (_, facts, failures, failedChecks, reason) => {
    const judged = judgeRefusal({ ...seen, ...facts }, load(failures, failedChecks));
    expect(judged.verdict).toBe("not-graceful");
    expect(judged.reasons[0]).toMatch(reason);
    expect(judged.reasons.at(-1)).toBe("for example: what was seen");
  });

  it("cannot be told where this machine had no port left to ask with", () => {
    const judged = judgeRefusal(seen, load({ "local-limit": 40, refused: 3 }, 43));
    expect([judged.verdict, judged.text]).toEqual(["undecided", expect.stringMatching(/^40 connections were never asked for/)]);
    expect(judgeRefusal(seen, load({ "local-limit": 40, reset: 1 }, 41)).verdict).toBe("not-graceful");
  });

  it("cannot be told where nothing was seen", () => {
    const none = { ...seen, fresh: { ...seen.fresh, requests: 0 } };
    expect(judgeRefusal(none, load({}, 0)).verdict).toBe("undecided");
  });
});
