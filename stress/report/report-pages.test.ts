import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { exampleMatrix } from "./matrix/example-matrix.ts";
import { renderMatrixHtml } from "./matrix/html.tsx";
import { matrixReportSchema } from "./matrix/matrix-report.ts";
import { examplePlan } from "./plan/example-plan.ts";
import { renderPlanHtml } from "./plan/html.tsx";
import { planReportSchema } from "./plan/plan-report.ts";

/** What a reader sees, tags and spoken signs gone. */
function textOf(page: string): string {
  const body = /<body>(.*)<\/footer>/s.exec(page)?.[1] ?? "";
  return body
    .replace(/<span class="unseen">.*?<\/span>/g, "")
    .replace(/<[^>]+>/g, " ")
    .replace(/\s+/g, " ");
}

test("examples are reports", () => {
  expect(() => matrixReportSchema.parse(exampleMatrix())).not.toThrow();
  expect(() => planReportSchema.parse(examplePlan())).not.toThrow();
});

describe.each([
  ["matrix", renderMatrixHtml(exampleMatrix())],
  ["plan", renderPlanHtml(examplePlan())],
])("the page of a %s", (_, page) => {
  test("needs nothing else, and allows exactly what is in it", () => {
    const links = [...page.matchAll(/\s(?:src|href|action|data)="([^"]*)"/g)].map(([, link]) => link ?? "");
    expect(links.filter((link) => !link.startsWith("#") && !link.startsWith("data:image/svg+xml"))).toEqual([]);
    const policy = /content="(default-src[^"]*)"/.exec(page)?.[1]?.replaceAll("&#x27;", "'") ?? "";
    const scripts = [...page.matchAll(/<script[^>]*>(.*?)<\/script>/gs)].map(
      ([, text = ""]) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`,
    );
    expect(policy.split("; ").find((each) => each.startsWith("script-src"))).toBe(`script-src ${scripts.join(" ")}`);
    expect(page).not.toMatch(/\sstyle=|\son[a-z]+=/);
  });

  test("without charts carries no library for them", () => {
    expect(page).not.toContain("uPlot=");
    expect(page).not.toContain("<noscript>");
  });

  test("every section is in the contents, and every anchor leads somewhere", () => {
    const ids = [...page.matchAll(/\sid="([^"]+)"/g)].map(([, id]) => id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const [, anchor] of page.matchAll(/href="#([^"]+)"/g)) expect(ids).toContain(anchor);
  });
});

describe("a matrix's page", () => {
  const page = renderMatrixHtml(exampleMatrix());
  const text = textOf(page);

  test("says first how many cells passed, and why a topology was not measured", () => {
    expect(text).toContain("Failed (exit 99) 5 of 7 cells passed, 1 failed, 1 topology not measured.");
    expect(text).toContain("chain is not measured: functional check: status (GET /health 502)");
    expect(text).toContain("Held by all topologies 100/s");
  });

  test("has the bar of every p95 on one scale, the longest a hundred", () => {
    const widths = [...page.matchAll(/<rect width="([\d.]+)"/g)].map(([, width]) => Number(width));
    expect(widths).toHaveLength(7);
    expect(Math.max(...widths)).toBe(100);
    expect(Math.min(...widths)).toBe(0);
  });

  test("tells what each adds, with its interval", () => {
    expect(text).toMatch(/500\/s node direct p95 [\d.]+ ms [\d.]+ ms \+[\d.]+ ms \+[\d.]+ ms to \+[\d.]+ ms/);
  });
});

describe("a plan's page", () => {
  test("has every scenario with its outcome, and the levels of a ramp", () => {
    const text = textOf(renderPlanHtml(examplePlan()));
    expect(text).toContain("2 passed, 1 failed, 1 not run of 4 scenarios.");
    expect(text).toContain("perf-04: not recovered within 30 s");
    expect(text).toContain("perf-04 : warning: the host was busy");
    expect(text).toMatch(
      /perf-03: level by level .* 3,000 3,000\/s 1\.50 ms 4\.00 ms &gt;30 s 3\.00 % 0\.80 cores 310\.0 ✗ broke/,
    );
  });

  test.each([
    ["smoke", 0, "Held (exit 0)"],
    ["full", 0, "Passed : every objective held (exit 0)"],
    ["smoke", 99, "Failed (exit 99)"],
    ["full", 111, "Undecided : not all of it can be judged (exit 111)"],
  ] as const)("of mode %s and exit code %d is headed %s", (mode, exitCode, word) => {
    const report = examplePlan({ mode, results: { ...examplePlan().results, exitCode } });
    expect(textOf(renderPlanHtml(report)).replaceAll(" :", " :")).toContain(word);
  });

  test("a checkpoint is incomplete and has no exit code", () => {
    const text = textOf(renderPlanHtml(examplePlan({ partial: true })));
    expect(text).toContain("Incomplete : written while it went on");
    expect(text).not.toContain("(exit");
  });
});
