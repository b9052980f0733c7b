import { describe, expect, test } from "vitest";
import { exampleSearch } from "../screen/example-search.ts";
import { container, exampleSummary, proxy } from "./example-summary.ts";
import { renderMarkdown } from "./markdown.ts";

test("the verdict, then what it rests on", () => {
  expect(renderMarkdown(exampleSummary({ outcome: "failed", services: [proxy(), container()] }))).toMatchInlineSnapshot(`
    "### ❌ Failed: It carried 2,400 requests a second, but not as it should

    Held at 50 users; 2,000 on average over the whole load of 4 min. What gave way first: the target. Proxy used 1.02 cores: all that one event loop can.

    - http\\_req\\_failed: rate\\<0.01 does not hold
    - proxy died and was restarted once

    | Objective                                      | Limit           |   Measured | Samples |
    | :--------------------------------------------- | :-------------- | ---------: | ------: |
    | ❌ \`http_req_failed\`                           | rate \\< 1 %     | **2.50 %** | 480,000 |
    | ✅ \`http_req_duration{expected_response:true}\` | p(95) \\< 250 ms |    14.2 ms | 468,000 |
    | ✅ \`http_req_duration{expected_response:true}\` | p(99) \\< 500 ms |    22.7 ms | 468,000 |

    | Latency      |     avg |     p50 |     p90 |     p95 |     p99 |   p99.9 |     max |
    | :----------- | ------: | ------: | ------: | ------: | ------: | ------: | ------: |
    | all requests | 9.81 ms | 8.13 ms | 12.5 ms | 14.2 ms | 22.7 ms | 48.4 ms | 61.0 ms |
    | successes    | 9.81 ms | 8.13 ms | 12.5 ms | 14.2 ms | 22.7 ms | 48.4 ms | 61.0 ms |

    | Failures     | First example                      | Count |  Share |
    | :----------- | :--------------------------------- | ----: | -----: |
    | \`timeout\`    | \`no complete response within 30 s\` | 9,000 | 1.88 % |
    | \`status-5xx\` | \`GET /health: 502 Bad Gateway\`     | 3,000 | 0.63 % |

    | Service memory     |   Cold | Before |  Steady |  Change |  After | Residual | CPU, cores |
    | :----------------- | -----: | -----: | ------: | ------: | -----: | -------: | ---------: |
    | \`proxy\`            | 88 MiB | 96 MiB | 112 MiB | +16.7 % | 98 MiB |   +2.1 % |       1.02 |
    | \`edge\` (anonymous) | 18 MiB | 20 MiB |  26 MiB | +30.0 % | 21 MiB |   +5.0 % |       0.90 |

    > ⚠️ the host has 2 cores for the generator and the target: both slow each other down

    <sub>\`throughput\` of \`https://localhost:9443/health\` · 2026-01-01 00:00 UTC · 2 × Example CPU · Node.js v26.0.0 · \`example\`</sub>
    "
  `);
});

test("a checkpoint says that the run did not end, whatever its verdict so far", () => {
  expect(renderMarkdown({ ...exampleSummary(), partial: true })).toMatch(/^### ⚠️ Incomplete: So far/);
});

test("without objectives, services and failures there are no empty tables", () => {
  const summary = { ...exampleSummary({ services: [] }), metrics: {}, failures: [] };
  expect(renderMarkdown(summary)).not.toContain("|");
});

test("a search is headed by its answer and has every load that it tried", () => {
  const { summary } = exampleSearch(exampleSummary({ model: "open" }));
  const lines = renderMarkdown(summary).split("\n");
  expect(lines[0]).toMatch(/^### ✅ Passed: It carries 1,2\d\d requests a second \(1,2\d\d to 1,3\d\d, 95 %\)$/);
  expect(lines[2]).toContain("First to break: response\\_time: p(95)\\<250 (396.0) at 1,3");
  const rows = lines.filter((line) => /\| +(held|broke|held \(confirming\)) +\|/.test(line));
  expect(rows).toHaveLength(summary.search?.levels.length ?? 0);
  expect(rows[0]).toMatch(/^\| +50\.0 \| +held \| 4\.08 ms \| 8\.97 ms \| 12\.2 ms \| +0 % \| +0 \| +0\.04 \| 120\.0 \|/);
  expect(lines).toContain("Probes of 10 s, response times. Below: the confirming run.");
});

test("a search without an answer says so first and why, once, and that what follows is its last probe", () => {
  const { summary } = exampleSearch(exampleSummary({ model: "open" }), { most: 9 });
  const text = renderMarkdown(summary);
  expect(text).toMatch(/^### ⚠️ Interrupted: What it carries was not found: interrupted before the search was over\n/);
  expect(text.match(/before the search was over/g)).toHaveLength(1);
  expect(text).toContain("Below: the last probe.");
  expect(renderMarkdown(exampleSearch(exampleSummary({ model: "open" }), { most: 0 }).summary)).not.toContain("\n\n\n");
});

describe("text from outside neither formats, links nor mentions", () => {
  test.each([
    ["a mention", "ask @everyone", "ask @\u2060everyone"],
    ["a reference", "see #1", "see #\u20601"],
    ["a link", "[x](https://evil)", "\\[x\\](https:\u2060//evil)"],
    ["an element", "<img src=x onerror=y>", "\\<img src=x onerror=y\\>"],
    ["an entity", "&lt;b&gt;", "\\&lt;b\\&gt;"],
    ["a new line", "a\n\n# b", "a #\u2060 b"],
  ])("%s", (_, warning, shown) => {
    const summary = { ...exampleSummary(), warnings: [warning] };
    expect(renderMarkdown(summary)).toContain(`> ⚠️ ${shown}\n`);
  });

  test("a cell stays one cell", () => {
    const summary = { ...exampleSummary(), failures: [{ class: "a|b", count: 1, example: "`x` | @you <b>" }] };
    const row =
      renderMarkdown(summary)
        .split("\n")
        .find((line) => line.includes("@you")) ?? "";
    expect(row.split(/(?<!\\)\|/)).toHaveLength(6);
  });
});
