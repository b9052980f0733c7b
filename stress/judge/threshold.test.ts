import { describe, expect, it } from "vitest";
import type { MetricType } from "../measure/metric-names.ts";
import { UsageError } from "../profile/usage-error.ts";
import { type Aggregation, evaluate, type MetricSource, parseThreshold, thresholdUnit } from "./threshold.ts";

describe("parseThreshold", () => {
  it.each([
    ["http_req_duration: p(95)<250", "http_req_duration", "p(95)<250", { method: "p", p: 95 }, "<", 250],
    ["http_req_duration:p(99.9) <= 500.5", "http_req_duration", "p(99.9)<=500.5", { method: "p", p: 99.9 }, "<=", 500.5],
    ["  http_req_duration  :  avg  <  100  ", "http_req_duration", "avg<100", { method: "avg" }, "<", 100],
    ["http_req_waiting: med<10", "http_req_waiting", "med<10", { method: "med" }, "<", 10],
    ["http_req_failed: rate<0.01", "http_req_failed", "rate<0.01", { method: "rate" }, "<", 0.01],
    ["http_reqs: count>1000", "http_reqs", "count>1000", { method: "count" }, ">", 1000],
    ["http_reqs: rate>=100", "http_reqs", "rate>=100", { method: "rate" }, ">=", 100],
    ["dropped_iterations: count==0", "dropped_iterations", "count==0", { method: "count" }, "==", 0],
    ["dropped_iterations: count===0", "dropped_iterations", "count===0", { method: "count" }, "===", 0],
    ["checks: rate!=0", "checks", "rate!=0", { method: "rate" }, "!=", 0],
    ["vus: value<50", "vus", "value<50", { method: "value" }, "<", 50],
    ["response_time: max<1000", "response_time", "max<1000", { method: "max" }, "<", 1000],
    ["response_time: min>1", "response_time", "min>1", { method: "min" }, ">", 1],
    ["pacer_lag: p(100)<5", "pacer_lag", "p(100)<5", { method: "p", p: 100 }, "<", 5],
  ])("reads %j", (text, metric, expression, aggregation, operator, limit) => {
    expect(parseThreshold(text)).toMatchObject({ metric, name: metric, tags: {}, expression, aggregation, operator, limit });
  });

  it.each<[string, Record<string, string>, string]>([
    ["http_req_duration{expected_response:true}: p(95)<1", { expected_response: "true" }, "a tag"],
    ["http_req_duration{route:/users/{id}}: p(95)<1", { route: "/users/{id}" }, "braces in the value"],
    ["http_req_duration{route:GET /a:b}: p(95)<1", { route: "GET /a:b" }, "a colon in the value"],
    ["http_req_duration{route:/a,b}: p(95)<1", { route: "/a,b" }, "a comma in the value"],
    ["http_req_duration{route:/a}b}: p(95)<1", { route: "/a}b" }, "an unbalanced brace in the value"],
    [
      "http_req_duration{ route: /x , expected_response: false }: p(95)<1",
      { route: "/x", expected_response: "false" },
      "two tags",
    ],
    ['checks{check:body holds "status"}: rate>0.99', { check: 'body holds "status"' }, "a check by its name"],
  ])("selects by tag in %s", (text, tags) => {
    expect(parseThreshold(text).tags).toEqual(tags);
  });

  it("gives one key whatever the order of the tags", () => {
    const one = parseThreshold("http_req_duration{route:/x,expected_response:true}: avg<1");
    const other = parseThreshold("http_req_duration{expected_response:true, route:/x}: avg<1");
    expect(one.metric).toBe("http_req_duration{expected_response:true,route:/x}");
    expect(other.metric).toBe(one.metric);
  });

  it.each([
    ["http_req_duration p(95)<250", "is not METRIC: EXPRESSION", "no colon"],
    ["", "is not METRIC: EXPRESSION", "nothing"],
    ["http_req_time: p(95)<250", 'unknown metric "http_req_time"', "a metric that does not exist"],
    ["http_req_time: p(95)<250", "accepted are http_reqs, http_req_failed, http_req_duration,", "and which ones do"],
    ["toString: p(95)<250", 'unknown metric "toString"', "a name that every object has"],
    ["http_req_duration: p(95)", "has no comparison: accepted is p(95)<250", "no operator"],
    ["http_req_duration: ", "has no comparison", "no expression"],
    ["http_req_duration: p(95)<250<300", "has no comparison", "two operators"],
    ["http_req_duration: p(95)=250", 'has the operator "=": accepted are < <= > >= == === !=', "an assignment"],
    ["http_req_duration: p(95)=<250", 'has the operator "=<"', "an operator the wrong way round"],
    ["http_req_duration: p(95)!==250", 'has the operator "!=="', "an operator that k6 lacks"],
    [
      "http_req_duration: p95<250",
      'by "p95": a trend accepts avg, min, med, max, p(N) with 0 < N ≤ 100',
      "a percentile without brackets",
    ],
    ["http_req_duration: p(0)<250", 'by "p(0)": a trend accepts', "the percentile zero"],
    ["http_req_duration: p(101)<250", 'by "p(101)": a trend accepts', "a percentile above 100"],
    ["http_req_duration: p(x)<250", 'by "p(x)": a trend accepts', "a percentile that is no number"],
    ["http_req_duration: rate<250", 'aggregates http_req_duration by "rate": a trend accepts', "a rate of a trend"],
    ["http_req_duration: count>1", 'by "count": a trend accepts', "a count of a trend, as in k6"],
    ["http_req_failed: p(95)<1", 'by "p(95)": a rate accepts rate, as in rate<0.01', "a percentile of a rate"],
    ["http_reqs: value>1", 'by "value": a counter accepts count, rate', "a value of a counter"],
    ["vus: count>1", 'by "count": a gauge accepts value', "a count of a gauge"],
    ["http_req_failed: <0.01", 'by "": a rate accepts rate', "no aggregation"],
    ["http_req_duration: p(95)<250ms", 'has the limit "250ms": accepted is a plain number', "a unit"],
    ["http_req_duration: p(95)<", 'has the limit ""', "no limit"],
    ["http_req_duration: p(95)<-1", 'has the limit "-1"', "a negative limit"],
    ["http_req_duration: p(95)<NaN", 'has the limit "NaN"', "not a number"],
    ["http_req_failed: rate<1%", 'has the limit "1%"', "percent"],
    [`http_req_failed: rate<${"9".repeat(400)}`, "accepted is a plain number", "a number beyond all numbers"],
    [
      "http_req_duration{status:200}: avg<1",
      'unknown tag "status" in metric "http_req_duration{status:200}": accepted for http_req_duration: route, class, expected_response',
      "a tag that we do not keep",
    ],
    ["vus{route:/x}: value>1", "vus has none", "a tag on a metric without tags"],
    ["http_req_duration{}: avg<1", 'tag "" of metric', "empty braces"],
    [
      "http_req_duration{route}: avg<1",
      'tag "route" of metric "http_req_duration{route}" is not a tag',
      "a tag without its value",
    ],
    ["http_req_duration{route:}: avg<1", 'tag "route:" of metric', "an empty value"],
    ["http_req_duration{route:/x: avg<1", "lacks its closing brace", "an open brace"],
    ["http_req_duration{expected_response:yes}: avg<1", 'is "yes": accepted are true and false', "a boolean in words"],
    ["http_req_duration{route:/x,route:/y}: avg<1", 'gives tag "route" twice', "a tag twice"],
  ])("refuses %j with %j: %s", (text, message) => {
    expect(() => parseThreshold(text)).toThrow(UsageError);
    expect(() => parseThreshold(text)).toThrow(message);
  });

  it.each(["constructor", "__proto__"])("is not led astray by a tag named %s", (tag) => {
    expect(() => parseThreshold(`http_req_duration{${tag}:x}: avg<1`)).toThrow(UsageError);
  });
});

