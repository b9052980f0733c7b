import { describe, expect, it } from "vitest";
import { exampleSearch } from "../../screen/example-search.ts";
import { formatRate } from "../../screen/format.ts";
import { container, exampleSummary } from "../example-summary.ts";
import { renderSizing } from "./document.ts";
import type { Evidence } from "./evidence.ts";
import { composeLimits } from "./limits.ts";

const compose = `
x-log: &log { logging: { driver: json-file } }
services:
  proxy:
    <<: *log
    cpus: \${PROXY_CPUS:-4.0}
    mem_limit: "\${PROXY_MEMORY:-2g}"
    mem_reservation: \${PROXY_RESERVED:-256m}
    cpu_shares: 512
  edge: { cpus: 2, mem_limit: 256m }
  job: { image: x }
`;

function evidence(file: string, change: (summary: Evidence["summary"]) => void = () => {}): Evidence {
  const summary = exampleSummary();
  change(summary);
  return { file, sha256: "ab".repeat(32), summary };
}

const options = { limits: composeLimits(compose), keepalive: null, notes: null, headroom: 0.3, command: "npm run sizing" };

describe("limits of a compose file", () => {
  it("are read with the defaults of its variables; services without limits are left out", () => {
    expect(composeLimits(compose)).toEqual([
      { service: "proxy", cpus: 4, memoryBytes: 2 ** 31, reservedMemoryBytes: 2 ** 28, cpuShares: 512 },
      { service: "edge", cpus: 2, memoryBytes: 2 ** 28, reservedMemoryBytes: null, cpuShares: null },
    ]);
  });
});

describe("what the pool is worth", () => {
  it("stands side by side, the median of the rounds with its range", () => {
    const cost = (pool: "on" | "off", requestsPerSecond: number) => ({
      ...{ pool, requests: 1000, errors: 0, requestsPerSecond, connectionsOpened: pool === "on" ? 10 : 1000 },
      ...{ timeWait: { edge: 1, upstream: 2 }, cpuUsPerRequest: { edge: 50, upstream: 40 } },
    });
    const keepalive = {
      ...{ kind: "keepalive" as const, endedAt: "2026-01-01T00:00:00.000Z", edge: "nginx", vus: 50, seconds: 30, rounds: 3 },
      host: { cpuModel: "Example CPU", cores: 2, kernel: "Linux" },
      costs: [cost("on", 300), cost("off", 100), cost("on", 200), cost("off", 120), cost("on", 250), cost("off", 110)],
    };
    const text = renderSizing([evidence("a.json")], { ...options, keepalive });
    expect(text).toMatch(/\| requests\/s +\| +250 \(200–300\) \| +110 \(100–120\) \|/);
    expect(text).toMatch(/connections opened to the upstream +\| +10 \(10–10\) \| +1,000 /);
  });
});

