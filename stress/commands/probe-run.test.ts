import { describe, expect, test } from "vitest";
import type { RunEvent, RunPhase, Snapshot } from "../measure/event.ts";
import { LatencyHistogram } from "../measure/histogram.ts";
import { type MeasuredMetric, metricsOf } from "../measure/metrics.ts";
import { Totals } from "../measure/totals.ts";
import { exampleProfile, exampleSummary } from "../report/example-summary.ts";
import { exampleRun } from "../screen/example-run.ts";
import { objectivesOf, ProbeWatch } from "./probe-run.ts";

const summary = exampleSummary({ model: "open" });
const [template] = exampleRun({ profile: exampleProfile("open"), summary })
  .flat()
  .flatMap((event) => (event.type === "snapshot" ? [event.snapshot] : []));

/** A round of `durationMs` that ends at `loadMs`: so many came due in it, and so many are done in all. */
function round(loadMs: number, durationMs: number, due: number, done: number, requests: number): RunEvent {
  const { interval, total } = template as Snapshot;
  return {
    type: "snapshot",
    snapshot: {
      ...(template as Snapshot),
      loadMs,
      offeredRate: (due * 1000) / durationMs,
      interval: { ...interval, durationMs, requests },
      total: { ...total, requests: done, dropped: 0 },
    },
  };
}

const phase = (kind: RunPhase["kind"], atMs: number): RunEvent => {
  return { type: "phase", phase: { kind, label: kind, stage: -1, atMs, endsAtMs: null, runEndsAtMs: null } };
};

describe("what a probe's judgement needs", () => {
  test("are the seconds between warm-up and drain, and what is outstanding since the start", () => {
    const watch = new ProbeWatch({ warmUpMs: 2000 }, 3000);
    const events = [
      round(1000, 1000, 60, 58, 58),
      round(2000, 1000, 90, 145, 87),
      // where the stage ends, a worker ends an interval
      round(2020, 20, 2, 147, 2),
      round(3020, 1000, 100, 240, 93),
      round(4020, 1000, 100, 330, 90),
      round(5000, 980, 98, 420, 90),
      phase("drain", 5000),
      round(6000, 1000, 0, 450, 30),
      phase("after", 5900),
    ];
    for (const event of events) watch.add(event);
    const { seconds, drainMs } = watch.facts(100, [], summary);
    expect(seconds.map(({ atMs, due, answered, outstanding }) => [atMs, due, answered, outstanding])).toEqual([
      [3020, 100, 93, 12],
      [4020, 100, 90, 22],
      [5000, 98, 90, 30],
    ]);
    expect(drainMs).toBe(900);
  });

  test("names services that died, and abort rules that fired", () => {
    const [first, ...others] = summary.resources;
    const died = first === undefined ? [] : [{ ...first, restarts: 1 }];
    const results = { verdict: "aborted" as const, exitCode: 99, reasons: ["aborted: http_req_failed: rate>0.5 for 0 s"] };
    const facts = new ProbeWatch({ warmUpMs: 0 }, 1).facts(5, [], { ...summary, resources: [...died, ...others], results });
    expect(facts.deaths).toEqual(["proxy died"]);
    expect(facts.objectives).toEqual([{ text: results.reasons[0], ok: false, excess: null, missedByMs: null }]);
  });
});

describe("objectives", () => {
  const metrics = (): Map<string, MeasuredMetric> => {
    const cells = [{ route: "/", class: null }];
    const run = { model: "open" as const, loadMs: 1000, users: { value: 1, min: 1, max: 1 }, cells, checks: [] };
    const all = metricsOf(new Totals({ routes: 1, checks: 0 }), run);
    const histogram = new LatencyHistogram();
    histogram.addCensored(1, 30_000_000);
    return new Map([...all, ["response_time", { type: "trend", histogram }]]);
  };

  test("tell by what factor they are missed, and fail without data", () => {
    const profile = { ...exampleProfile("open"), thresholds: { response_time: ["p(95)<250"], http_req_failed: ["rate<0.01"] } };
    expect(objectivesOf(profile, metrics())).toEqual([
      { text: "response_time: p(95)<250 (above 30000)", ok: false, excess: 120, missedByMs: 29_750 },
      { text: "http_req_failed: rate<0.01 (no data)", ok: false, excess: null, missedByMs: null },
    ]);
  });
});
