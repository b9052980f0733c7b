import { describe, expect, it } from "vitest";
import type { Drift, StabilityCheck } from "../measure/drift-summary.ts";
import type { Summary } from "../measure/summary.ts";
import { exampleSummary } from "./example-summary.ts";
import { renderJunit } from "./junit.ts";
import { renderMarkdown } from "./markdown.ts";

const mebibyte = 2 ** 20;
const drift: Drift = {
  ...{ figure: "rss", verdict: "undecided", harmfulBytesPerHour: 8 * mebibyte, samples: 600, lost: 0, levels: 120 },
  slope: {
    ...{ bytesPerHour: 2 * mebibyte, lowerBytesPerHour: -0.001 * mebibyte, upperBytesPerHour: 9 * mebibyte },
    ...{ lowerConfidence: 0.998, upperConfidence: 0.99 },
  },
  ...{ steady: null, effectiveLevels: 20, correlationMs: null, neededMs: 600_000, timeToLimitMs: null },
  reasons: ["memory may change by 2 MiB/h"],
};
const check = (name: StabilityCheck["check"], verdict: StabilityCheck["verdict"]): StabilityCheck => ({
  ...{ check: name, service: "proxy", verdict, unit: "count", before: 40, after: 90, allowed: 48, ratio: null },
  reasons: [`proxy: ${name} 90 after the load`],
});

/** A soak whose descriptors leak, or another run that only shows the same. */
function summaryOf(gated: boolean, memory = drift): Summary {
  const summary = exampleSummary();
  const checks = [check("fds", "drifting"), check("threads", "stable")];
  return {
    ...summary,
    profile: { ...summary.profile, ...(gated && { drift: { harmfulBytesPerHour: null } }) },
    resources: summary.resources.slice(0, 1).map((service) => ({ ...service, drift: memory })),
    stability: { verdict: "drifting", falseAlarmRate: 0.01, statisticalChecks: 4, checks, reasons: [] },
  };
}

describe("drift that a verdict rests on", () => {
  it("stands in the comment on a change, what grew and what did not", () => {
    const text = renderMarkdown(summaryOf(true));
    expect(text).toMatch(
      /⚠️ `proxy` memory +\| undecided \| +2\.00 MiB\/h \(0\.00 to 9\.00\) \| 8\.00 MiB\/h +\| run 10 min more \|/,
    );
    expect(text).toMatch(/❌ `proxy` descriptors +\| drifting +\| +40 → 90 \| +48 \| +– \|/);
    expect(text).toMatch(/✅ `proxy` threads +\| stable/);
  });

  it("is a test each in JUnit: drift a failure, the unknown an error", () => {
    const text = renderJunit(summaryOf(true));
    expect(text).toMatch(/<testsuite name="drift"[^>]* tests="3" failures="1" errors="1"/);
    expect(text).toContain('<failure message="proxy: fds 90 after the load" type="drifting"/>');
    expect(text).toContain(
      '<error message="memory may change by 2 MiB/h; the load must last about 10m longer to tell" type="undecided"/>',
    );
  });

  it("has the time in which what leaks reaches its limit", () => {
    const ends = { neededMs: null, timeToLimitMs: 31 * 86_400_000 };
    const summary = summaryOf(true, { ...drift, ...ends, verdict: "leaking", reasons: ["memory grows"] });
    expect(renderMarkdown(summary)).toMatch(/❌ `proxy` memory +\| leaking .*\| +31 days \|/);
    expect(renderJunit(summary)).toContain(
      '<failure message="memory grows; at this slope the limit is reached in 31 days" type="leaking"/>',
    );
  });
});

it("drift that a run merely shows judges nothing", () => {
  expect(renderMarkdown(summaryOf(false))).not.toMatch(/drifting/);
  expect(renderJunit(summaryOf(false))).not.toContain('name="drift"');
});
