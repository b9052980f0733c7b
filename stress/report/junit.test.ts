import { describe, expect, test } from "vitest";
import type { Summary } from "../measure/summary.ts";
import { exampleSearch } from "../screen/example-search.ts";
import { exampleSummary } from "./example-summary.ts";
import { renderJunit } from "./junit.ts";

test("the run, its thresholds and its checks are tests", () => {
  expect(renderJunit(exampleSummary({ outcome: "failed" }))).toMatchInlineSnapshot(`
    "<?xml version="1.0" encoding="UTF-8"?>
    <testsuites name="plimsoll throughput" tests="6" failures="3" errors="0" skipped="0">
      <testsuite name="run" timestamp="2026-01-01T00:00:00" tests="1" failures="1" errors="0" skipped="0">
        <properties>
          <property name="target" value="https://localhost:9443/health"/>
          <property name="id" value="example"/>
          <property name="found" value="It carried 2,400 requests a second, but not as it should"/>
        </properties>
        <testcase classname="https://localhost:9443/health" name="the run" time="240">
          <failure message="failed; http_req_failed: rate&lt;0.01 does not hold; proxy died and was restarted once" type="fail"/>
        </testcase>
      </testsuite>
      <testsuite name="thresholds" timestamp="2026-01-01T00:00:00" tests="3" failures="1" errors="0" skipped="0">
        <testcase classname="http_req_failed" name="rate&lt;0.01">
          <failure message="measured 2.50 %, limit rate &lt; 1 %, 480,000 samples" type="threshold"/>
        </testcase>
        <testcase classname="http_req_duration{expected_response:true}" name="p(95)&lt;250"/>
        <testcase classname="http_req_duration{expected_response:true}" name="p(99)&lt;500"/>
      </testsuite>
      <testsuite name="checks" timestamp="2026-01-01T00:00:00" tests="2" failures="1" errors="0" skipped="0">
        <testcase classname="checks" name="status is 200">
          <failure message="failed 12,000 of 480,000 times" type="check"/>
        </testcase>
        <testcase classname="checks" name="body has status"/>
      </testsuite>
    </testsuites>
    "
  `);
});

function rootOf(summary: Summary): string {
  return /<testsuites [^>]*>/.exec(renderJunit(summary))?.[0] ?? "";
}

describe("what cannot be judged is an error, never a pass", () => {
  const withVerdict = (verdict: Summary["results"]["verdict"]): Summary => {
    const summary = exampleSummary();
    return { ...summary, results: { ...summary.results, verdict } };
  };
  test.each<[string, Summary, string]>([
    ["a pass", exampleSummary(), 'failures="0" errors="0"'],
    ["an invalid run", withVerdict("invalid"), 'failures="0" errors="1"'],
    ["an undecided run", withVerdict("undecided"), 'failures="0" errors="1"'],
    ["an interrupted run", withVerdict("interrupted"), 'failures="0" errors="1"'],
    ["a checkpoint, whatever its verdict so far", { ...exampleSummary(), partial: true }, 'failures="0" errors="1"'],
    ["an abort", withVerdict("aborted"), 'failures="1" errors="0"'],
    ["a regression", withVerdict("regression"), 'failures="1" errors="0"'],
  ])("%s", (_, summary, counts) => {
    expect(rootOf(summary)).toContain(counts);
  });
});

describe("the answer of a search is a test", () => {
  const open = exampleSummary({ model: "open" });
  const { summary: found } = exampleSearch(open);
  const ended = (kind: NonNullable<Summary["search"]>["answer"]["kind"], rate: number | null): Summary => ({
    ...found,
    ...(found.search && { search: { ...found.search, answer: { ...found.search.answer, kind, rate, reason: "so it is" } } }),
  });
  const suiteOf = (summary: Summary) => /<testsuite name="search".*?<\/testsuite>/s.exec(renderJunit(summary))?.[0] ?? "";

  test("that holds the rate, its interval and what broke first", () => {
    expect(suiteOf(found)).toMatch(
      /<property name="answer" value="1,2\d\d requests\/s \(1,2\d\d to 1,3\d\d, 95 %\)\. First to break: response_time: p\(95\)&lt;250/,
    );
    expect(suiteOf(found)).toContain('<testcase classname="search" name="the highest load that meets the objectives"/>');
    expect(renderJunit(exampleSummary())).not.toContain('name="search"');
  });

  test.each([
    ["found", 1290, "", /failures="0" errors="0"/],
    ["holds-at-max", 1290, "", /failures="0" errors="0"/],
    ["first-load-fails", null, "failure", /failures="1" errors="0"/],
    ["generator-first", 1290, "error", /failures="0" errors="1"/],
    ["not-converged", null, "error", /failures="0" errors="1"/],
    ["interrupted", null, "error", /failures="0" errors="1"/],
  ] as const)("%s", (kind, rate, element, counts) => {
    const suite = suiteOf(ended(kind, rate));
    expect(suite).toMatch(counts);
    if (element === "") return;
    const answer = rate === null ? "not found" : "≥ 1,290 requests/s";
    expect(suite).toContain(`<${element} message="${answer}`);
    expect(suite).toContain("So it is. ");
    expect(suite).toContain(`type="${kind}"`);
  });

  test("and its text stays text", () => {
    const summary = ended("not-converged", null);
    if (summary.search) summary.search.answer.reason = ']]></evil x="';
    expect(suiteOf(summary)).not.toContain("</evil");
  });
});

test("text from outside stays text", () => {
  const summary = exampleSummary();
  summary.root_group.checks = [{ name: '"/><evil a="&\u0000\u001b[31m', path: "", id: "", passes: 0, fails: 1 }];
  const xml = renderJunit(summary);
  expect(xml).not.toContain("<evil");
  for (const control of ["\u0000", "\u001b"]) expect(xml).not.toContain(control);
  expect(xml).toContain("&lt;evil");
});

test("each report is of its own summary alone", () => {
  expect(renderJunit(exampleSummary())).toBe(renderJunit(exampleSummary()));
});
