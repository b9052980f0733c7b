import { describe, expect, test } from "vitest";
import type { Summary } from "../../measure/summary.ts";
import { exampleSeries } from "../example-series.ts";
import { renderHtml } from "../html.tsx";
import { figuresOf, markupOf } from "./test-page.ts";

describe("nothing that comes from a summary is markup", () => {
  const evil = `</script><script>alert(1)</script><img src=x onerror="alert(2)">'"&<!--`;
  const summary = exampleSeries({ outcome: "failed" });
  const [health] = summary.profile.requests;
  const everywhere: Summary = {
    ...summary,
    metadata: { ...summary.metadata, command: evil, id: evil, scenario: evil, version: evil, commit: evil, configHash: evil },
    environment: {
      host: { ...summary.environment.host, cpuModel: evil, kernel: evil, os: evil },
      node: evil,
      deployment: { topology: evil, mode: evil, services: [{ name: evil, cpus: null, memoryBytes: null }] },
    },
    profile: {
      ...summary.profile,
      scenario: evil,
      requests: [health, health].flatMap((each, at) =>
        each === undefined
          ? []
          : [{ ...each, path: `/${evil}`, route: `${evil}${at}`, headers: [[evil, evil] as [string, string]] }],
      ),
    },
    phases: summary.phases.map((phase) => ({ ...phase, name: evil })),
    failures: [{ class: evil, count: 1, example: evil }],
    resources: summary.resources.map((service) => ({ ...service, name: evil })),
    root_group: { ...summary.root_group, checks: [{ name: evil, path: evil, id: evil, passes: 0, fails: 1 }] },
    metrics: {
      ...summary.metrics,
      [`http_reqs{route:${evil}0}`]: {
        type: "counter",
        contains: "default",
        values: { count: 1, rate: 1 },
        thresholds: { [evil]: { ok: false, actual: 1, samples: 1 } },
      },
    },
    timeseries: {
      ...summary.timeseries,
      columns: summary.timeseries.columns.map((name) => name.replace(/^(rss|cpu):.*/, `$1:${evil}`)),
    },
    capacity: { ...summary.capacity, sustainedAt: evil, evidence: [evil] },
    generator: { ...summary.generator, evidence: [evil] },
    warnings: [evil],
    results: { ...summary.results, reasons: [evil] },
  };
  const page = renderHtml(everywhere);

  test("in any place of it", () => {
    const own = (element: RegExp, text: string) => [...text.matchAll(element)].length;
    const clean = renderHtml(exampleSeries({ outcome: "failed" }));
    for (const element of [/<script\b/g, /<\/script/g, /<style\b/g]) expect(own(element, page)).toBe(own(element, clean));
    expect(markupOf(page)).not.toContain("<img");
    expect(page).not.toContain("<!--");
  });

  test("and all of it is shown", () => {
    expect([...markupOf(page).matchAll(/&lt;\/script&gt;/g)].length).toBeGreaterThan(25);
    expect(figuresOf(page).charts.some(({ bands }) => bands.some(({ label }) => label === evil))).toBe(true);
  });
});

test("no secret is on the page, though the summary held some", () => {
  const summary = exampleSeries();
  summary.metadata.command =
    "stress throughput --path '/a?token=hunter2' -H 'Authorization: Bearer hunter2' --base-url https://u:hunter2@h";
  summary.profile.target.baseUrl = "https://user:hunter2@localhost/?key=hunter2";
  summary.profile.requests = summary.profile.requests.map((request) => ({
    ...request,
    path: "/a?token=hunter2",
    headers: [
      ["Cookie", "session=hunter2"],
      ["Referer", "https://x/?token=hunter2"],
    ],
  }));
  const page = renderHtml(summary);
  expect(page).not.toContain("hunter2");
  expect(page).toContain("npx stress throughput --path");
  expect(page).toContain("put them where it says [redacted]");
});
