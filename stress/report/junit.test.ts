import { describe, expect, test } from "vitest";
import type { Summary } from "../measure/summary.ts";
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
