import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { LatencyHistogram } from "../measure/histogram.ts";
import { trendOf } from "../measure/metrics.ts";
import { type Summary, summarySchema } from "../measure/summary.ts";
import { exampleSearch } from "../screen/example-search.ts";
import { formatRate } from "../screen/format.ts";
import { exampleLatencies, exampleSeries } from "./example-series.ts";
import { container, exampleSummary, proxy } from "./example-summary.ts";
import { headlineOf } from "./headline.ts";
import { renderHtml } from "./html.tsx";
import type { ChartData } from "./page/chart.ts";
import { highestHeld } from "./search.ts";

function figuresOf(page: string): ChartData {
  return JSON.parse(/<script type="application\/json" id="figures">(.*?)<\/script>/s.exec(page)?.[1] ?? "null");
}

/** Text of the page without its styles and scripts. */
function markupOf(page: string): string {
  return page.replace(/<(style|script)\b.*?<\/\1>/gs, "");
}

function chartOf(page: string, id: string) {
  const figures = figuresOf(page);
  const chart = figures.charts.find((each) => each.id === id);
  return chart && { ...chart, xs: figures.axes[chart.x] ?? [] };
}

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

describe("percentiles come from distributions", () => {
  test("the curve is the distribution's own, at every point", () => {
    const summary = exampleSeries();
    const trend = summary.metrics.http_req_duration;
    if (trend?.type !== "trend") throw new Error("no trend");
    const histogram = LatencyHistogram.decode(trend.histogram.data);
    const curve = chartOf(renderHtml(summary), "curve");
    const at = (p: number) => curve?.series[0]?.values[curve.xs.findIndex((x) => Math.abs(x - 1 / (1 - p / 100)) < 1e-3 * x)];
    for (const p of [90, 99, 99.9, 99.99]) expect(at(p)).toBeCloseTo(histogram.percentile(p).us / 1000, 0);
    expect(curve?.series[0]?.values.at(-1)).toBeCloseTo(histogram.max().us / 1000, 0);
  });

  test("it ends before requests without an answer, and the page says so", () => {
    const histogram = LatencyHistogram.decode(trendData(exampleSeries()));
    histogram.addCensored(1000, 30_000_000);
    const summary = exampleSeries();
    summary.metrics.http_req_duration = trendOf(histogram);
    const page = renderHtml(summary);
    const curve = chartOf(page, "curve");
    const drawn = curve?.xs.filter((_, at) => curve.series[0]?.values[at] !== null) ?? [];
    // 1,000 of 21,000: the last percentile that is known is just below 95.24.
    expect(Math.max(...drawn)).toBeGreaterThan(19);
    expect(Math.max(...drawn)).toBeLessThanOrEqual(21);
    expect(page).toContain("1,000 got no answer in time");
  });

  test("a stretch of the run is told by its own merged distribution", () => {
    const summary = exampleSeries({ batches: 2 });
    const [batch] = summary.timeseries.batches;
    const p99 = LatencyHistogram.decode(batch?.data ?? "").percentile(99).us / 1000;
    expect(markupOf(renderHtml(summary))).toContain(`<td class="figure">${p99.toFixed(1)} ms</td>`);
  });

  test("objectives are marked where they lie, limits over time where they apply", () => {
    const page = renderHtml(exampleSeries());
    expect(chartOf(page, "curve")?.marks).toEqual([
      { x: 20, y: 250, label: "p(95) < 250 ms", ok: true },
      { x: 100, y: 500, label: "p(99) < 500 ms", ok: true },
    ]);
    expect(chartOf(page, "latency")?.levels.map(({ at }) => at)).toEqual([250, 500]);
  });
});

describe("the run over time", () => {
  test("rates are requests by the time that their row covers", () => {
    const summary = exampleSummary();
    summary.timeseries = {
      intervalMs: 1000,
      columns: ["t_ms", "requests", "failed"],
      rows: [
        [500, 1000, 0],
        [1500, 2000, null],
        [1510, 5, 0],
      ],
      batches: [],
    };
    const chart = chartOf(renderHtml(summary), "throughput");
    // The last row is a sliver: one request more or less would be a spike.
    expect(chart?.series[0]?.values).toEqual([2000, 2000, null]);
    expect(chart?.xs).toEqual([0.5, 1.5, 1.51]);
  });

  test("response times of an open run are those of its stretches", () => {
    const summary = exampleSeries({ model: "open", batches: 3 });
    const response = exampleLatencies(5000);
    const batches = summary.timeseries.batches.map((batch, at) => (at === 1 ? batch : { ...batch, response: response.encode() }));
    const chart = chartOf(renderHtml({ ...summary, timeseries: { ...summary.timeseries, batches } }), "response");
    const p99 = Number((response.percentile(99).us / 1000).toPrecision(4));
    expect(chart?.series[2]?.values).toEqual([p99, null, p99]);
    expect(chart?.xs).toEqual([80, 160, 240]);
    expect(chartOf(renderHtml(summary), "response")).toBeUndefined();
    const stream = { kind: "ws" as const, silenceMs: 10_000, reconnectMs: 1000, intervalMs: 1000, bytes: 64 };
    const held = { ...summary, profile: { ...summary.profile, stream }, timeseries: { ...summary.timeseries, batches } };
    expect(renderHtml(held)).toContain("From when a message was due to the last byte of its echo");
  });

  test("stages are shaded where they were", () => {
    expect(chartOf(renderHtml(exampleSeries()), "throughput")?.bands.map(({ from, to, kind }) => [from, to, kind])).toEqual([
      [0, 30, "ramp"],
      [30, 150, "hold"],
      [150, 210, "ramp"],
      [210, 240, "ramp"],
    ]);
  });

  test("memory is drawn in MiB, a container's by what the engine accounts", () => {
    const page = renderHtml(exampleSeries({ services: [proxy(), container()] }));
    expect(chartOf(page, "memory-0")?.series[0]?.values[0]).toBe(100);
    expect(chartOf(page, "memory-1")?.series[0]?.label).toBe("anonymous memory");
  });
});

