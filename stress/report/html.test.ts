import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { type Summary, summarySchema } from "../measure/summary.ts";
import { exampleSeries } from "./example-series.ts";
import { exampleSummary, proxy } from "./example-summary.ts";
import { markupOf } from "./html/test-page.ts";
import { renderHtml } from "./html.tsx";

test("examples are summaries", () => {
  expect(() => summarySchema.parse(exampleSeries())).not.toThrow();
});

describe("one file that needs nothing else", () => {
  const page = renderHtml(exampleSeries());

  test("nothing in it is fetched", () => {
    const links = [...markupOf(page).matchAll(/\s(?:src|href|action|data)="([^"]*)"/g)].map(([, link]) => link ?? "");
    expect(links.filter((link) => !link.startsWith("#") && !link.startsWith("data:image/svg+xml"))).toEqual([]);
    expect(page).not.toMatch(/@import|url\(/);
  });

  test("the policy allows exactly the styles and scripts that are in it", () => {
    const policy = /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(page)?.[1]?.replaceAll("&#x27;", "'") ?? "";
    const directive = (name: string) =>
      policy
        .split("; ")
        .find((each) => each.startsWith(`${name} `))
        ?.split(" ")
        .slice(1);
    const hashes = (element: RegExp) =>
      [...page.matchAll(element)].map(([, text = ""]) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`);
    expect(directive("default-src")).toEqual(["'none'"]);
    expect(directive("style-src")).toEqual(hashes(/<style>(.*?)<\/style>/gs));
    expect(directive("script-src")).toEqual(hashes(/<script(?: type="module")?>(.*?)<\/script>/gs));
    expect(markupOf(page)).not.toMatch(/\sstyle=|\son[a-z]+=/);
  });

  test("the same summary gives the same page", () => {
    expect(renderHtml(exampleSeries())).toBe(page);
  });

  test("an hour of rows in 120 stretches, of four services, weighs less than 600 kB", () => {
    const services = ["edge", "proxy", "backend", "cache"].map((name) => ({ ...proxy(), name }));
    expect(Buffer.byteLength(renderHtml(exampleSeries({ rows: 3600, batches: 120, services })))).toBeLessThan(600_000);
  });
});

describe("any summary makes a page", () => {
  const bare = exampleSummary();
  test.each<[string, Summary, string]>([
    [
      "an empty one",
      {
        ...bare,
        metrics: {},
        phases: [],
        resources: [],
        root_group: { ...bare.root_group, checks: [] },
        timeseries: { intervalMs: 1000, columns: [], rows: [], batches: [] },
      },
      "No request was made.",
    ],
    [
      "without rows",
      { ...bare, timeseries: { intervalMs: 1000, columns: ["t_ms"], rows: [], batches: [] } },
      "Nothing was recorded",
    ],
    ["a damaged distribution", bare, "no distribution that could be read"],
    ["a checkpoint", { ...exampleSeries(), partial: true }, "Incomplete"],
    ["an interrupted run", exampleSeries({ outcome: "interrupted" }), "until it was interrupted"],
    ["an invalid run", exampleSeries({ outcome: "invalid" }), "cannot be told from this run"],
    ["one row", exampleSeries({ rows: 1, batches: 1 }), "Requests a second"],
    ["no deployment", { ...bare, environment: { ...bare.environment, deployment: null } }, "none known"],
  ])("%s", (_, summary, text) => {
    expect(markupOf(renderHtml(summary))).toContain(text);
  });
});

test("a scenario of a plan shows what was found, each level, and that a smoke test passed nothing", () => {
  const level = {
    unit: "requests/s" as const,
    durationMs: 240_000,
    answeredRps: 999,
    "p(50)": 1,
    "p(95)": 1234,
    "p(99)": null,
    beyond: [],
    failedShare: 0.02,
    cpuCores: 0.5,
    memoryBytes: 2 ** 27,
    services: [],
  };
  const summary = exampleSummary();
  summary.plan = {
    plan: "gateway",
    title: "Ramp <to> the breaking point",
    mode: "smoke",
    breakingPoint: {
      verdict: "found",
      heldAt: 500,
      brokeAt: 1000,
      text: "it holds 500 requests/s",
      levels: [
        { ...level, level: 500, outcome: "held", broken: [] },
        { ...level, level: 1000, outcome: "broke", broken: ["p(95)<500 (1234)"] },
      ],
    },
  };
  expect(() => summarySchema.parse(summary)).not.toThrow();
  const markup = markupOf(renderHtml(summary));
  expect(markup).toContain('<h2 id="plan-title">Plan</h2>');
  expect(markup).toContain("Ramp &lt;to&gt; the breaking point");
  expect(markup).toContain("it holds 500 requests/s");
  expect(markup).toContain("1.23 s");
  expect(markup).toContain("broke: p(95)&lt;500 (1234)");
  expect(markup).toMatch(/HELD|[Hh]eld/);
  expect(markup).not.toMatch(/PASSED|>Passed/);
  expect(markupOf(renderHtml(exampleSummary()))).not.toContain("plan-title");
});

test("classes of users have a row each", () => {
  const summary = exampleSummary();
  summary.profile.classes = [{ name: "reader", weight: 1, thinkTime: null }];
  summary.metrics["http_reqs{class:reader}"] = { type: "counter", contains: "default", values: { count: 4711, rate: 1 } };
  expect(markupOf(renderHtml(summary))).toMatch(/<code>reader<\/code><\/th><td class="figure">4,711/);
});