/** A metric whose every aggregation is `actual`. */
function metric(actual: number | null, rest: Partial<MetricSource> & { beyond?: boolean } = {}): MetricSource {
  const { beyond = false, ...source } = rest;
  return { type: "trend", count: 100, censored: 0, value: () => ({ actual, beyond }), ...source };
}

describe("evaluate", () => {
  it.each([
    ["p(95)<250", 249.9, true],
    ["p(95)<250", 250, false],
    ["p(95)<=250", 250, true],
    ["p(95)<=250", 250.1, false],
    ["p(95)>250", 250, false],
    ["p(95)>250", 250.1, true],
    ["p(95)>=250", 250, true],
    ["p(95)>=250", 249.9, false],
    ["p(95)==250", 250, true],
    ["p(95)==250", 251, false],
    ["p(95)===250", 250, true],
    ["p(95)!=250", 250, false],
    ["p(95)!=250", 251, true],
  ])("%s with %d: %s", (expression, actual, ok) => {
    expect(evaluate(parseThreshold(`http_req_duration: ${expression}`), metric(actual))).toEqual({ ok, actual, samples: 100 });
  });

  it.each([
    ["p(95)<60000", 30_000, false, "a limit beyond what was watched: nobody knows, so it fails"],
    ["p(95)<250", 30_000, false, "far beyond the limit"],
    ["p(95)<=30000", 30_000, false, "exactly the bound: the true figure is above it"],
    ["p(95)>20000", 30_000, true, "already proved by the bound"],
    ["p(95)>30000", 30_000, false, "not proved by a bound equal to the limit"],
    ["p(95)>=30000", 30_000, true, "proved by a bound equal to the limit"],
    ["p(95)>60000", 30_000, false, "not proved"],
    ["p(95)==30000", 30_000, false, "equality can never be proved by a bound"],
    ["p(95)!=20000", 30_000, true, "different from something below the bound"],
    ["p(95)!=60000", 30_000, false, "perhaps the same as something above it"],
  ])("censored: %s when the figure is above %d: %s (%s)", (expression, bound, ok) => {
    const source = metric(bound, { beyond: true, count: 90, censored: 10 });
    expect(evaluate(parseThreshold(`http_req_duration: ${expression}`), source)).toEqual({
      ok,
      actual: bound,
      samples: 100,
      reason: "beyond-limit",
    });
  });

  const empty: [string, string, MetricSource | null, boolean][] = [
    ["http_req_duration: p(95)<250", "a metric that the run does not have", null, false],
    [
      "http_req_duration: p(95)<250",
      "a trend without observations, though its percentile reads 0",
      metric(0, { count: 0 }),
      false,
    ],
    ["http_req_duration: p(95)>0", "the other way round too", metric(0, { count: 0 }), false],
    ["http_req_failed: rate<0.01", "a rate without observations", metric(0, { type: "rate", count: 0 }), false],
    ["http_req_failed: rate<0.01", "a rate that divides by zero", metric(Number.NaN, { type: "rate", count: 0 }), false],
    ["http_req_failed: rate<0.01", "a figure that is not a number", metric(Number.NaN), false],
    ["vus: value<50", "a gauge that was never set", metric(null, { type: "gauge", count: 0 }), false],
  ];
  it.each(empty)("%s fails for want of data: %s", (text, _, source, ok) => {
    expect(evaluate(parseThreshold(text), source)).toEqual({ ok, actual: null, samples: source?.count ?? 0, reason: "no-data" });
  });

  it("takes a counter's zero as data: nothing was dropped", () => {
    const none = metric(0, { type: "counter", count: 0 });
    expect(evaluate(parseThreshold("dropped_iterations: count<1"), none)).toEqual({ ok: true, actual: 0, samples: 0 });
  });

  it("judges a trend of which every observation was censored", () => {
    const source = metric(30_000, { count: 0, censored: 5, beyond: true });
    expect(evaluate(parseThreshold("http_req_duration: p(50)<60000"), source)).toMatchObject({
      ok: false,
      samples: 5,
      reason: "beyond-limit",
    });
  });

  it("asks the metric for the aggregation that was written", () => {
    const asked: Aggregation[] = [];
    const source: MetricSource = {
      ...metric(1),
      value: (aggregation) => {
        asked.push(aggregation);
        return { actual: 1, beyond: false };
      },
    };
    evaluate(parseThreshold("http_req_duration: p(99.9)<2"), source);
    evaluate(parseThreshold("http_req_duration: med<2"), source);
    expect(asked).toEqual([{ method: "p", p: 99.9 }, { method: "med" }]);
  });
});