describe("the sizing document", () => {
  it("tells what a search found, with its interval, what broke first, and every load it tried", () => {
    const { summary } = exampleSearch(exampleSummary({ model: "open" }));
    const text = renderSizing([{ file: "search.json", sha256: "00", summary }], options);
    const { rate, interval } = summary.search?.answer ?? {};
    expect(text).toContain(`${formatRate(rate ?? null)} requests/s (${formatRate(interval?.low ?? null)} to `);
    expect(text).toMatch(/First to break: .* requests\/s\./);
    expect(text.match(/\| +(held|broke|held \(confirming\)) +\|/g)).toHaveLength(summary.search?.levels.length ?? 0);
    // nothing stands around a reason that there is not
    expect(text).toMatch(/\n\nFirst to break: .* Probes of 10 s, confirmed over 1 min \(`search.json`\); response times count/);
  });

  it("takes CPU from the loads that a search held, and says which it tried and which lie between", () => {
    const { summary } = exampleSearch(exampleSummary({ model: "open" }));
    for (const level of summary.search?.levels ?? []) {
      level.services = [{ name: "proxy", cpuCores: Math.sqrt(level.rate) / 100, memoryBytes: null, throttledMs: null }];
    }
    const text = renderSizing([{ file: "search.json", sha256: "00", summary }], options);
    // tried were 50, 100, 200, 400 and 800 requests a second
    expect(text).toMatch(/\| +100 \| +1 \| +0\.10 \| .* measured \|/);
    expect(text).toMatch(/\| +250 \| +1 \| +0\.16 \| .* interpolated \|/);
  });

  it("has no figures of a search that found nothing but its last probe's", () => {
    const { summary } = exampleSearch(exampleSummary({ model: "open" }), { most: 9 });
    const text = renderSizing([{ file: "search.json", sha256: "00", summary }], options);
    expect(text).toMatch(/\| +not found \|( +– \|){5} +target \| interrupted \|/);
    expect(text).toContain(
      "Interrupted before the search was over. The highest load that a probe held: 1,131 requests/s. First to",
    );
  });

  it("shows percentiles of all requests, as a bound where they lie beyond the limit: response times of an open run", () => {
    const failing = (model: "open" | "closed", key: string) =>
      evidence("a.json", (summary) => {
        Object.assign(summary, exampleSummary({ model, outcome: "failed" }));
        const { [key]: time, "http_req_duration{expected_response:true}": successes } = summary.metrics;
        if (time?.type !== "trend" || successes?.type !== "trend") throw new Error("no latency");
        const values = { ...time.values, "p(50)": 100, "p(95)": 8000, "p(99)": 30_000 };
        summary.metrics[key] = { ...time, values, beyond: ["p(95)", "p(99)"] };
      });
    for (const run of [failing("open", "response_time"), failing("closed", "http_req_duration")]) {
      expect(renderSizing([run], options)).toMatch(/\| +100 ms \| +>8\.00 s \| +>30 s \| 2\.50 % \|/);
    }
  });

  it("puts what a cheap and a working endpoint carry side by side, by topology", () => {
    const working = (file: string, more: (summary: Evidence["summary"]) => void = () => {}) =>
      evidence(file, (summary) => {
        const [request] = summary.profile.requests;
        if (request) summary.profile.requests[0] = { ...request, path: "/work?cpuUs=2000" };
        Object.assign(summary.capacity, { sustainedRps: 310 });
        more(summary);
      });
    const { summary } = exampleSearch(exampleSummary({ model: "open" }));
    const chain = ({ environment }: Evidence["summary"]) =>
      Object.assign(environment.deployment ?? {}, { topology: "chain", mode: "docker" });
    const text = renderSizing([{ file: "a.json", sha256: "00", summary }, working("b.json"), working("c.json", chain)], options);
    expect(text).toMatch(/\| topology +\| +`GET \/health` \| +`GET \/work\?cpuUs=2000` \|/);
    expect(text).toMatch(/\| node, embedded \| +[\d,.]+ requests\/s \([\d,.]+ to [^|]+ \| +310 requests\/s \(plateau\) \|/);
    expect(text).toMatch(/\| chain, docker +\| +– \| +310 requests\/s \(plateau\) \|/);
    expect(renderSizing([working("b.json")], options)).not.toContain("| topology |");
  });

  it("sizes nothing by a rate that was sent and by which nothing gave way: it says at least, and why", () => {
    const summary = exampleSummary({ model: "open" });
    Object.assign(summary.capacity, { bottleneck: "none", evidence: [] });
    const text = renderSizing([{ file: "rate.json", sha256: "00", summary }], options);
    expect(text).toMatch(/\| throughput, 4 min +\| +≥ 500 \| +≥ 500 \|/);
    expect(text).toContain("`rate.json` shows no replica: it was sent what it carried, and nothing gave way");
    expect(text).toContain("the target carries at least what it was sent");
    expect(text).not.toMatch(/\| replicas \||Every replica is loaded/);
  });

  it("has no table for a run that failed", () => {
    const failed = evidence("failed.json", ({ results }) => Object.assign(results, { verdict: "fail" }));
    const text = renderSizing([failed, evidence("passed.json")], options);
    expect(text).toContain("`failed.json` shows no replica: the run did not pass (fail).");
    expect(text.match(/\| replicas \|/g)).toHaveLength(1);
  });

  it("puts no two workloads into one column, though they ask for the same", () => {
    const asking = (file: string, rps: number, path: string, loadHash?: string) =>
      evidence(file, (summary) => {
        summary.profile.requests = summary.profile.requests.map((request) => ({ ...request, path }));
        Object.assign(summary.metadata, { loadHash });
        Object.assign(summary.capacity, { sustainedRps: rps });
      });
    const hidden = "/find?q=[redacted]";
    const known = [asking("a.json", 100, hidden, "11"), asking("b.json", 200, hidden, "22"), asking("c.json", 300, "/health")];
    expect(renderSizing(known, options)).toMatch(
      /\| topology +\| +`GET \/find\?q=\[redacted\]` \(`a.json`\) \| +`GET \/find\?q=\[redacted\]` \(`b.json`\) \| +`GET \/health` \|/,
    );
    expect(renderSizing(known, options)).toMatch(/\| node, embedded \| +100 req[^|]+\| +200 req[^|]+\| +300 req[^|]+\|/);
    expect(renderSizing([asking("a.json", 100, hidden, "11"), asking("b.json", 200, hidden, "11")], options)).not.toContain(
      "| topology |",
    );
    const untold = [asking("a.json", 100, hidden), asking("b.json", 200, hidden)];
    expect(renderSizing(untold, options)).toMatch(/\| node, embedded \| +100 req[^|]+\| +200 req[^|]+\|/);
    const bodies = ["x", "y"].map((body) =>
      evidence(`${body}.json`, ({ profile }) => {
        profile.requests = profile.requests.map((request) => ({ ...request, body }));
      }),
    );
    expect(renderSizing(bodies, options)).toMatch(
      /\| topology +\| +`GET \/health` \(`x.json`\) \| +`GET \/health` \(`y.json`\) \|/,
    );
  });

  it("says the same of the same evidence, in whatever order it is given", () => {
    const files = [
      evidence("a.json"),
      evidence("b.json", ({ environment }) => Object.assign(environment.deployment ?? {}, { topology: "chain" })),
    ];
    expect(renderSizing(files.toReversed(), options)).toBe(renderSizing(files, options));
  });

  it("tells average and plateau apart, and what was extrapolated", () => {
    const text = renderSizing([evidence("node.json")], options);
    expect(text).toMatch(/\| node, embedded +\| `GET \/health` +\| throughput, 4 min +\| +2,400 \| +2,000 \|/);
    expect(text).toMatch(/\| +1,000 \| +1 \| +0\.55 \| .* in proportion \|/);
    // one replica carries 2,400, and 1,680 with its headroom
    expect(text).toMatch(/\| +2,000 \| +2 \| +1\.11 \| .* not measured together \|/);
    expect(text).toMatch(/\| +5,000 \| +3 \| +2\.77 \| .* extrapolated, × 2\.1 \|/);
  });

  it.each<[string, (summary: Evidence["summary"]) => void, RegExp]>([
    ["the generator shared the host", () => {}, /same host/],
    ["the endpoint is the cheapest", () => {}, /cheapest/],
    ["limits were not enforced", () => {}, /no enforced limits/],
    [
      "limits were clamped",
      ({ environment }) =>
        Object.assign(environment.deployment ?? {}, {
          mode: "docker",
          services: [{ name: "proxy", cpus: 2, memoryBytes: null }],
        }),
      /clamped/,
    ],
    ["the hypervisor took CPU", ({ generator }) => Object.assign(generator, { steal: 0.08 }), /hypervisor took up to 8\.00 %/],
    ["the load was short", ({ state }) => Object.assign(state, { testRunDurationMs: 20_000 }), /short \(20 s/],
    ["capacity is a floor", ({ capacity }) => Object.assign(capacity, { kind: "floor" }), /is a floor/],
    ["the host ran out", ({ capacity }) => Object.assign(capacity, { bottleneck: "host" }), /host ran out/],
    [
      "a run failed",
      ({ results }) => Object.assign(results, { verdict: "fail", reasons: ["p(95)<250 (300)"] }),
      /did not pass: `p\(95\)<250 \(300\)`/,
    ],
  ])("says so where %s", (_, change, caveat) => {
    expect(renderSizing([evidence("a.json", change)], options)).toMatch(caveat);
  });

  describe("topologies, runs of which", () => {
    const run = (topology: string, minute: number, more: (summary: Evidence["summary"]) => void = () => {}) =>
      evidence(`${topology}-${minute}.json`, (summary) => {
        const at = (m: number) => `2026-01-01T00:${String(m).padStart(2, "0")}:00.000Z`;
        Object.assign(summary.metadata, { startedAt: at(minute), endedAt: at(minute + 1) });
        summary.environment.deployment = { topology, mode: "docker", services: [] };
        more(summary);
      });
    const ranked = /^- Topologies were measured one after the other, .*$/m;

    it.each<[string, Evidence[], string]>([
      ["were made once each", [run("node", 0), run("nginx", 2)], ""],
      ["came one side after the other", [run("node", 0), run("node", 2), run("nginx", 4), run("nginx", 6)], ""],
      ["alternate for some only", [run("node", 0), run("nginx", 2), run("node", 4), run("nginx", 6), run("chain", 8)], ""],
      [
        "stand beside runs of another endpoint",
        [
          run("node", 0),
          run("nginx", 2),
          run("chain", 4, ({ profile }) => Object.assign(profile.requests[0] ?? {}, { path: "/version" })),
        ],
        " (`node-0.json`, `nginx-2.json`)",
      ],
    ])("%s are not to be ranked", (_, runs, files) => {
      const [line = ""] = ranked.exec(renderSizing(runs, options)) ?? [];
      expect(line.slice(line.lastIndexOf("in turn.") + "in turn.".length)).toBe(files);
    });

    it.each<[string, Evidence[]]>([
      ["were made in turn", [run("node", 0), run("nginx", 2), run("node", 4), run("nginx", 6)]],
      ["are of one topology", [run("node", 0), run("node", 2)]],
      [
        "are of two endpoints",
        [run("node", 0), run("nginx", 2, ({ profile }) => Object.assign(profile.requests[0] ?? {}, { path: "/version" }))],
      ],
    ])("%s need no such word", (_, runs) => {
      expect(renderSizing(runs, options)).not.toMatch(ranked);
    });
  });

  it("links to what tells how the evidence was made", () => {
    const text = renderSizing([evidence("a.json")], { ...options, notes: "evidence/READ ME.md" });
    expect(text).toMatch(/^- .* is in \[`evidence\/READ ME\.md`\]\(evidence\/READ%20ME\.md\)\.$/m);
  });

  it("claims no caveat that the evidence does not give", () => {
    const remote = evidence("a.json", (summary) => {
      summary.profile.target.baseUrl = "https://edge.example:9443";
      summary.environment.deployment = null;
      summary.profile.requests[0] = {
        ...summary.profile.requests[0],
        path: "/work?cpuUs=2000",
      } as (typeof summary.profile.requests)[0];
    });
    expect(renderSizing([remote], options)).not.toMatch(/What these figures do not say/);
  });

  it("says that a backend alone, over plain HTTP, is no edge", () => {
    const plain = evidence("a.json", (summary) => {
      summary.profile.target.baseUrl = "http://127.0.0.1:9444";
      summary.environment.deployment = null;
    });
    const text = renderSizing([plain, evidence("b.json")], options);
    expect(text).toMatch(/over plain HTTP and no deployment was known of it: .*\(`a\.json`\)/);
    expect(text).toMatch(/what is measured is the edge.*\(`b\.json`\)/);
  });

  it("names containers' memory for what it is, and lists checksums", () => {
    const text = renderSizing([evidence("c.json", (summary) => Object.assign(summary, { resources: [container()] }))], options);
    expect(text).toContain("throughput, anonymous");
    expect(text).toContain(`\`${"ab".repeat(32)}\``);
  });

  it("lets nothing from a summary become mark-up", () => {
    const text = renderSizing(
      [evidence("a.json", ({ metadata }) => Object.assign(metadata, { command: "stress `rm` | <b>" }))],
      options,
    );
    expect(text).toContain("`` stress `rm` | <b> ``");
  });
});
