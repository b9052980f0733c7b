import { describe, expect, it } from "vitest";
import { LatencyHistogram } from "../../measure/histogram.ts";
import { LatencyRecorder, type RawCounts } from "../../measure/recorder.ts";
import type { Summary } from "../../measure/summary.ts";
import { exampleSummary } from "../../report/example-summary.ts";
import { judgeLevels, levelRules } from "./levels.ts";
import type { LoadSecond } from "./seconds.ts";

const rules = levelRules(["response_time: p(95)<500", "http_req_failed: rate<0.01"]);

interface Level {
  rate: number;
  answered?: number;
  failed?: number;
  ms?: number;
  lagMs?: number;
  unanswered?: number;
  localLimits?: number;
  /** Of 100 observations a batch, known only to exceed 30 s. */
  censored?: number;
}

/** Levels of ten seconds each, risen to in two. */
function run(levels: readonly Level[]): [Pick<Summary, "profile" | "timeseries" | "phases">, LoadSecond[]] {
  const summary = exampleSummary();
  const stages = levels.flatMap(({ rate }, i) => [
    { durationMs: 2000, from: levels[i - 1]?.rate ?? 0, to: rate },
    { durationMs: 10_000, from: rate, to: rate },
  ]);
  summary.profile.load = {
    model: "open",
    stages,
    arrivals: "constant",
    seed: 1,
    whenBusy: "wait",
    connections: 1,
    maxConnections: 1,
  };
  const encoded = (ms: number) => {
    const recorder = new LatencyRecorder();
    for (let i = 0; i < 100; i++) recorder.record(ms);
    const histogram = new LatencyHistogram();
    histogram.addRaw(recorder.take() as RawCounts);
    return histogram.encode();
  };
  const rows: number[][] = [];
  const seconds: LoadSecond[] = [];
  const batches: Summary["timeseries"]["batches"] = [];
  for (const [at, level] of levels.entries()) {
    const { rate, answered = rate, failed = 0, ms = 20, lagMs = 0.1, unanswered = 0, localLimits = 0, censored = 0 } = level;
    for (let s = 1; s <= 12; s++) {
      const atMs = at * 12_000 + s * 1000;
      // the way up looks like nothing that is judged
      const isRamp = s <= 2;
      rows.push([
        atMs + 20,
        1,
        isRamp ? 1 : answered,
        isRamp ? 1 : failed,
        1,
        1,
        1,
        1,
        rate / 1000,
        isRamp ? 2 ** 40 : rate * 1e6,
      ]);
      const counts = { requests: answered, failed, unanswered, localLimits };
      seconds.push({ atMs, durationMs: 1000, ...counts, p95Ms: ms, pacerLagP99Ms: isRamp ? 900 : lagMs });
    }
    batches.push(
      { fromMs: at * 12_000, toMs: at * 12_000 + 2000, data: encoded(9999), response: encoded(9999) },
      {
        fromMs: at * 12_000 + 2000,
        toMs: at * 12_000 + 12_000,
        data: encoded(ms / 2),
        response: encoded(ms),
        ...(censored > 0 && { responseCensored: { count: censored, fromMs: 30_000 } }),
      },
    );
  }
  const columns = ["t_ms", "users", "requests", "failed", "p50_ms", "p95_ms", "p99_ms", "max_ms", "cpu:proxy", "rss:proxy"];
  summary.timeseries = { intervalMs: 1000, columns, rows, batches };
  return [summary, seconds];
}

describe("the breaking point", () => {
  it("is the first level that breaks a rule; each level has its own figures, without the way up to it", () => {
    const { levels, ...answer } = judgeLevels(
      ...run([{ rate: 100 }, { rate: 500 }, { rate: 1000, ms: 800 }, { rate: 2000 }]),
      rules,
    );
    expect(answer).toEqual({
      verdict: "found",
      heldAt: 500,
      brokeAt: 1000,
      text: expect.stringMatching(/^it holds 500 requests\/s and breaks at 1,000 requests\/s: response_time: p\(95\)<500 \(800/),
    });
    expect(levels.map(({ outcome }) => outcome)).toEqual(["held", "held", "broke", "held"]);
    expect(levels[1]).toMatchObject({
      level: 500,
      durationMs: 10_000,
      answeredRps: 500,
      failedShare: 0,
      cpuCores: 0.5,
      memoryBytes: 500e6,
      services: [{ name: "proxy", cpuCores: 0.5, memoryBytes: 500e6 }],
    });
    expect(levels[1]?.["p(95)"]).toBeCloseTo(20, 0);
  });

  it.each<[string, Level[], string, number | null, RegExp]>([
    ["failures", [{ rate: 100 }, { rate: 500, failed: 6 }], "found", 100, /http_req_failed: rate<0.01 \(0.012\)/],
    ["a queue that grows, though rules hold", [{ rate: 100 }, { rate: 500, answered: 470 }], "found", 100, /470 of 500/],
    [
      "what was never answered, though its percentiles hold",
      [{ rate: 100 }, { rate: 500, unanswered: 30 }],
      "found",
      100,
      /470 of 500/,
    ],
    [
      "beyond the limit for one in ten",
      [{ rate: 100 }, { rate: 500, censored: 12 }],
      "found",
      100,
      /response_time: p\(95\)<500 \(/,
    ],
    [
      "this machine's descriptors",
      [{ rate: 100 }, { rate: 500, failed: 100, unanswered: 100, localLimits: 100 }],
      "floor",
      100,
      /at 500.*generator/,
    ],
    ["the first level", [{ rate: 100, ms: 600 }], "found", null, /^no level held and breaks at 100/],
    ["nothing", [{ rate: 100 }, { rate: 500 }], "none", 500, /every level up to 500/],
    [
      "the generator",
      [{ rate: 100 }, { rate: 500, ms: 900, lagMs: 40 }],
      "floor",
      100,
      /100 requests\/s at least; at 500.*generator/,
    ],
    ["the generator at once", [{ rate: 100, lagMs: 40 }], "undecided", null, /generator gave way first/],
  ])("is told where it is %s", (_, levels, verdict, heldAt, text) => {
    const judged = judgeLevels(...run(levels), rules);
    expect([judged.verdict, judged.heldAt]).toEqual([verdict, heldAt]);
    expect(judged.text).toMatch(text);
  });

  it("counts the time that rows cover, also of one that is short", () => {
    const [summary, seconds] = run([{ rate: 100 }, { rate: 200 }]);
    // the load ends within a second: what came in the last stretch is a row of its own
    const short = [24_120, 1, 20, 0, 1, 1, 1, 1, 0.2, 1];
    const { levels, verdict } = judgeLevels(
      { ...summary, timeseries: { ...summary.timeseries, rows: [...summary.timeseries.rows, short] } },
      seconds,
      rules,
    );
    expect([verdict, Math.round((levels[1]?.answeredRps ?? 0) / 10)]).toEqual(["none", 20]);
  });

  it("cannot be told of a run that ended before its first level", () => {
    const [summary] = run([{ rate: 100 }]);
    expect(judgeLevels({ ...summary, timeseries: { ...summary.timeseries, rows: [] } }, [], rules).verdict).toBe("undecided");
  });

  it("is not looked for by what no level tells", () => {
    expect(() => levelRules(["apdex: value>0.5"])).toThrow("levels are held to http_req_duration, response_time");
    expect(() => levelRules(["http_req_failed{route:/}: rate<1"])).toThrow("without tags");
  });
});