it.each([
  ["http_req_duration: p(95)<1", "ms"],
  ["http_req_failed: rate<1", "ratio"],
  ["checks: rate>0.9", "ratio"],
  ["http_reqs: count>1", "count"],
  ["http_reqs: rate>1", "rate"],
  ["data_sent: count>1", "count"],
  ["data_sent: rate>1", "rate"],
  ["vus: value>1", "count"],
  ["apdex: value>0.9", "ratio"],
] as const satisfies [string, string][])("%s is in %s", (text, unit) => {
  expect(thresholdUnit(parseThreshold(text))).toBe(unit);
});

it("knows only the aggregations of each type", () => {
  const valid: Record<MetricType, string[]> = {
    trend: ["avg", "min", "med", "max", "p(95)"],
    counter: ["count", "rate"],
    rate: ["rate"],
    gauge: ["value"],
  };
  const metrics: Record<MetricType, string> = { trend: "http_req_duration", counter: "http_reqs", rate: "checks", gauge: "vus" };
  const all = [...new Set(Object.values(valid).flat())];
  for (const type of Object.keys(valid) as MetricType[]) {
    const accepted = all.filter((aggregation) => {
      try {
        return parseThreshold(`${metrics[type]}: ${aggregation}>1`);
      } catch {
        return false;
      }
    });
    expect(accepted.sort()).toEqual([...valid[type]].sort());
  }
});
