import stringWidth from "string-width";
import { describe, expect, test } from "vitest";
import { type Summary, summarySchema } from "../measure/summary.ts";
import { container, exampleSummary, proxy } from "./example-summary.ts";
import { renderText } from "./text.ts";

const options = { width: 80, color: false, files: ["/home/me/summary.json"] };
const render = (summary: Summary): string => `\n${renderText(summary, options)}`;

describe("the final screen", () => {
  test("of a run that passed", () => {
    expect(render(exampleSummary())).toMatchInlineSnapshot(`
      "
       plimsoll  throughput  https://localhost:9443/health             node · 2 cores

       ✓ PASSED  every objective held                                          exit 0

       sustained    2,400 RPS  at 50 users, measured
       average      2,000 RPS  over 4 min, ramps included
       requests       480,000  0 failed · 100 connections · 96 MiB received
       bottleneck      target  proxy used 1.02 cores: all that one event loop can

       latency            avg      p50      p90      p95      p99    p99.9      max
       successes      9.81 ms  8.13 ms  12.5 ms  14.2 ms  22.7 ms  48.4 ms  61.0 ms
       all requests   9.81 ms  8.13 ms  12.5 ms  14.2 ms  22.7 ms  48.4 ms  61.0 ms

       thresholds                                   limit                 actual
       ✓ http_req_failed                            rate < 1 %               0 %
       ✓ http_req_duration{expected_response:true}  p(95) < 250 ms       14.2 ms
       ✓ http_req_duration{expected_response:true}  p(99) < 500 ms       22.7 ms

       phases                      requests     RPS      p50      p95      p99 failed
       ramp 0 → 50 users     30 s    36,000   1,200  8.13 ms  14.2 ms  22.7 ms      0
       hold 50 users        2 min   288,000   2,400  8.13 ms  14.2 ms  22.7 ms      0
       ramp 50 → 100 users  1 min   126,000   2,100  8.13 ms  14.2 ms  22.7 ms      0
       ramp 100 → 0 users    30 s    30,000   1,000  8.13 ms  14.2 ms  22.7 ms      0

       rss, MiB          cold  before  steady   change   after residual    cpu
       proxy             88.0    96.0   112.0  +16.7 %    98.0   +2.1 %   1.02
       backend           64.0    66.0    71.0   +7.6 %    66.0    0.0 %   0.31

       generator    not the limit · 0.44 cores in 2 workers · busiest 22.0 % ·
                    kept waiting 0.30 % · steal 0 %

       files        /home/me/summary.json
       look again   npx stress show /home/me/summary.json
      "
    `);
  });

  test("of a run that failed", () => {
    expect(render(exampleSummary({ outcome: "failed" }))).toMatchInlineSnapshot(`
      "
       plimsoll  throughput  https://localhost:9443/health             node · 2 cores

       ✗ FAILED                                                               exit 99
         http_req_failed: rate<0.01 does not hold
         proxy died and was restarted once

       sustained    2,400 RPS  at 50 users, measured
       average      2,000 RPS  over 4 min, ramps included
       requests       480,000  12,000 failed · 100 connections · 96 MiB received
       bottleneck      target  proxy used 1.02 cores: all that one event loop can

       latency            avg      p50      p90      p95      p99    p99.9      max
       successes      9.81 ms  8.13 ms  12.5 ms  14.2 ms  22.7 ms  48.4 ms  61.0 ms
       all requests   9.81 ms  8.13 ms  12.5 ms  14.2 ms  22.7 ms  48.4 ms  61.0 ms
       ! 9,000 got no answer in time; a figure that falls among them shows >30 s

       failures       count   share  first example
       ✗ timeout      9,000  1.88 %  no complete response within 30 s
       ✗ status-5xx   3,000  0.63 %  GET /health: 502 Bad Gateway

       thresholds                                   limit                 actual
       ✗ http_req_failed                            rate < 1 %            2.50 %
       ✓ http_req_duration{expected_response:true}  p(95) < 250 ms       14.2 ms
       ✓ http_req_duration{expected_response:true}  p(99) < 500 ms       22.7 ms

       checks                                       failed       of
       ✗ status is 200                              12,000  480,000

       phases                      requests     RPS      p50      p95      p99 failed
       ramp 0 → 50 users     30 s    36,000   1,200  8.13 ms  14.2 ms  22.7 ms      0
       hold 50 users        2 min   288,000   2,400  8.13 ms  14.2 ms  22.7 ms      0
       ramp 50 → 100 users  1 min   126,000   2,100  8.13 ms  14.2 ms  22.7 ms 12,000
       ramp 100 → 0 users    30 s    30,000   1,000  8.13 ms  14.2 ms  22.7 ms      0

       rss, MiB          cold  before  steady   change   after residual    cpu
       proxy             88.0    96.0   112.0  +16.7 %    98.0   +2.1 %   1.02
       backend           64.0    66.0    71.0   +7.6 %    66.0    0.0 %   0.31
       ✗ proxy died and was restarted once

       generator    not the limit · 0.44 cores in 2 workers · busiest 22.0 % ·
                    kept waiting 0.30 % · steal 0 %

       ! the host has 2 cores for the generator and the target: both slow each other
         down

       files        /home/me/summary.json
       look again   npx stress show /home/me/summary.json
      "
    `);
  });

  test("of a run that was interrupted", () => {
    expect(render(exampleSummary({ outcome: "interrupted" }))).toMatchInlineSnapshot(`
      "
       plimsoll  throughput  https://localhost:9443/health             node · 2 cores

       ! INTERRUPTED  the figures cover what ran until then                  exit 105
         stopped by SIGINT after 2 min 14 s of 4 min

       sustained    2,400 RPS  at 50 users, measured
       average      2,000 RPS  over 2 min 14 s, ramps included
       requests       480,000  0 failed · 100 connections · 96 MiB received
       bottleneck      target  proxy used 1.02 cores: all that one event loop can

       latency            avg      p50      p90      p95      p99    p99.9      max
       successes      9.81 ms  8.13 ms  12.5 ms  14.2 ms  22.7 ms  48.4 ms  61.0 ms
       all requests   9.81 ms  8.13 ms  12.5 ms  14.2 ms  22.7 ms  48.4 ms  61.0 ms

       thresholds                                   limit                 actual
       ✓ http_req_failed                            rate < 1 %               0 %
       ✓ http_req_duration{expected_response:true}  p(95) < 250 ms       14.2 ms
       ✓ http_req_duration{expected_response:true}  p(99) < 500 ms       22.7 ms

       phases                      requests     RPS      p50      p95      p99 failed
       ramp 0 → 50 users     30 s    36,000   1,200  8.13 ms  14.2 ms  22.7 ms      0
       hold 50 users        2 min   288,000   2,400  8.13 ms  14.2 ms  22.7 ms      0
       ramp 50 → 100 users  1 min   126,000   2,100  8.13 ms  14.2 ms  22.7 ms      0
       ramp 100 → 0 users    30 s    30,000   1,000  8.13 ms  14.2 ms  22.7 ms      0

       rss, MiB          cold  before  steady   change   after residual    cpu
       proxy             88.0    96.0   112.0  +16.7 %    98.0   +2.1 %   1.02
       backend           64.0    66.0    71.0   +7.6 %    66.0    0.0 %   0.31

       generator    not the limit · 0.44 cores in 2 workers · busiest 22.0 % ·
                    kept waiting 0.30 % · steal 0 %

       ! the host has 2 cores for the generator and the target: both slow each other
         down

       files        /home/me/summary.json
       look again   npx stress show /home/me/summary.json
      "
    `);
  });

  test("of an open-model run that cannot be judged, some of its requests never answered", () => {
    expect(render(exampleSummary({ outcome: "invalid" }))).toMatchInlineSnapshot(`
      "
       plimsoll  throughput  https://localhost:9443/health             node · 2 cores

       ! INVALID  this run cannot be judged                                  exit 111
         pacer lag p99 12.0 ms (limit 5 ms)

       sustained    ≥ 500 RPS  at 500 requests/s, at least (a floor, not a limit)
       average        500 RPS  over 4 min
       requests       120,000  3,000 failed · 0 dropped · 1,500 late ·
                               100 connections · 96 MiB received
       bottleneck   generator  worker 1 used 98 % of a core

       latency             avg      p50      p90      p95      p99    p99.9      max
       response time   9.81 ms  8.13 ms  12.5 ms  14.2 ms    >30 s    >30 s    >30 s
       service time    9.81 ms  8.13 ms  12.5 ms  14.2 ms  22.7 ms  48.4 ms  61.0 ms
         of successes  9.81 ms  8.13 ms  12.5 ms  14.2 ms  22.7 ms  48.4 ms  61.0 ms
       ! 2,250 got no answer in time; a figure that falls among them shows >30 s

       failures       count   share  first example
       ✗ timeout      2,250  1.88 %  no complete response within 30 s
       ✗ status-5xx     750  0.63 %  GET /health: 502 Bad Gateway

       thresholds                                   limit                 actual
       ✗ http_req_failed                            rate < 1 %            2.50 %
       ✓ http_req_duration{expected_response:true}  p(95) < 250 ms       14.2 ms
       ✓ http_req_duration{expected_response:true}  p(99) < 500 ms       22.7 ms
       ✗ response_time                              p(99) < 500 ms         >30 s

       checks                                       failed       of
       ✗ status is 200                               3,000  120,000

       phases                      requests     RPS      p50      p95      p99 failed
       hold 500 requests/s  4 min   120,000     500  8.13 ms  14.2 ms  22.7 ms  3,000

       rss, MiB          cold  before  steady   change   after residual    cpu
       proxy             88.0    96.0   112.0  +16.7 %    98.0   +2.1 %   1.02
       backend           64.0    66.0    71.0   +7.6 %    66.0    0.0 %   0.31

       generator    ! AT ITS LIMIT · 1.96 cores in 2 workers · busiest 98.0 % ·
                    kept waiting 20.0 % · steal 0 % · pacer lag p99 12.0 ms

       ! the host has 2 cores for the generator and the target: both slow each other
         down

       files        /home/me/summary.json
       look again   npx stress show /home/me/summary.json
      "
    `);
  });

  test("fits forty lines for a run that passed with two services", () => {
    expect(renderText(exampleSummary(), options).split("\n").length).toBeLessThanOrEqual(41);
  });

  test("names what an engine accounts for a container, and shows limits where there is room", () => {
    const text = renderText(exampleSummary({ services: [proxy(), container()] }), { ...options, width: 120 });
    expect(text.slice(text.indexOf(" memory"), text.indexOf(" generator"))).toMatchInlineSnapshot(`
      " memory, MiB        cold   before   steady    change    after  residual     cpu  limit
       proxy              88.0     96.0    112.0   +16.7 %     98.0    +2.1 %    1.02  4 cores · 2 GiB, not enforced
       edge anon          18.0     20.0     26.0   +30.0 %     21.0    +5.0 %    0.90  2 cores · 256 MiB
         working set      22.0     24.0     31.0   +29.2 %     25.0    +4.2 %

      "
    `);
  });

  test("says of a checkpoint that the run did not end, whatever its verdict so far", () => {
    const text = renderText({ ...exampleSummary(), partial: true }, options);
    expect(text).toContain("! INCOMPLETE");
    expect(text).not.toContain("PASSED");
  });

  test("shows a threshold without samples as no data", () => {
    const summary = exampleSummary();
    const metric = summary.metrics.http_req_failed;
    if (metric === undefined) throw new Error("the example has the metric");
    metric.thresholds = { "rate<0.01": { ok: false, actual: null, samples: 0, reason: "no-data" } };
    expect(renderText(summary, options)).toMatch(/✗ http_req_failed +rate < 1 % +no data\n/);
  });

  test("shows a count of nothing as nought", () => {
    const summary = exampleSummary();
    const metric = summary.metrics.dropped_iterations ?? summary.metrics.http_reqs;
    if (metric === undefined) throw new Error("the example has the metric");
    metric.thresholds = { "count==0": { ok: true, actual: 0, samples: 0 } };
    expect(renderText(summary, options)).toMatch(/✓ \w+ +count == 0 +0\n/);
  });

  test("has no sustained figure where no stage was held, and none is made up", () => {
    const summary = exampleSummary();
    summary.capacity = { ...summary.capacity, sustainedRps: null, sustainedAt: null };
    expect(renderText(summary, options)).toMatch(/ sustained +– {2}no stage held a constant level\n/);
    const breakingPoint = { verdict: "found" as const, heldAt: null, brokeAt: 100, levels: [], text: "no level held" };
    summary.plan = { plan: "gateway", title: "Ramp", mode: "full", breakingPoint };
    expect(renderText(summary, options)).toMatch(/ sustained +– {2}no level was held\n/);
  });

  test("tells of services that died or were killed, and of lost samples", () => {
    const broken = { ...container(), restarts: 2, oomKills: 1, samples: { taken: 90, lost: 10 } };
    const text = renderText(exampleSummary({ services: [broken] }), options);
    expect(text).toContain(" ✗ edge died and was restarted 2 times\n");
    expect(text).toContain(" ✗ edge was killed for memory once\n");
    expect(text).toContain(" ! edge: 10 of 100 samples lost\n");
  });

  test("quotes a path that a shell would split", () => {
    const text = renderText(exampleSummary(), { ...options, files: ["/home/me/my runs/it's.json"] });
    expect(text).toContain("npx stress show '/home/me/my runs/it'\\''s.json'\n");
  });
});

