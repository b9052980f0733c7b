import { describe, expect, test } from "vitest";
import type { Summary } from "../measure/summary.ts";
import { exampleSearch } from "../screen/example-search.ts";
import { formatRate } from "../screen/format.ts";
import { type ExampleOptions, exampleSummary } from "./example-summary.ts";
import { headlineOf, untold } from "./headline.ts";

function changed(options: ExampleOptions, change: (summary: Summary) => void): Summary {
  const summary = exampleSummary(options);
  change(summary);
  return summary;
}

function rampThatHeld(heldAt: number | null, outcome: ExampleOptions["outcome"] = "failed"): Summary {
  return changed({ outcome, model: "closed" }, (summary) => {
    const breakingPoint = { verdict: "found" as const, heldAt, brokeAt: 1000, levels: [], text: "" };
    summary.plan = { plan: "gateway", title: "Ramp", mode: "full", breakingPoint };
    if (heldAt === null) Object.assign(summary.capacity, { sustainedRps: null, sustainedAt: null });
  });
}

describe("what a run found, in a sentence", () => {
  test.each<[string, Summary, string]>([
    ["a pass carries its plateau", exampleSummary(), "It carries 2,400 requests a second"],
    [
      "a failure carried it, but",
      exampleSummary({ outcome: "failed" }),
      "It carried 2,400 requests a second, but not as it should",
    ],
    ["an invalid run says nothing", exampleSummary({ outcome: "invalid" }), "What it carries cannot be told from this run"],
    [
      "an interrupted one says until when",
      exampleSummary({ outcome: "interrupted" }),
      "It carried 2,400 requests a second until it was interrupted",
    ],
    ["a checkpoint is about so far", { ...exampleSummary(), partial: true }, "So far, it carried 2,400 requests a second"],
    [
      "a floor is at least",
      changed({}, ({ capacity }) => {
        capacity.kind = "floor";
      }),
      "It carries at least 2,400 requests a second",
    ],
    [
      "without a plateau the average stands in",
      changed({}, ({ capacity }) => {
        capacity.sustainedRps = null;
      }),
      "It carries 2,000 requests a second",
    ],
    [
      "an undecided run says so",
      changed({}, ({ results }) => {
        results.verdict = "undecided";
      }),
      "It carried 2,400 requests a second; whether well enough is undecided",
    ],
    [
      "a run without a request carried none",
      changed({}, ({ metrics }) => {
        metrics.http_reqs = { type: "counter", contains: "default", values: { count: 0, rate: 0 } };
      }),
      "No request was made",
    ],
    [
      "nor does a summary without metrics",
      changed({}, (summary) => {
        summary.metrics = {};
      }),
      "No request was made",
    ],
    ["a ramp of which no level held carries nothing that could be named", rampThatHeld(null), "No level was held"],
    ["nor does one that cannot be judged", rampThatHeld(null, "invalid"), "What it carries cannot be told from this run"],
    ["a ramp carries its highest level that held", rampThatHeld(500, "passed"), "It carries 2,400 requests a second"],
  ])("%s", (_, summary, sentence) => {
    expect(headlineOf(summary).sentence).toBe(sentence);
  });
});

describe("the conditions of that figure", () => {
  test("name the plateau, the average, and what gave way with its evidence", () => {
    expect(headlineOf(exampleSummary()).detail).toBe(
      "Held at 50 users; 2,000 on average over the whole load of 4 min. What gave way first: the target. " +
        "Proxy used 1.02 cores: all that one event loop can.",
    );
  });

  test("are the average alone where no level held", () => {
    expect(headlineOf(rampThatHeld(null)).detail).toMatch(/^2,000 requests a second on average over the whole load of 4 min\./);
  });

  test("do not tell evidence again that is a reason of the verdict", () => {
    const summary = exampleSummary();
    summary.results.reasons = [...summary.capacity.evidence];
    expect(headlineOf(summary).detail).toMatch(/What gave way first: the target\.$/);
  });

  test("of a pass in which nothing gave way invite to more; of a failure they do not", () => {
    const none = { bottleneck: "none" as const, evidence: ["neither ran out of CPU"] };
    const passed = changed({}, (summary) => Object.assign(summary.capacity, none));
    const failed = changed({ outcome: "failed" }, (summary) => Object.assign(summary.capacity, none));
    expect(headlineOf(passed).detail).toContain("Nothing gave way: it may carry more. Neither ran out of CPU.");
    expect(headlineOf(failed).detail).toMatch(/4 min\. Neither ran out of CPU\.$/);
  });

  test("of a run that cannot be judged name no bottleneck", () => {
    expect(headlineOf(exampleSummary({ outcome: "invalid" })).detail).not.toContain("gave way");
  });
});

describe("a search is headed by its answer", () => {
  const open = exampleSummary({ model: "open" });
  const answered = (by: "target" | "generator") => headlineOf(exampleSearch(open, { by }).summary);

  test("the confirmed rate with its interval, then what broke first and what was exhausted", () => {
    const { sentence, detail } = answered("target");
    expect(sentence).toMatch(/^It carries 1,2\d\d requests a second \(1,2\d\d to 1,3\d\d, 95 %\)$/);
    expect(detail).toMatch(
      /^Confirmed over 1 min\. First to break: response_time: p\(95\)<250 \(396\.0\) at 1,3\d\d requests\/s\. Exhausted there: proxy used 0\.98 cores: all that one event loop can\.$/,
    );
  });

  test.each([
    ["none", "host CPU 82 % busy on 2 cores", "Nothing that was looked at was exhausted there: host CPU 82 % busy on 2 cores."],
    ["unknown", "no resources were sampled", "What was exhausted there is not known: no resources were sampled."],
  ] as const)("without calling exhausted what was not: %s", (kind, evidence, sentence) => {
    const { summary } = exampleSearch(open);
    const { search } = summary;
    if (search?.bottleneck) search.bottleneck = { ...search.bottleneck, kind, evidence: [evidence] };
    expect(headlineOf(summary).detail).toMatch(new RegExp(` requests/s\\. ${sentence.replaceAll(".", "\\.")}$`));
  });

  test("a floor is at least that, and told by whose limit", () => {
    const { sentence, detail } = answered("generator");
    expect(sentence).toMatch(/^It carries at least 1,2\d\d requests a second$/);
    expect(detail).toMatch(/^Confirmed over 1 min\. Exhausted at 1,3\d\d requests\/s: pacer lag p\(99\) 12\.0 ms, above 5 ms\.$/);
  });

  test.each([
    [9, "The highest load that a probe held: 1,131 requests/s. First to break: response_time: p(95)<250 (396.0) at 1,600 req"],
    [1, "The highest load that a probe held: 50.0 requests/s."],
    [0, ""],
  ])("without an answer after %d probes it says why, and no rate of a probe as if it were carried", (most, detail) => {
    const { summary } = exampleSearch(open, { most });
    const headline = headlineOf(summary);
    expect(headline.sentence).toBe("What it carries was not found: interrupted before the search was over");
    expect(headline.detail.startsWith(detail)).toBe(true);
    expect(`${headline.sentence} ${headline.detail}`).not.toContain(formatRate(summary.capacity.averageRps));
  });

  test("no reason is told twice, and each once", () => {
    const { summary } = exampleSearch(open, { most: 1 });
    expect(untold([...summary.results.reasons, "a", "a"], headlineOf(summary).sentence)).toEqual(["a"]);
  });
});
