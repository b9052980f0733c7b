import { type ProbeOrder, Search, type SearchAnswer } from "../judge/search.ts";
import { searchSummaryOf, withSearch } from "../judge/search-result.ts";
import type { SearchEvent } from "../measure/search-event.ts";
import type { SearchLevel, SearchSummary } from "../measure/search-summary.ts";
import type { Summary } from "../measure/summary.ts";

/** A search by construction, for tests and for looking at the screens. Nothing of it was measured. */

export const examplePlan: SearchSummary["plan"] = {
  start: 50,
  max: 100_000,
  precision: 0.03,
  probeMs: 10_000,
  confirmMs: 60_000,
  warmUpMs: 2000,
  coolDownMs: 3000,
};

/** What a target that carries 1,300 requests a second would show, or a generator that gives way at that. */
export function exampleLevel(order: ProbeOrder, by: "target" | "generator" = "target", capacity = 1300): SearchLevel {
  const { phase, rate, attempt } = order;
  const holds = rate <= capacity;
  const load = Math.min(0.98, rate / capacity);
  const p50 = holds ? 4 / (1 - load) ** 0.5 : 180;
  const text = `response_time: p(95)<250 (${(p50 * 2.2).toFixed(1)})`;
  const lag = "pacer lag p(99) 12.0 ms, above 5 ms";
  const broken = by === "target" ? { objective: "response_time: p(95)<250", text, excess: (p50 * 2.2) / 250 } : null;
  return {
    phase,
    attempt,
    rate,
    startedAt: "2026-01-01T00:00:00.000Z",
    durationMs: phase === "confirm" ? examplePlan.confirmMs : examplePlan.probeMs,
    outcome: holds ? "pass" : by === "target" ? "fail" : "generator",
    broken: holds ? [] : [broken ?? { objective: "generator", text: lag, excess: null }],
    response: { "p(50)": p50, "p(95)": p50 * 2.2, "p(99)": p50 * 3 },
    beyond: [],
    answeredRps: Math.min(rate, capacity),
    failedShare: 0,
    dropped: 0,
    backlogGrowth: holds ? 0 : rate / capacity - 1,
    responseGrowth: holds ? 0 : rate / capacity - 1,
    drainMs: holds ? 30 : 900,
    generatorCores: 0.2,
    pacerLagP99Ms: holds ? 1 : 2,
    services: [
      { name: "proxy", cpuCores: load, memoryBytes: 120 * 2 ** 20, throttledMs: null },
      { name: "backend", cpuCores: load / 3, memoryBytes: 70 * 2 ** 20, throttledMs: null },
    ],
    bottleneck: holds
      ? { kind: "none", evidence: ["neither the generator, the host nor a sampled service ran out of CPU"] }
      : { kind: by, evidence: [by === "target" ? "proxy used 0.98 cores: all that one event loop can" : lag] },
  };
}

/** Every event of a search, and the summary that it ends with. `confirming`: summary of the confirming run. */
export function exampleSearch(
  confirming: Summary,
  { by = "target", most = Number.POSITIVE_INFINITY }: { by?: "target" | "generator"; most?: number } = {},
): { events: SearchEvent[]; summary: Summary } {
  const search = new Search(examplePlan);
  const levels: SearchLevel[] = [];
  const events: SearchEvent[] = [{ type: "search", plan: examplePlan }];
  for (let step = search.step; "order" in step && levels.length < most; ) {
    const { phase, rate, attempt, bracket } = step.order;
    events.push({ type: "probe", phase, rate, attempt, bracket, lastsMs: examplePlan.warmUpMs + examplePlan.probeMs });
    events.push({
      type: "run",
      event: { type: "started", profile: confirming.profile, services: [], cores: 2, topology: "node" },
    });
    const level = exampleLevel(step.order, by);
    levels.push(level);
    events.push({ type: "level", level });
    step = search.observe(level);
    if ("order" in step) events.push({ type: "cool-down", lastsMs: examplePlan.coolDownMs });
  }
  const answer: SearchAnswer = search.end("interrupted", "interrupted before the search was over");
  const times = { startedAt: new Date("2026-01-01T00:00:00Z"), endedAt: new Date("2026-01-01T00:06:10Z") };
  const summary = withSearch(confirming, searchSummaryOf(answer, examplePlan, levels, times));
  events.push({ type: "finished", summary, files: ["search-summary.json"] });
  return { events, summary };
}