test("a path longer than a line is shown whole", () => {
  const file = `/home/me/${"deep/".repeat(30)}summary.json`;
  const text = renderText(exampleSummary(), { ...options, files: [file] });
  expect(text.replace(/\s/g, "")).toContain(`lookagainnpxstressshow${file}`);
});

describe("colour", () => {
  test("changes nothing but the colour", () => {
    for (const outcome of ["passed", "failed", "interrupted", "invalid"] as const) {
      const colored = renderText(exampleSummary({ outcome }), { ...options, color: true });
      // biome-ignore lint/suspicious/noControlCharactersInRegex: colour begins with one
      expect(colored.replace(/\u001B\[[\d;]*m/g, "")).toBe(renderText(exampleSummary({ outcome }), options));
      expect(colored).toContain("\u001B[");
    }
  });

  test("is absent without it", () => {
    expect(renderText(exampleSummary({ outcome: "failed" }), options)).not.toContain("\u001B");
  });

  test("is red for failure alone", () => {
    expect(renderText(exampleSummary(), { ...options, color: true })).not.toContain("\u001B[31m");
    expect(renderText(exampleSummary({ outcome: "interrupted" }), { ...options, color: true })).not.toContain("\u001B[31m");
    expect(renderText(exampleSummary({ outcome: "failed" }), { ...options, color: true })).toContain("\u001B[31m");
  });
});

test("no line is wider than the screen, however large the figures and long the names", () => {
  for (const width of [20, 40, 60, 79, 80, 81, 99, 100, 120, 200]) {
    for (const color of [false, true]) {
      const lines = renderText(extremeSummary(), { width, color, files: [`/${"deep/".repeat(40)}summary.json`] }).split("\n");
      expect(lines.filter((line) => stringWidth(line) > width)).toEqual([]);
    }
  }
});

test("what a target or a file says cannot move the cursor", () => {
  const summary = exampleSummary({ outcome: "failed" });
  const hostile = "x\u001B[2J\u001B]0;owned\u0007\r\ny";
  summary.failures = [{ class: hostile, count: 1, example: hostile }];
  summary.warnings = [hostile];
  summary.results.reasons = [hostile];
  summary.capacity.evidence = [hostile];
  summary.profile.scenario = hostile;
  const text = renderText(summary, { ...options, files: [hostile] });
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these must not be there
  expect(text).not.toMatch(/[\u0000-\u0009\u000B-\u001F]/);
});

test("the example is a summary as every reader expects it", () => {
  for (const outcome of ["passed", "failed", "interrupted", "invalid"] as const) {
    for (const model of ["closed", "open"] as const) {
      expect(summarySchema.safeParse(exampleSummary({ outcome, model })).error).toBeUndefined();
    }
  }
});

/** Every figure and name as long as it can be. */
function extremeSummary(): Summary {
  const huge = JSON.stringify(exampleSummary({ outcome: "failed", services: [proxy(), container()] }), (key, value) => {
    if (typeof value === "number" && !["schemaVersion", "exitCode"].includes(key)) return value * 1e9;
    return key === "name" || key === "example" || key === "sustainedAt" ? `${value} 日本語 ${"long".repeat(30)}` : value;
  });
  return JSON.parse(huge) as Summary;
}