test("the slope that was judged is drawn over its stretch, on the clock of the load", () => {
  const service = proxy();
  const drift = {
    ...{ figure: "rss" as const, verdict: "leaking" as const, harmfulBytesPerHour: 2 ** 20, samples: 200, lost: 0, levels: 50 },
    slope: {
      ...{ bytesPerHour: 360 * 2 ** 20, lowerBytesPerHour: 2 ** 20, upperBytesPerHour: 2 ** 30 },
      ...{ lowerConfidence: 0.99, upperConfidence: 0.95 },
    },
    ...{ steady: { fromMs: 43_000, toMs: 203_000 }, effectiveLevels: 20, correlationMs: 1000, neededMs: null },
    ...{ timeToLimitMs: null, reasons: [] },
  };
  const series = { loadFromMs: 3000, columns: ["run_ms"], rows: [] };
  const page = renderHtml(exampleSeries({ services: [{ ...service, drift, series }] }));
  const [line] = chartOf(page, "memory-0")?.trends ?? [];
  expect([line?.from[0], line?.to[0]]).toEqual([40, 200]);
  // 360 MiB an hour for 160 s.
  expect((line?.to[1] ?? 0) - (line?.from[1] ?? 0)).toBeCloseTo(16, 6);
  expect(line?.label).toBe("drift +360.00 MiB/h: leaking");
  expect(markupOf(page)).toContain('<h2 id="drift-title">Drift</h2>');
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

function trendData(summary: Summary): string {
  const trend = summary.metrics.http_req_duration;
  return trend?.type === "trend" ? trend.histogram.data : "";
}

test.each([
  ["with an answer", undefined, "The sections below are of the confirming run alone."],
  ["without", 9, "The sections below are of the last probe alone: what failed or held there says nothing of any other load."],
])("a search %s says of which run its other sections are", (_, most, sentence) => {
  const { summary } = exampleSearch(exampleSummary({ model: "open" }), most === undefined ? {} : { most });
  const markup = markupOf(renderHtml(summary));
  expect(markup).toContain(sentence);
  expect(markup.indexOf(sentence)).toBeLessThan(markup.indexOf('id="objectives-title"'));
});

test("a search shows its answer, and every load that it tried", () => {
  const { summary } = exampleSearch(exampleSummary({ model: "open" }));
  const markup = markupOf(renderHtml(summary));
  expect(markup).toContain('<h2 id="search-title">Search</h2>');
  const sentence = headlineOf(summary).sentence;
  expect(markup).toContain(`<h1 id="verdict-title">${sentence}.</h1>`);
  expect(markup).toMatch(/ 95 %\)<\/strong>\. First to break: [^<]*&lt;250/);
  for (const { rate } of summary.search?.levels ?? []) expect(markup).toContain(`>${formatRate(rate)}</t`);
});

test("a search that confirmed nothing shows no figure of its last probe as the run's", () => {
  const { summary } = exampleSearch(exampleSummary({ model: "open" }), { most: 2 });
  if (summary.search === undefined) throw new Error("no search");
  expect(summary.search.answer.rate).toBeNull();
  const tiles = markupOf(renderHtml(summary)).match(/<dl class="tiles">.*?<\/dl>/s)?.[0] ?? "";
  expect(tiles).toContain("Highest that a probe held");
  expect(tiles).toContain(formatRate(highestHeld(summary.search)));
  expect(tiles).not.toContain("99 of 100");
});

test("a search that ended while it confirmed tells what probes held, and which confirming runs did", () => {
  const { summary } = exampleSearch(exampleSummary({ model: "open" }));
  if (summary.search === undefined) throw new Error("no search");
  const { levels, answer } = summary.search;
  const search = { ...summary.search, answer: { ...answer, kind: "interrupted" as const, rate: null, holds: null } };
  const confirmed = levels.filter(({ phase, outcome }) => phase === "confirm" && outcome === "pass").length;
  expect(confirmed).toBeGreaterThan(0);
  const tiles = markupOf(renderHtml({ ...summary, search })).match(/<dl class="tiles">.*?<\/dl>/s)?.[0] ?? "";
  expect(tiles).toMatch(new RegExp(`Confirming runs that held</dt><dd>${confirmed} `));
  expect(tiles).toMatch(new RegExp(`Highest that a probe held</dt><dd>${formatRate(answer.rate)} `));
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
